"""What an attempt to deliver came to, and what follows from it. Pure: the clock and chance are arguments.

Seconds of pauses are those of Standard Webhooks 1.0, "Retry schedule".
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final, NamedTuple

from services.notifier.subscriptions.subscription import OffReason

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
PAUSES: Final = (
    *(5 * SECOND, 5 * MINUTE, 30 * MINUTE),
    *(2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR),
)
"""Before the second, third … tenth attempt; the first is made at once."""
JITTER: Final = 0.2
"""A pause is longer by up to this share of it, so that what failed together does not come back together."""
PATIENCE: Final = 5 * 24 * HOUR
"""After so long a time of nothing but failures a subscription is switched off."""
LONGEST_PAUSE: Final = 24 * HOUR
SLOWEST: Final = HOUR
"""The longest pause that we make of ourselves when a receiver only says that it is busy."""
GONE: Final = 410
BUSY: Final = frozenset({429, 502, 503, 504})
SAID_AT_MOST: Final = 500
"""Characters of an answer that are kept."""


class Said(NamedTuple):
    """What an attempt heard: a status, or None and in `detail` why there was none; `retry_after` as the header was."""

    status: int | None
    detail: str
    retry_after: str | None = None


class Attempted(NamedTuple):
    """An attempt: its number from 1 on, when it ended, since when the subscription has known nothing but failures.

    `slowed` is how many times in a row the receiver had asked to slow down, `chance` a number from 0 to 1.
    """

    number: int
    at: int
    failing_since: int | None
    slowed: int
    chance: float


class Outcome(StrEnum):
    """How an attempt ended."""

    DELIVERED = "delivered"
    LATER = "later"
    FAILED = "failed"


class Verdict(NamedTuple):
    """What follows: `next_at` of a delivery that is tried again, `paused_until` of the whole subscription."""

    outcome: Outcome
    next_at: int | None = None
    paused_until: int | None = None
    off: OffReason | None = None


def judge(said: Said, attempt: Attempted) -> Verdict:
    """Only 2xx is a success; a redirect is none, since what it points to was never subscribed."""
    if said.status is not None and 200 <= said.status < 300:
        return Verdict(Outcome.DELIVERED)
    if said.status == GONE:
        return Verdict(Outcome.FAILED, off=OffReason.GONE)
    asked = _asked(said, attempt)
    return Verdict(
        *_again(attempt, asked),
        paused_until=asked,
        off=OffReason.FAILING if _out_of_patience(attempt) else None,
    )


def _again(attempt: Attempted, not_before: int | None) -> tuple[Outcome, int | None]:
    if attempt.number > len(PAUSES):
        return Outcome.FAILED, None
    planned = attempt.at + _longer(PAUSES[attempt.number - 1], attempt.chance)
    return Outcome.LATER, max(planned, not_before or 0)


def _asked(said: Said, attempt: Attempted) -> int | None:
    """Until when the receiver wants to be left alone, or should be."""
    if said.status not in BUSY:
        return None
    pause = retry_after(said.retry_after, attempt.at)
    if pause is None:
        pause = _longer(min(SLOWEST, 5 * SECOND * 2 ** min(attempt.slowed, 20)), attempt.chance)
    return attempt.at + min(pause, LONGEST_PAUSE)


def _longer(pause: int, chance: float) -> int:
    return pause + round(pause * JITTER * chance)


def _out_of_patience(attempt: Attempted) -> bool:
    return attempt.failing_since is not None and attempt.at - attempt.failing_since >= PATIENCE


def retry_after(text: str | None, now: int) -> int | None:
    """Seconds or an HTTP date (RFC 9110, section 10.2.3), in µs from now; None if it says neither."""
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return min(int(text.strip()[:12]) * SECOND, LONGEST_PAUSE)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0, round((aware - datetime.fromtimestamp(0, UTC)).total_seconds()) * SECOND - now)
