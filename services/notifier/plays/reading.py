"""Reads the book of plays and checks it: every fault is named, with the line of the entry it is in."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple, get_type_hints

import msgspec

from services.notifier.message import Channel
from services.notifier.plays import moments
from services.notifier.plays.book import (
    Book,
    GroupName,
    Perk,
    Perks,
    Play,
    Repeat,
    Rest,
    Send,
    Step,
    Task,
    Wait,
    WaitForEnd,
    WaitForNeglect,
)
from services.notifier.plays.carriers import template
from services.notifier.plays.texts import LANGUAGES, Templates
from shared.events import ANNOUNCEMENT_TYPES, FACT_TYPES, RungPromoted, type_of
from shared.settings import RefusedError

_SAID: Final[Mapping[str, type[msgspec.Struct]]] = {
    type_of(each): get_type_hints(each)["data"] for each in (*ANNOUNCEMENT_TYPES, *FACT_TYPES)
}
"""What may start or cancel a play, with the struct of its data."""
_STARTING: Final = {**_SAID, **moments.SAID}
"""What may start a play."""
_ENTRIES: Final[Mapping[str, type[msgspec.Struct]]] = {"play": Play, "perk": Perk, "group": GroupName}
_HEADER: Final = re.compile(r"^\s*\[\[\s*(\w+)\s*\]\]", re.MULTILINE)
_PATH: Final = re.compile(r" - at `\$(.*)`$")
_PART: Final = re.compile(r"\w+")
_PROMOTED: Final = type_of(RungPromoted)
_WAITS: Final = (Wait, WaitForEnd, WaitForNeglect)


class BookFault(NamedTuple):
    """What is wrong with an entry of the book: where (JSON pointer, RFC 6901), and a line of text that says it."""

    pointer: str
    text: str


class BookError(ValueError):
    """The book cannot be used: every fault that was found."""

    def __init__(self, faults: Sequence[BookFault]) -> None:
        super().__init__("; ".join(each.text for each in faults))
        self.faults = faults


def read_book(path: Path, own: Path | None = None) -> Book:
    """The book in this file; `own`: the shop's own templates. Raises RefusedError, with a line for every fault."""
    try:
        return parse_book(path.read_text("utf-8"), own)
    except (OSError, ValueError) as error:
        raise RefusedError(f"PLAYS_FILE: {path}: {error}") from error


def parse_book(text: str, own: Path | None = None) -> Book:
    """The book in this text, as `read_book`. Raises ValueError where it is no TOML, else BookError with every fault."""
    told = tomllib.loads(text)
    lines = _lines(text)
    faults: list[BookFault] = []
    entries: dict[str, list[Any]] = {}
    for name, kind in _ENTRIES.items():
        given = told.pop(name, [])
        if not isinstance(given, list):
            raise BookError([BookFault(f"/{name}", f"`{name}` is a list of tables: write [[{name}]]")])
        entries[name] = [*_converted(name, given, kind, lines, faults)]
    try:
        book = msgspec.convert({**told}, Book)
    except msgspec.ValidationError as error:
        raise BookError([BookFault(_pointer(str(error)), str(error)), *faults]) from error
    book = msgspec.structs.replace(book, **{name: tuple(found) for name, found in entries.items()})
    faults += _faults(book, lines, Templates(own))
    if faults:
        raise BookError(faults)
    return book


def _lines(text: str) -> dict[tuple[str, int], int]:
    """The line of the n-th [[entry]] of each name."""
    found: dict[tuple[str, int], int] = {}
    counts: dict[str, int] = {}
    for match in _HEADER.finditer(text):
        name = match[1]
        found[name, counts.get(name, 0)] = text.count("\n", 0, match.start(1)) + 1
        counts[name] = counts.get(name, 0) + 1
    return found


def _converted(
    name: str,
    given: Sequence[Any],
    kind: type[msgspec.Struct],
    lines: Mapping[tuple[str, int], int],
    faults: list[BookFault],
) -> Iterator[Any]:
    for number, each in enumerate(given):
        try:
            yield msgspec.convert(each, kind)
        except msgspec.ValidationError as error:
            called = each.get("id") or each.get("key") or each.get("name") or "" if isinstance(each, dict) else ""
            text = f"line {lines.get((name, number), 0)}, {name} {called!r}: {error}"
            faults.append(BookFault(f"/{name}/{number}{_pointer(str(error))}", text))


def _pointer(error: str) -> str:
    """Where it is, by the path in msgspec's words: "... - at `$.step[0].days`"."""
    found = _PATH.search(error)
    return "" if found is None else "".join(f"/{part}" for part in _PART.findall(found[1]))


# -- what the types cannot say -----------------------------------------------------------------------------------


def _faults(book: Book, lines: Mapping[tuple[str, int], int], texts: Templates) -> list[BookFault]:
    found: list[BookFault] = []
    if len({perk.rung for perk in book.perk}) < len(book.perk):
        found.append(BookFault("/perk", "a rung has one perk at most"))
    ids = [each.id for each in book.play]
    twice = {play for play in ids if ids.count(play) > 1}
    found += [BookFault("/play", f"play {play!r} is in it twice") for play in twice]
    for number, play in enumerate(book.play):
        line = lines.get(("play", number), 0)
        found += [
            BookFault(f"/play/{number}", f"line {line}, play {play.id!r}: {fault}") for fault in _faults_of(play, texts)
        ]
    return found


def _faults_of(play: Play, texts: Templates) -> Iterator[str]:
    yield from (f"nothing is called {name!r}" for name in play.on if name not in _STARTING)
    yield from (f"nothing that cancels is called {name!r}" for name in play.cancel if name not in _SAID)
    if (moments.CONTENT in play.on) is (play.every_days is None) or (play.every_days and len(play.on) > 1):
        yield f"every_days goes with {moments.CONTENT}, which is in a play of its own, and neither without the other"
    for path in play.where:
        root = path.split(".")[0]
        for name in play.on:
            if name in _STARTING and root not in _members(_STARTING[name]):
                yield f"where: {name} says nothing called {root!r}"
    for number, step in enumerate(play.step):
        yield from (f"step {number + 1}: {fault}" for fault in _faults_in(step, play, texts))
    yield from _faults_of_order(play)


def _faults_of_order(play: Play) -> Iterator[str]:
    for before, step in pairwise(play.step):
        if isinstance(before, _WAITS) and isinstance(step, _WAITS):
            yield "two waits follow each other: write one"
    if not play.cancel and any(isinstance(step, Rest) for step in play.step):
        yield "nothing cancels it, so its rest would never end"
    if isinstance(play.step[-1], _WAITS):
        yield "the last step is a wait: nothing comes of it"
    if any(isinstance(step, Repeat) for step in play.step[:-1]):
        yield "nothing comes behind repeat"
    if isinstance(play.step[-1], Repeat) and not (
        isinstance(first := play.step[0], Wait | WaitForNeglect) and first.span
    ):
        yield "what repeats begins with a wait"


def _members(data: type[msgspec.Struct]) -> set[str]:
    return {each.encode_name for each in msgspec.structs.fields(data)}


def _faults_in(step: Step, play: Play, texts: Templates) -> Iterator[str]:
    match step:
        case Send():
            channels = step.channels if isinstance(step.channels, tuple) else (Channel.EMAIL,)
            files = [template(language, channel, step.mail) for channel in channels for language in LANGUAGES]
            yield from (f"there is no template {file}" for file in dict.fromkeys(files) if not texts.has(file))
        case Task():
            files = [f"{language}/tasks/{step.task}.txt.j2" for language in LANGUAGES]
            yield from (f"there is no template {file}" for file in files if not texts.has(file))
        case Perks() if play.on != (_PROMOTED,) or len(play.step) > 1:
            yield f"perks come with {_PROMOTED}, in a play of their own"
        case WaitForEnd() if not moments.ENDING.issuperset(play.on):
            yield f"only {moments.STARTED} and {moments.GROUP_JOINED} say when it ends"
        case _:
            return
