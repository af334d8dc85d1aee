"""Reads events from files: CSV with a header, or JSON lines."""

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from services.ingest.kinds import KINDS

ATTRIBUTES: Final = ("type", "subject", "id", "source", "time")
"""Columns with these names are attributes of the event; all others are members of its data."""
DEFAULT_TYPE: Final = "purchase.completed"

# A cell may hold a list of items or a profile.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


@dataclass(frozen=True, slots=True)
class Reading:
    """How a CSV file is read: columns by other names, values for all rows, and the zone of times that have none."""

    names: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    zone: ZoneInfo | None = None


class Row(NamedTuple):
    """An event and the line where it begins, or why there is none."""

    line: int
    event: bytes
    fault: str | None = None


def rows(path: Path, reading: Reading) -> Iterator[Row]:
    """The events of a file, one after the other. Raises OSError, and ValueError when it is no such file."""
    if path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
        return _from_json_lines(path)
    return _from_csv(path, reading)


def _from_json_lines(path: Path) -> Iterator[Row]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if event := line.strip():
                yield Row(number, event)


def _from_csv(path: Path, reading: Reading) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.reader(file, strict=True)
        header = [reading.names.get(name.strip(), name.strip()) for name in next(table, [])]
        if "subject" not in header:
            raise ValueError("the header has no column subject; name it with --map COLUMN=subject")
        start = table.line_num + 1
        for cells in table:
            if cells:
                yield _from_cells(start, header, cells, reading)
            start = table.line_num + 1


def _from_cells(line: int, header: list[str], cells: list[str], reading: Reading) -> Row:
    if len(cells) != len(header):
        return Row(line, b"", f"has {len(cells)} columns, the header has {len(header)}")
    values = {**reading.constants, **{name: cell for name, cell in zip(header, cells, strict=True) if cell}}
    try:
        return Row(line, msgspec.json.encode(_event(values, reading.zone)))
    except ValueError as error:
        return Row(line, b"", str(error))


def _event(values: Mapping[str, str], zone: ZoneInfo | None) -> dict[str, Any]:
    event: dict[str, Any] = {"type": DEFAULT_TYPE}
    event |= {name: values[name] for name in ATTRIBUTES if name in values}
    if "time" in event and zone is not None:
        event["time"] = _zoned(event["time"], zone)
    data: dict[str, Any] = {}
    for name, cell in values.items():
        if name not in ATTRIBUTES:
            _put(data, name, cell, event["type"])
    return {**event, "data": data} if data else event


def _put(data: dict[str, Any], name: str, cell: str, type_: str) -> None:
    """Set a member of the data; `profile.email` is a member of a member."""
    *outer, last = name.split(".")
    for part in outer:
        data = data.setdefault(part, {})
    data[last] = cell if outer else _value(name, cell, type_)


def _value(name: str, cell: str, type_: str) -> Any:
    """The cell as text where text will do, otherwise as JSON: scores, truth values, lists of items."""
    wanted = _members(type_).get(name)
    if wanted is None or _fits(cell, wanted):
        return cell
    try:
        return json.loads(cell)
    except ValueError:
        return cell


@cache
def _members(type_: str) -> dict[str, Any]:
    """The members of the data of this type and their types; what they are not told for is refused elsewhere."""
    kind = KINDS.get(type_)
    return {} if kind is None else {member.encode_name: member.type for member in msgspec.structs.fields(kind.data)}


def _fits(cell: str, wanted: Any) -> bool:
    try:
        msgspec.convert(cell, wanted)
    except msgspec.ValidationError:
        return False
    return True


def _zoned(time: str, zone: ZoneInfo) -> str:
    """A time or a date without a zone, in the shop's zone."""
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return time
    return time if moment.tzinfo else moment.replace(tzinfo=zone).isoformat()
