"""Values that no event may have, whatever its type: what some reader further on could not hold."""

import re
from collections.abc import Iterator
from typing import Any, Final

from services.ingest import tolerant
from services.ingest.checks import LONGEST_NUMBER, TOO_LONG
from services.ingest.tolerant import DEEPEST, NoNumber, Number
from shared.http import Fault

LARGEST_EVENT: Final = 262_144
"""Bytes of one event as sent."""

_LONE: Final = re.compile("[\ud800-\udfff]")
_NUMBERS_AS_ZEROS: Final = bytes.maketrans(b"123456789.eE+-", b"0" * 14)
_TOO_MANY_ZEROS: Final = b"0" * (LONGEST_NUMBER + 1)


def check(event: bytes) -> None:
    """Check well-formed JSON for such values; what cannot have any is not looked at twice. Raises ValueError."""
    if len(event) > LARGEST_EVENT:
        raise ValueError("the event is too large")
    if not event.isascii():
        event.decode()
    if _is_suspicious(event) and any(faults(tolerant.parse(event))):
        raise ValueError("the event has values that no event may have")


def _is_suspicious(event: bytes) -> bool:
    if b"\\" in event and b"\\u0000" in event:
        return True
    if len(event) <= 2 * DEEPEST:
        return False
    return event.count(b"[") + event.count(b"{") > DEEPEST or _TOO_MANY_ZEROS in event.translate(_NUMBERS_AS_ZEROS)


def faults(event: Any) -> Iterator[Fault]:
    """All such values of an event that was read tolerantly. Raises NestedTooDeepError."""
    for pointer, value, depth in tolerant.walk(event):
        if depth > DEEPEST:
            raise tolerant.NestedTooDeepError
        names = tuple(value) if isinstance(value, dict) else ()
        for text in (value,) if isinstance(value, str) else names:
            if detail := _fault(text):
                yield Fault(pointer=pointer, detail=detail)


def _fault(text: str) -> str | None:
    match text:
        case NoNumber():
            return f"{text} is no number in JSON"
        case Number():
            return TOO_LONG if len(text) > LONGEST_NUMBER else None
        case _ if "\0" in text:
            return "must not contain \\u0000"
        case _ if _LONE.search(text):
            return "is not Unicode: a lone surrogate, or bytes that are not UTF-8"
        case _:
            return None
