"""What a preview is asked with: a draft alone, or JSON lines of which the first one is the draft."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, NamedTuple, TypeVar

import msgspec
from fastapi import Request
from starlette.requests import ClientDisconnect

from shared.events import Announcement
from shared.http import Fault, Problem

MOST_BYTES: Final = 1 << 18
"""Of a draft, and of a line."""
MOST_LINES_BYTES: Final = 1 << 29
PATIENCE: Final = 60.0
"""Seconds in which more of the body must come: others wait for the place of whoever does not go on."""
LINES: Final = ("application/jsonl", "application/x-ndjson")


T = TypeVar("T")


class DraftLine(msgspec.Struct):
    """The first line: the draft, as the text of a plays.toml."""

    draft: str


_draft: Final = msgspec.json.Decoder(DraftLine)
_announcement: Final = msgspec.json.Decoder(Announcement)


class PlaysAsked(NamedTuple):
    """A draft, and announcements that take the place of those on record."""

    toml: bytes
    announced: AsyncIterator[list[Announcement]] | None


async def asked(request: Request) -> PlaysAsked:
    """Read the draft; the announcements come as they are taken. Raises Problem 400, 408, 413, 422."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in LINES:
        return PlaysAsked(await _whole(request), None)
    lines = _Lines(request)
    first = await lines.first()
    return PlaysAsked(first.draft.encode(), lines.announcements())


async def _whole(request: Request) -> bytes:
    body = b""
    async for part in _parts(request):
        body += part
        if len(body) > MOST_BYTES:
            raise Problem(413, "too-large", f"A draft has {MOST_BYTES} bytes at most")
    return body


async def _parts(request: Request) -> AsyncIterator[bytes]:
    parts = aiter(request.stream())
    try:
        while True:
            async with asyncio.timeout(PATIENCE):
                part = await anext(parts, None)
            if part is None:
                return
            yield part
    except TimeoutError as error:
        raise Problem(408, "too-slow", f"Nothing more of the request came for {PATIENCE:.0f} s") from error
    except ClientDisconnect as error:
        raise Problem(400, "malformed", "The request ended before its body did") from error


class _Lines:
    """The lines of a body, counted from 1; those without anything in them are passed over."""

    def __init__(self, request: Request) -> None:
        self._pieces = self._cut(request)
        self._rest: list[bytes] = []
        self._number = 0

    async def first(self) -> DraftLine:
        while not self._rest:
            pieces = await anext(self._pieces, None)
            if pieces is None:
                raise _unreadable(1, 'the first line is {"draft": …}')
            self._rest = pieces
        line = self._rest.pop(0)
        self._number = 1
        return self._read(_draft, line)

    async def announcements(self) -> AsyncIterator[list[Announcement]]:
        """A piece of the body's at a time. Raises Problem 422 with the line as the pointer."""
        yield self._decoded(self._rest)
        async for lines in self._pieces:
            yield self._decoded(lines)

    def _decoded(self, lines: list[bytes]) -> list[Announcement]:
        found: list[Announcement] = []
        for line in lines:
            self._number += 1
            if line.strip():
                found.append(self._read(_announcement, line))
        return found

    def _read(self, decoder: msgspec.json.Decoder[T], line: bytes) -> T:
        try:
            return decoder.decode(line)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise _unreadable(self._number, str(error)) from error

    async def _cut(self, request: Request) -> AsyncIterator[list[bytes]]:
        rest, size = b"", 0
        async for part in _parts(request):
            size += len(part)
            *lines, rest = (rest + part).split(b"\n")
            if size > MOST_LINES_BYTES or len(rest) > 2 * MOST_BYTES:
                raise Problem(413, "too-large", f"Lines have {2 * MOST_BYTES} bytes at most, all {MOST_LINES_BYTES}")
            if lines:
                yield lines
        if rest:
            yield [rest]


def _unreadable(line: int, detail: str) -> Problem:
    fault = Fault(pointer=f"/{line}", detail=detail)
    return Problem(422, "invalid-lines", "A line cannot be read; the pointer is its number", errors=[fault])
