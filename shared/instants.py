"""Instants: integer microseconds since 1970-01-01T00:00Z, and their RFC 3339 text.

All code below the edges computes with these integers; text appears only in messages.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - in UTC too; a zone doubles the time `text` takes


def parse(text: str) -> int:
    """The instant that an RFC 3339 time names; digits beyond the microsecond are cut off.

    Raises ValueError when it is not a date with a time and a zone.
    """
    if len(text) < 20 or text[10] not in "Tt ":
        raise ValueError("not an RFC 3339 time with date, time and zone")
    moment = datetime.fromisoformat(text if text[-1] != "z" else text[:-1] + "Z")
    if moment.tzinfo is None:
        raise ValueError("the time has no zone; write Z or an offset such as +02:00")
    return from_datetime(moment)


@lru_cache(maxsize=4096)
def text(instant: int) -> str:
    """RFC 3339 in UTC, with six digits of fraction only where there is a fraction.

    Cached: the messages of one step and of one batch say the same instants again.
    """
    return (_PLAIN_EPOCH + timedelta(0, 0, instant)).isoformat() + "Z"


def from_datetime(moment: datetime) -> int:
    """The instant of an aware datetime."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def to_datetime(instant: int) -> datetime:
    """The aware datetime in UTC of an instant."""
    return _EPOCH + timedelta(microseconds=instant)
