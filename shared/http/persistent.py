"""Requests of our own commands that are repeated while the service is away."""

import time
from collections.abc import Callable, Set
from typing import Final

import httpx

LONGEST_PAUSE: Final = 30.0
"""Seconds."""
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})


class GaveUpError(RuntimeError):
    """There is no answer, or none to go on with; the text says why."""


class PersistentClient:
    """Posts what may be posted again without doubling anything; `patience` is how many seconds it may take in all."""

    def __init__(self, client: httpx.Client, *, patience: float, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._patience = patience
        self._pause = pause

    def post(self, path: str, body: bytes, media_type: str, expected: Set[int]) -> httpx.Response:
        """The answer, with one of the expected statuses. Raises GaveUpError."""
        waited, pause = 0.0, 1.0
        while True:
            outcome = self._try(path, body, media_type)
            if isinstance(outcome, httpx.Response) and outcome.status_code in expected:
                return outcome
            if isinstance(outcome, httpx.Response) and outcome.status_code not in _AGAIN:
                raise GaveUpError(f"the answer was {outcome.status_code}: {outcome.text[:500]}")
            if waited >= self._patience:
                raise GaveUpError(f"no answer within {self._patience:.0f} seconds: {_told(outcome)}")
            wait = _retry_after(outcome) or pause
            self._pause(wait)
            waited, pause = waited + wait, min(pause * 2, LONGEST_PAUSE)

    def _try(self, path: str, body: bytes, media_type: str) -> httpx.Response | httpx.TransportError:
        try:
            return self._client.post(path, content=body, headers={"Content-Type": media_type})
        except httpx.TransportError as error:
            return error


def _retry_after(outcome: httpx.Response | httpx.TransportError) -> float | None:
    if isinstance(outcome, httpx.Response) and outcome.headers.get("Retry-After", "").isdecimal():
        return min(float(outcome.headers["Retry-After"]), LONGEST_PAUSE)
    return None


def _told(outcome: httpx.Response | httpx.TransportError) -> str:
    return f"status {outcome.status_code}" if isinstance(outcome, httpx.Response) else repr(outcome)
