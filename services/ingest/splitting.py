"""Splits a body into raw events without reading them, so that a bad one harms no other.

JSON that is well formed takes msgspec's fast way. What that refuses may still be a list of which one event has a lone
surrogate, a NaN or too deep a nesting; then brackets and strings are counted by hand.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw

from services.ingest import tolerant

LARGEST_BATCH: Final = 1_000
"""Events."""
LARGEST_BODY: Final = 5_000_000
"""Bytes."""

_one: Final = msgspec.json.Decoder(Raw)
_many: Final = msgspec.json.Decoder(list[Raw])
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]++|[\]}]++|,', re.DOTALL)
"""A string always matches, to the end of the body if need be, so that nothing is looked at twice."""


class MalformedError(ValueError):
    """The body is no JSON; the text says why."""


class TooManyError(ValueError):
    """The body has more than LARGEST_BATCH events."""


def one(body: bytes) -> bytes:
    """The body as one event, without the space around it. Raises MalformedError."""
    try:
        return bytes(_one.decode(body))
    except (msgspec.DecodeError, RecursionError):
        event = body.strip()
        _check(event)
        _check_brackets(event)
        return event


def many(body: bytes) -> list[bytes]:
    """The events of a body that is a list. Raises MalformedError, TooManyError."""
    try:
        raws = _many.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return _many_by_hand(body)
    if len(raws) > LARGEST_BATCH:
        raise TooManyError
    return list(map(bytes, raws))


def _many_by_hand(body: bytes) -> list[bytes]:
    text = body.strip()
    if not text.startswith(b"["):
        _check(text)
        raise MalformedError("a batch is a JSON list")
    events = []
    for event in _items(text):
        _check(event)
        events.append(event)
        if len(events) > LARGEST_BATCH:
            raise TooManyError
    return events


def _items(text: bytes) -> Iterator[bytes]:
    """What stands between the commas of the outermost list."""
    depth = start = 0
    for token in _TOKEN.finditer(text):
        match token.group()[0]:
            case 0x5B | 0x7B:  # [ {
                start = start if depth else token.start() + 1
                depth += len(token.group())
            case 0x5D | 0x7D:  # ] }
                depth -= len(token.group())
                if depth <= 0:
                    break
            case 0x2C if depth == 1:  # ,
                yield text[start : token.start()].strip()
                start = token.end()
    else:
        raise MalformedError("the list has no end")
    if depth < 0 or token.end() != len(text):
        raise MalformedError("something stands behind the list")
    yield text[start : len(text) - 1].strip()


def _check_brackets(event: bytes) -> None:
    """Of what is nested too deeply to be read at least this can be told. Raises MalformedError."""
    tokens = [token.group() for token in _TOKEN.finditer(event)]
    opened = sum(len(token) for token in tokens if token[0] in b"[{")
    if opened != sum(len(token) for token in tokens if token[0] in b"]}"):
        raise MalformedError("not every bracket is closed")


def _check(event: bytes) -> None:
    """Only what is JSON but for values that no event may have is left for a later word. Raises MalformedError."""
    try:
        tolerant.parse(event)
    except tolerant.NestedTooDeepError:
        return
    except ValueError as error:
        raise MalformedError(str(error)) from error
