"""Pieces of content in a folder: a TOML file each, with title and text."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from services.notifier.consent.sales import category
from services.notifier.content.piece import LONGEST_TEXT, LONGEST_TITLE, Piece, key_of
from shared import instants

ORIGIN: Final = "folder"
LARGEST_FILE: Final = 100_000
"""Bytes."""
_Line = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$", max_length=LONGEST_TITLE)]
_Link = Annotated[str, Meta(pattern=r"^https?://[^\s]+$", max_length=2_000)]


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: _Line
    text: Annotated[str, Meta(pattern=r"\S", max_length=LONGEST_TEXT)]
    link: _Link | None = None
    categories: tuple[_Line, ...] = ()
    languages: tuple[Literal["de", "en"], ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None


class Found(NamedTuple):
    """What a folder holds: its pieces, and by name of file what is wrong with the others."""

    pieces: list[Piece]
    faults: dict[str, str]

    @property
    def keys(self) -> list[str]:
        """The keys of all files, also of those that cannot be read now."""
        return [each.key for each in self.pieces] + [key_of(ORIGIN, name) for name in self.faults]


def read_folder(folder: Path, zone: ZoneInfo) -> Found:
    """All pieces of this folder and those below; days are the shop's. Raises OSError where there is no folder."""
    found = Found([], {})
    names = sorted(each.relative_to(folder).as_posix() for each in _walk(folder))
    for name in names:
        try:
            found.pieces.append(read_piece(name, _bytes(folder / name), zone))
        except (OSError, ValueError, OverflowError) as error:
            found.faults[name] = str(error)
    return found


def _walk(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is no folder")
    return [each for each in folder.rglob("*.toml") if each.is_file()]


def _bytes(file: Path) -> bytes:
    with file.open("rb") as opened:
        body = opened.read(LARGEST_FILE + 1)
    if len(body) > LARGEST_FILE:
        raise ValueError(f"has more than {LARGEST_FILE} bytes")
    return body


def read_piece(name: str, body: bytes, zone: ZoneInfo) -> Piece:
    """The piece in a file of this name. Raises ValueError with what is wrong."""
    told = msgspec.convert(_toml(body), _File)
    if "\x00" in told.text:
        raise ValueError("U+0000 cannot be kept")
    return Piece(
        key=key_of(ORIGIN, name),
        title=" ".join(told.title.split()),
        text=told.text.strip(),
        link=told.link,
        categories=frozenset(map(category, told.categories)),
        languages=frozenset(told.languages),
        at=0 if told.valid_from is None else _midnight(told.valid_from, zone),
        until=None if told.valid_until is None else _midnight(told.valid_until + timedelta(days=1), zone),
    )


def _toml(body: bytes) -> Mapping[str, object]:
    return tomllib.loads(body.decode("utf-8-sig"))


def _midnight(day: date, zone: ZoneInfo) -> int:
    return instants.from_datetime(datetime.combine(day, time(), zone))
