"""Posts batches to a running ingest, one after the other, and waits for it when it is away."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from services.ingest.loading.history import Line, Refused
from services.ingest.splitting import LARGEST_BATCH, LARGEST_BODY
from shared import instants
from shared.http.persistent import PersistentClient
from shared.instants import DAY

MOST: Final = LARGEST_BATCH
"""Events in a batch at most."""
_JSON: Final = "application/json"


class _Fault(msgspec.Struct):
    pointer: str
    detail: str


class _Error(msgspec.Struct):
    errors: list[_Fault] = []


class _Result(msgspec.Struct):
    error: _Error | None = None


class _Answer(msgspec.Struct):
    results: list[_Result]


def batches(lines: Iterable[Line], size: int, *, by_day: bool = False) -> Iterator[list[Line]]:
    """Cut into what a request may hold; `by_day`: none holds events of two days (UTC)."""
    batch: list[Line] = []
    weight = 0
    for line in lines:
        full = len(batch) == size or weight + len(line.event) > LARGEST_BODY - 2 * MOST
        if batch and (full or (by_day and line.at // DAY != batch[-1].at // DAY)):
            yield batch
            batch, weight = [], 0
        batch.append(line)
        weight += len(line.event)
    if batch:
        yield batch


def quiet_midnights(last: int, batch: Sequence[Line]) -> range:
    """The beginnings of days (UTC) to tell ahead of this batch, so that time never passes by more than a day at once.

    `last` is the instant of the event before the batch; a request tells the time of its newest event.
    """
    if batch[-1].at - last <= DAY:
        return range(0)
    return range((last // DAY + 1) * DAY, batch[0].at + 1, DAY)


class Delivery:
    """Brings batches to an ingest service, which may be away for a while."""

    def __init__(self, client: PersistentClient) -> None:
        self._client = client

    def deliver(self, batch: Sequence[Line]) -> list[Refused]:
        """Return when the batch was answered: the lines that were refused. Raises GaveUpError."""
        body = b"[" + b",".join(line.event for line in batch) + b"]"
        response = self._client.post("/v1/events", body, _JSON, {202, 422})
        results = msgspec.json.decode(response.content, type=_Answer).results
        return [
            Refused(line.number, _why(result.error))
            for line, result in zip(batch, results, strict=True)
            if result.error is not None
        ]

    def tell(self, at: int) -> None:
        """Return when every lane was told that it is so late. Raises GaveUpError."""
        self._client.post("/v1/clock", msgspec.json.encode({"to": instants.text(at)}), _JSON, {202})


def _why(error: _Error) -> str:
    return "; ".join(f"{_within_event(fault.pointer)} {fault.detail}".strip() for fault in error.errors)


def _within_event(pointer: str) -> str:
    """The pointer without the place in the batch, which means nothing to who reads the file."""
    _, _, inner = pointer.removeprefix("/").partition("/")
    return f"/{inner}" if inner else ""
