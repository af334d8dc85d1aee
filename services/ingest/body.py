"""Reads the body of a request, and no more of it than a body may have."""

from typing import Final

from fastapi import Request
from starlette.requests import ClientDisconnect

from shared.http import Problem

LARGEST_BODY: Final = 5_000_000
"""Bytes."""


async def read(request: Request) -> bytes:
    """The whole body. Raises Problem 413 as soon as it is too large, whatever its length was said to be."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > LARGEST_BODY:
        raise _too_large()
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            parts.append(part)
            size += len(part)
            if size > LARGEST_BODY:
                raise _too_large()
    except ClientDisconnect as error:
        raise Problem(400, "malformed", "The request ended before its body did") from error
    return b"".join(parts)


def _too_large() -> Problem:
    return Problem(413, "too-large", f"A body has at most {LARGEST_BODY} bytes", headers={"Connection": "close"})
