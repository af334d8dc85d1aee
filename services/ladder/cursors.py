"""Opaque cursors: places in a list or in the feed, as base64url of MessagePack."""

import base64
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from shared.http import Problem

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class FeedCursor(Struct, array_like=True, frozen=True, tag="a"):
    """Up to where the outbox of each lane has been read; `turn` is the lane to begin the next page with."""

    turn: Count
    positions: list[Count]


class HistoryCursor(Struct, array_like=True, frozen=True, tag="h"):
    """The last transition that was shown, by its number in its lane."""

    seq: Count


class PeopleCursor(Struct, array_like=True, frozen=True, tag="p"):
    """The last person who was shown; the list is in the order of (lane, person)."""

    lane: Annotated[int, Meta(ge=-1, le=2**31 - 1)]
    person: Annotated[str, Meta(max_length=200, pattern="^[^\x00]*$")]


class RankingCursor(Struct, array_like=True, frozen=True, tag="r"):
    """The last person who was shown of a list in this order, by what they are sorted by."""

    sort: str
    order: str
    value: Annotated[float, Meta(ge=-(2.0**62), le=2.0**62)]
    lane: Annotated[int, Meta(ge=-1, le=2**31 - 1)]
    person: Annotated[str, Meta(max_length=200, pattern="^[^\x00]*$")]


AnyCursor = TypeVar("AnyCursor", FeedCursor, HistoryCursor, PeopleCursor, RankingCursor)


def encode(cursor: FeedCursor | HistoryCursor | PeopleCursor | RankingCursor) -> str:
    """The cursor as text that needs no escaping in a URL."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(cursor)).rstrip(b"=").decode()


def decode(text: str, kind: type[AnyCursor]) -> AnyCursor:
    """The cursor that `encode` wrote. Raises Problem 400 for anything else, also for a cursor of another list."""
    try:
        packed = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.msgpack.decode(packed, type=kind)
    except ValueError as error:
        raise bad_cursor() from error


def bad_cursor() -> Problem:
    """The answer to a cursor that is none of ours."""
    return Problem(400, "bad-cursor", "The cursor is not one that this list has given out")
