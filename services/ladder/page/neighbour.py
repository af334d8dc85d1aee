"""What is the notifier's, read over its HTTP paths: of this process, else of `NOTIFIER_URL`. It may be absent."""

from typing import Any, Final, NamedTuple

import httpx
import structlog
from fastapi import Request

from services.ladder.settings import LadderSettings
from shared.http import Keys

_SECONDS: Final = 3.0
"""A page waits no longer for what it can do without."""

_log = structlog.get_logger("page")


class Absent(NamedTuple):
    """There is no answer; `reason` is the key of the words that say why."""

    reason: str


class Neighbour:
    """Asks the notifier."""

    def __init__(self, url: str | None, key: str | None) -> None:
        """`url` None: it runs in this process, or not at all; `key` is for the one at `url`."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.AsyncClient(base_url=url, headers=headers, timeout=_SECONDS) if url else None

    @property
    def elsewhere(self) -> bool:
        """Whether it is another process."""
        return self._client is not None

    async def ask(self, request: Request, path: str, **parameters: str) -> Any:
        """The JSON it answers, or Absent."""
        try:
            answer = await (self._there(path, parameters) if self._client else here(request, path, **parameters))
        except httpx.HTTPError as error:
            _log.warning("page.neighbour_unavailable", reason=repr(error))
            return Absent("neighbour.unavailable")
        return _told(answer)

    async def act(self, request: Request, path: str) -> Any:
        """Have it do something for an admin who asks here; the JSON it answers, or Absent."""
        try:
            answer = await (self._client.post(path) if self._client else act_here(request, path))
        except httpx.HTTPError as error:
            _log.warning("page.neighbour_unavailable", reason=repr(error))
            return Absent("neighbour.unavailable")
        return _told(answer)

    async def health(self) -> Any:
        """What its /readyz tells, or Absent; what runs in this process tells it with this process's own."""
        if self._client is None:
            return Absent("neighbour.absent")
        try:
            return (await self._there("/readyz", {})).json()
        except (httpx.HTTPError, ValueError):
            return Absent("neighbour.unavailable")

    async def _there(self, path: str, parameters: dict[str, str]) -> httpx.Response:
        assert self._client is not None
        return await self._client.get(path, params=parameters)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            await self._client.aclose()


def _told(answer: httpx.Response) -> Any:
    if answer.status_code in {401, 403}:
        return Absent("neighbour.refused")
    if answer.status_code == 404:
        return Absent("neighbour.absent")
    return answer.json() if answer.is_success else Absent("neighbour.unavailable")


def neighbour_of(settings: LadderSettings) -> Neighbour:
    """The notifier that these settings name."""
    key = settings.notifier_key
    url = str(settings.notifier_url) if settings.notifier_url else None
    return Neighbour(url, key.get_secret_value() if key else None)


async def here(request: Request, path: str, **parameters: str) -> httpx.Response:
    """The answer of this very process."""
    keys: Keys = request.app.state.keys
    async with _inside(request, keys.own) as client:
        return await client.get(path, params=parameters)


async def act_here(request: Request, path: str) -> httpx.Response:
    """The answer of this very process to what an admin wants done."""
    keys: Keys = request.app.state.keys
    async with _inside(request, keys.own_admin) as client:
        return await client.post(path)


def _inside(request: Request, key: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(request.app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.AsyncClient(transport=transport, base_url="http://here", headers=headers)
