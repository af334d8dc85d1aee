"""Reads the body of a request, and keeps no more of it than a body may have."""

from typing import Final

from fastapi import Request
from starlette.requests import ClientDisconnect

from services.ingest.splitting import LARGEST_BODY
from shared.http import Problem

HEARD_OUT: Final = 10 * LARGEST_BODY
"""Up to so many bytes are read and dropped: most clients read the answer only when they have sent everything."""


async def read(request: Request) -> bytes:
    """The whole body. Raises Problem 413 when it is too large, whatever its length was said to be."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size <= LARGEST_BODY:
                parts.append(part)
            elif size > HEARD_OUT:
                break
            else:
                parts.clear()
    except ClientDisconnect as error:
        raise Problem(400, "malformed", "The request ended before its body did") from error
    if size > LARGEST_BODY:
        raise Problem(413, "too-large", f"A body has at most {LARGEST_BODY} bytes", headers={"Connection": "close"})
    return b"".join(parts)
