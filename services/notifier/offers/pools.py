"""Pools of partner codes as they come: a CSV with a column `code` and, if wanted, a column `valid_until`."""

import csv
import io
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from shared import instants
from shared.http import Fault, Problem
from shared.instants import DAY

MOST_BYTES: Final = 10_000_000
MOST_CODES: Final = 100_000
LONGEST: Final = 200
_MOST_FAULTS: Final = 20


def read_codes(body: bytes, zone: ZoneInfo) -> list[tuple[str, int | None]]:
    """The codes, each with the instant of its end (None: none). A day given as an end is still part of it.

    Raises Problem 413 or 422, with a pointer to each line that is wrong.
    """
    if len(body) > MOST_BYTES:
        raise Problem(413, "too-large", f"A body has {MOST_BYTES} bytes at most")
    rows = _rows(body)
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    named = "code" in header
    columns = {name: place for place, name in enumerate(header)} if named else {"code": 0, "valid_until": 1}
    lines = [(number, row) for number, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
    return _read(lines[1:] if named else lines, columns, zone)


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


def _read(lines: list[tuple[int, list[str]]], columns: dict[str, int], zone: ZoneInfo) -> list[tuple[str, int | None]]:
    if not 1 <= len(lines) <= MOST_CODES:
        raise Problem(422, "invalid-csv", f"A file has 1 to {MOST_CODES} codes")
    codes: dict[str, int | None] = {}
    faults = []
    for number, row in lines:
        try:
            code, end = _line(row, columns, zone)
            codes[code] = end
        except ValueError as error:
            faults.append(Fault(pointer=f"/{number}", detail=str(error)))
    if faults:
        raise Problem(422, "invalid-csv", "Some lines cannot be read", errors=faults[:_MOST_FAULTS])
    return [*codes.items()]


def _line(row: list[str], columns: dict[str, int], zone: ZoneInfo) -> tuple[str, int | None]:
    code = _cell(row, columns["code"])
    if not code or len(code) > LONGEST or not code.isprintable():
        raise ValueError(f"a code has 1 to {LONGEST} printable characters")
    until = _cell(row, columns["valid_until"]) if "valid_until" in columns else ""
    return code, _end(until, zone) if until else None


def _cell(row: list[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _end(text: str, zone: ZoneInfo) -> int:
    if len(text) > 10:
        return instants.parse(text)
    day = datetime.combine(date.fromisoformat(text), time(), zone)
    return instants.from_datetime(day) + DAY
