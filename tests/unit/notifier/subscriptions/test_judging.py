"""What follows from an attempt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.subscriptions.judging import (
    HOUR,
    JITTER,
    LONGEST_PAUSE,
    MINUTE,
    PATIENCE,
    PAUSES,
    SECOND,
    SLOWEST,
    Attempted,
    Outcome,
    Said,
    Verdict,
    judge,
)
from services.notifier.subscriptions.subscription import OffReason

NOW = 1_800_000_000 * SECOND


def attempted(number: int = 1, *, failing_since: int | None = None, slowed: int = 0, chance: float = 0) -> Attempted:
    return Attempted(number, NOW, failing_since, slowed, chance)


def test_the_pauses_are_those_of_the_standard() -> None:
    """0 s, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, and then no more."""
    pauses, number = [], 1
    while (verdict := judge(Said(500, ""), attempted(number))).outcome is Outcome.LATER:
        assert verdict.next_at is not None
        pauses.append(verdict.next_at - NOW)
        number += 1
    hours = [hours * HOUR for hours in (2, 5, 10, 14, 20, 24)]
    assert pauses == [5 * SECOND, 5 * MINUTE, 30 * MINUTE, *hours]
    assert verdict == Verdict(Outcome.FAILED)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_only_2xx_is_a_success(status: int) -> None:
    """Whatever the attempt."""
    assert judge(Said(status, ""), attempted(11)) == Verdict(Outcome.DELIVERED)


@pytest.mark.parametrize("status", [None, 100, 199, 300, 301, 302, 307, 308, 400, 401, 404, 409, 500, 501, 599])
def test_everything_else_is_tried_again(status: int | None) -> None:
    """Redirects, too, which are not followed; the subscription is not paused."""
    assert judge(Said(status, ""), attempted()) == Verdict(Outcome.LATER, NOW + 5 * SECOND)


def test_410_switches_off() -> None:
    """At the first attempt."""
    assert judge(Said(410, ""), attempted()) == Verdict(Outcome.FAILED, off=OffReason.GONE)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_receiver_is_left_alone(status: int) -> None:
    """The whole subscription waits, longer each time, at most an hour."""
    pauses = []
    for slowed in range(30):
        verdict = judge(Said(status, ""), attempted(slowed=slowed))
        assert verdict.paused_until is not None
        assert verdict.next_at == max(NOW + 5 * SECOND, verdict.paused_until)
        pauses.append(verdict.paused_until - NOW)
    assert pauses[:4] == [5 * SECOND, 10 * SECOND, 20 * SECOND, 40 * SECOND]
    assert pauses[-1] == SLOWEST


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("120", 120 * SECOND),
        (" 0 ", 0),
        ("999999999999999999999999", LONGEST_PAUSE),
        ("Fri, 15 Jan 2027 08:10:00 GMT", 600 * SECOND),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_PAUSE),
    ],
)
def test_what_a_busy_receiver_asks_for_is_done(header: str, pause: int) -> None:
    """In seconds or as a date, at most a day; the delivery waits as long, and at least its own pause."""
    verdict = judge(Said(429, "", header), attempted(2))
    assert verdict.paused_until == NOW + pause
    assert verdict.next_at == NOW + max(5 * MINUTE, pause)


@pytest.mark.parametrize("header", ["soon", "", "-5", "1.5", "²", "Fri, 99 Jan 2027 08:10:00 GMT"])
def test_a_header_that_says_nothing_counts_as_none(header: str) -> None:
    """The receiver is busy all the same."""
    assert judge(Said(503, "", header), attempted()) == judge(Said(503, ""), attempted())


def test_after_five_days_of_nothing_but_failures_it_is_switched_off() -> None:
    """Not a moment sooner, and not by the first failure."""
    assert judge(Said(None, ""), attempted(3)).off is None
    assert judge(Said(None, ""), attempted(3, failing_since=NOW - PATIENCE + 1)).off is None
    assert judge(Said(None, ""), attempted(3, failing_since=NOW - PATIENCE)).off is OffReason.FAILING
    assert judge(Said(200, ""), attempted(3, failing_since=NOW - PATIENCE)).off is None


@given(
    number=st.integers(1, 12),
    chance=st.floats(0, 1),
    status=st.sampled_from([None, 302, 429, 500, 503]),
    header=st.one_of(st.none(), st.text(max_size=40), st.integers(0, 10**30).map(str)),
    slowed=st.integers(0, 1000),
)
def test_no_answer_breaks_it_and_every_pause_has_its_bounds(
    number: int, chance: float, status: int | None, header: str | None, slowed: int
) -> None:
    """Never sooner than the standard says, later by a fifth or as was asked, and never after the last."""
    verdict = judge(Said(status, "", header), attempted(number, chance=chance, slowed=slowed))
    if number > len(PAUSES):
        assert (verdict.outcome, verdict.next_at) == (Outcome.FAILED, None)
        return
    pause = PAUSES[number - 1]
    assert verdict.next_at is not None
    assert pause <= verdict.next_at - NOW <= max(pause * (1 + JITTER), LONGEST_PAUSE)
