"""Where a page of deliveries ended, as clients bring it back."""

import base64
import binascii

import msgspec

from shared.http import Problem


def encode(at: int, id_: str) -> str:
    """The cursor behind this one."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode((at, id_))).rstrip(b"=").decode()


def decode(cursor: str) -> tuple[int, str]:
    """Where to go on. Raises Problem 400."""
    try:
        packed = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        at, id_ = msgspec.msgpack.decode(packed, type=tuple[int, str])
    except (UnicodeEncodeError, binascii.Error, msgspec.DecodeError) as error:
        raise _bad_cursor() from error
    if not -(2**63) <= at < 2**63 or "\x00" in id_:
        raise _bad_cursor()
    return at, id_


def _bad_cursor() -> Problem:
    return Problem(400, "bad-cursor", "The cursor is not one that this list has given out")
