"""Pools of partner codes as they come: a CSV with a column `code` and, if wanted, a column `valid_until`."""

import csv
import io
from datetime import date, datetime, time
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from shared import instants
from shared.http import Fault, Problem
from shared.instants import DAY

MOST_BYTES: Final = 10_000_000
MOST_CODES: Final = 100_000
LONGEST: Final = 200
_MOST_FAULTS: Final = 20
_NOWHERE: Final = 10**9
"""The place of a column that is not there."""
_ANY_ZONE: Final = ZoneInfo("UTC")
"""Whether a line can be read is the same in every time zone."""


def read_codes(body: bytes, zone: ZoneInfo) -> list[tuple[str, int | None]]:
    """The codes, each with the instant of its end (None: none). A day given as an end is still part of it.

    Raises Problem 413 or 422, with a pointer to each line that is wrong.
    """
    if len(body) > MOST_BYTES:
        raise Problem(413, "too-large", f"A body has {MOST_BYTES} bytes at most")
    lines = read_lines(body)
    if not 1 <= len(lines) <= MOST_CODES:
        raise Problem(422, "invalid-csv", f"A file has 1 to {MOST_CODES} codes")
    faults = [Fault(pointer=f"/{line.number}", detail=why) for line in lines if (why := fault_of(line)) is not None]
    if faults:
        raise Problem(422, "invalid-csv", "Some lines cannot be read", errors=faults[:_MOST_FAULTS])
    return [*{line.code: _end(line.until, zone) if line.until else None for line in lines}.items()]


class Line(NamedTuple):
    """A line of such a file as it is written, with its number; `until` "": no end."""

    number: int
    code: str
    until: str


def read_lines(body: bytes) -> list[Line]:
    """The lines that say something, without the header. Raises Problem 422 where it is no CSV."""
    rows = _rows(body)
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    named = "code" in header
    columns = {name: place for place, name in enumerate(header)} if named else {"code": 0, "valid_until": 1}
    places = columns["code"], columns.get("valid_until", _NOWHERE)
    told = [(number, row) for number, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
    return [Line(number, *(_cell(row, place) for place in places)) for number, row in (told[1:] if named else told)]


def fault_of(line: Line) -> str | None:
    """What is wrong with a line; None: nothing."""
    if not line.code or len(line.code) > LONGEST or not line.code.isprintable():
        return f"a code has 1 to {LONGEST} printable characters"
    try:
        if line.until:
            _end(line.until, _ANY_ZONE)
    except (ValueError, OverflowError) as error:
        return str(error)
    return None


def _rows(body: bytes) -> list[list[str]]:
    """Lines may end as they like; a field longer than the reader takes is no code."""
    try:
        return [*csv.reader(io.StringIO(_text(body), newline=None), delimiter=_delimiter(body))]
    except csv.Error as error:
        raise Problem(422, "invalid-csv", "The file is no CSV", detail=str(error)) from error


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem(422, "invalid-csv", "The file is not UTF-8") from error


def _delimiter(body: bytes) -> str:
    """Semicolons, as German spreadsheets write them, or commas."""
    first = body.partition(b"\n")[0]
    return ";" if b";" in first else ","


def _cell(row: list[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _end(text: str, zone: ZoneInfo) -> int:
    if len(text) > 10:
        return instants.parse(text)
    day = datetime.combine(date.fromisoformat(text), time(), zone)
    return instants.from_datetime(day) + DAY
