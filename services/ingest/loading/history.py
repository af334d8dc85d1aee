"""Puts a history in the order of its time: (time, id), as the ladder orders facts."""

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from services.ingest import envelope, kinds
from services.ingest.envelope import Envelope
from services.ingest.identity import derived_from
from services.ingest.loading.rows import Row
from services.ingest.shop import DEFAULT_SOURCE
from shared import instants

MOST_SORTED: Final = 3_000_000
"""Events that are held in memory to be sorted; files that are in order already may be of any length."""


class Line(NamedTuple):
    """An event with its place in time, and the line of the file where it begins."""

    at: int
    id: str
    number: int
    event: bytes


class Refused(NamedTuple):
    """A line that was not taken, and why."""

    line: int
    why: str


class TooLongError(ValueError):
    """The file is not in order, and too long to be sorted."""


def in_order(read: Callable[[], Iterable[Row]]) -> Iterator[Line | Refused]:
    """All lines of a file that `read` reads from its beginning, in the order of time. Raises TooLongError.

    What cannot be placed in time comes first.
    """
    if _is_sorted(read()):
        return map(_placed, read())
    return iter(_sorted(read()))


def _is_sorted(rows: Iterable[Row]) -> bool:
    last = (-1, "")
    for line in map(_placed, rows):
        if isinstance(line, Line):
            if (line.at, line.id) < last:
                return False
            last = (line.at, line.id)
    return True


def _sorted(rows: Iterable[Row]) -> list[Line | Refused]:
    refused: list[Line | Refused] = []
    lines: list[Line] = []
    for line in map(_placed, rows):
        if isinstance(line, Refused):
            refused.append(line)
        else:
            lines.append(line)
        if len(lines) > MOST_SORTED:
            raise TooLongError(f"is not in the order of its time, and more than {MOST_SORTED} events are not sorted")
    lines.sort(key=operator.itemgetter(0, 1, 2))
    return [*refused, *lines]


def _placed(row: Row) -> Line | Refused:
    if row.fault is not None:
        return Refused(row.line, row.fault)
    try:
        at, id_ = _place(row.event)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return Refused(row.line, str(error))
    return Line(at, id_, row.line, row.event)


def _place(event: bytes) -> tuple[int, str]:
    """When an event happened, and its id, also the one it will get. Raises msgspec's errors and ValueError."""
    sent = envelope.read(event)
    if sent.time is None:
        raise ValueError("/time is missing: a history tells when each thing happened")
    return instants.from_datetime(sent.time), sent.id or _id_to_come(event, sent)


def _id_to_come(event: bytes, sent: Envelope) -> str:
    try:
        data = kinds.KINDS[sent.type].read(sent.data)
    except (msgspec.DecodeError, KeyError, ValueError, RecursionError):
        return ""
    return derived_from(event, sent, data, source=sent.source or DEFAULT_SOURCE, key=None) or ""
