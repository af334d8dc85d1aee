"""Announcements in words, and as they happen."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct, field

from services.ladder.core.standing import RUNGS
from services.ladder.page.frame import fragment
from services.ladder.page.language import Language

SHOWN: Final = 50
"""Of what comes at one moment so many are shown; nobody reads more."""

_RESYNC: Final = b"event: resync\n"


class Told(NamedTuple):
    """An announcement, ready to be shown."""

    id: str
    person: str
    type: str
    at: str
    text: str
    historical: bool


class _Data(Struct):
    to: Any
    historical: bool = False


class _Announcement(Struct):
    id: str
    subject: str
    type_: str = field(name="type")
    time: str
    data: _Data


_decoder: Final = msgspec.json.Decoder(_Announcement)


def told(value: bytes, words: Language) -> Told:
    """An announcement as it was written, in words."""
    read = _decoder.decode(value)
    text = change(words, read.type_, read.data.to)
    return Told(read.id, read.subject, read.type_, read.time, text, read.data.historical)


def change(words: Language, type_: str, to: Any) -> str:
    """What became true; the type itself where there are no words for it."""
    return words.name("announcement", type_).replace("{to}", _target(words, to))


def _target(words: Language, to: Any) -> str:
    match to:
        case int() if 1 <= to <= len(RUNGS):
            return words.name("rung", RUNGS[to - 1])
        case {"phase": phase, "stage": stage}:
            return f"{words.name('phase', phase)}, {words.name('stage', stage)}"
        case _:
            return str(to)


async def fragments(stream: AsyncGenerator[bytes], words: Language) -> AsyncGenerator[bytes]:
    """The stream of announcements with each one's data as a piece of a page."""
    async with aclosing(stream):
        async for chunk in stream:
            events = [event for event in chunk.split(b"\n\n") if event]
            yield b"".join(_event(event, words) for event in events[-SHOWN:])


def _event(event: bytes, words: Language) -> bytes:
    head, mark, data = event.partition(b"data: ")
    if not mark or head.startswith(_RESYNC):
        return event + b"\n\n"
    html = fragment("announcement.html.j2", words, each=told(data, words))
    return head + b"data: " + " ".join(html.split("\n")).encode() + b"\n\n"
