"""Reads JSON with values that no event may have, in order to say where they are.

Numbers stay text (5,000 digits harm nobody), NaN and infinities are taken, as are lone surrogates and bytes that are
not UTF-8.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

DEEPEST: Final = 100
"""Levels of lists and objects in an event; readers further on have less of a stack than we have."""


LONGEST_INTEGER: Final = 19
"""Characters of an integer that surely has 64 bits."""


class Number(str):
    """A number as it stood in the JSON."""

    __slots__ = ()


class NoNumber(str):
    """NaN, Infinity or -Infinity, which JSON does not have."""

    __slots__ = ()


class NestedTooDeepError(ValueError):
    """More levels than can be read."""

    def __init__(self) -> None:
        super().__init__(f"nested deeper than {DEEPEST} levels")


_decoder: Final = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=NoNumber)


def parse(text: bytes) -> Any:
    """The value, with `Number` and `NoNumber` for numbers. Raises NestedTooDeepError, and ValueError for no JSON."""
    try:
        return _decoder.decode(text.decode("utf-8", "surrogateescape"))
    except RecursionError:
        raise NestedTooDeepError from None


def escaped(name: str) -> str:
    """A member's name as a token of a JSON pointer (RFC 6901), readable whatever it holds."""
    readable = name.encode("utf-8", "replace").decode()
    return readable.replace("~", "~0").replace("/", "~1")


def walk(value: Any) -> Iterator[tuple[str, Any, int]]:
    """Every value with its pointer and its depth, from above, in the order of the text."""
    waiting = [("", value, 1)]
    while waiting:
        pointer, value, depth = waiting.pop()
        yield pointer, value, depth
        inner = [(f"{pointer}/{name}", member, depth + 1) for name, member in _members(value)]
        waiting.extend(reversed(inner))


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((escaped(name), member) for name, member in value.items())
    elif isinstance(value, list):
        yield from ((str(index), item) for index, item in enumerate(value))


def plain(value: Any) -> Any:
    """The value with numbers as Python's own."""
    match value:
        case dict():
            return {name: plain(member) for name, member in value.items()}
        case list():
            return [plain(item) for item in value]
        case Number() if value.lstrip("-").isdigit() and len(value) <= LONGEST_INTEGER:
            return int(value)
        case Number() | NoNumber():
            return float(value)
        case _:
            return value
