"""Puts what msgspec says of a value into words for the one who sent it."""

import re
from typing import Final

import msgspec

_NAMES: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
_EXPECTED: Final = re.compile(r"Expected `([a-z |]+)`(?: of length)?( [<>]=? [\d.]+)?(?:, got `(\w+)`)?")


def of(error: msgspec.ValidationError) -> str:
    """The error in plain words, without msgspec's own notation of places."""
    message = str(error).split(" - at `", 1)[0]
    found = _EXPECTED.match(message)
    if found is None:
        return message
    kinds, bound, _ = found.groups()
    if bound:
        return _bound(kinds, bound, of_length=" of length" in message)
    return f"must be {_named(kinds)}"


def _bound(kind: str, bound: str, *, of_length: bool) -> str:
    compared, limit = bound.split()
    least = "at least" if compared.startswith(">") else "at most"
    return f"must have {least} {limit} characters" if of_length and kind == "str" else f"must be {least} {limit}"


def _named(kinds: str) -> str:
    return " or ".join(_NAMES.get(kind, kind) for kind in kinds.split(" | "))


def quoted(text: str, *, longest: int = 80) -> str:
    """A text from outside as it may be repeated in an answer."""
    readable = text.encode("utf-8", "replace").decode().replace("\0", "?")
    return f"'{readable[:longest]}{'…' if len(readable) > longest else ''}'"
