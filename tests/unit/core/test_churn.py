"""Churn: the published models, the score, and when it has sunk."""

from itertools import pairwise
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ladder.core.churn import Deadlines, Params, chance, p_alive, p_alive_bg
from shared.instants import DAY, SECOND
from tests.make import day, purchase, rules
from tests.unit.core.told import stand

WEEK = 7 * 86_400
CDNOW = Params(r=0.525, alpha=6.183, a=0.891, b=1.614)
"""MBG/NBD on the CDNOW sample."""
FADER = Params(r=0.2425967, alpha=4.413659, a=0.7929869, b=2.426164)
"""BG/NBD on the CDNOW sample: Fader, Hardie and Lee 2005."""
buyers = st.tuples(st.integers(0, 6_000), st.integers(0, 8_000))
"""(x, t_x in days): from a first purchase to twenty years of purchases on nearly every day."""


def test_published_chance_of_customer_1516() -> None:
    """Fader, Hardie and Lee's customer 1516 is alive with the published probability."""
    assert p_alive_bg(FADER, 26, 216 / 7, 31) == pytest.approx(0.9688523, abs=5e-8)


def test_who_bought_once_is_alive_in_bg_and_doubtful_in_mbg() -> None:
    """In BG/NBD nobody drops out before a second purchase; MBG/NBD mends that."""
    assert p_alive_bg(FADER, 0, 0, 30) == 1
    assert p_alive(CDNOW, 0, 0, 0) == pytest.approx(1 / (1 + 0.891 / 1.614))


def test_first_time_buyer_with_the_shipped_parameters() -> None:
    """A first-time buyer is at risk after 12.3 weeks and silent after 43.6."""
    risk, silence = rules().churn.after(0, 0)
    assert (round(risk / SECOND / WEEK, 1), round(silence / SECOND / WEEK, 1)) == (12.3, 43.6)


def test_score_by_hand() -> None:
    """The score is the closed formula of alive and of a purchase within the horizon."""
    alive = 1 / (1 + 0.891 / 3.614 * ((6.183 + 20) / (6.183 + 12)) ** 2.525)
    assert chance(CDNOW, 2, 12, 20, 26) == pytest.approx(alive * (1 - ((6.183 + 20) / (6.183 + 46)) ** 2.525))


@given(buyers, st.lists(st.floats(0, 1_000), min_size=2, max_size=5))
def test_score_only_falls(buyer: tuple[int, int], waits: list[float]) -> None:
    """While nothing is bought the score never rises, and it stays a number whatever the history."""
    x, days = buyer
    scores = [chance(CDNOW, x, days / 7, days / 7 + wait, 26) for wait in sorted(waits)]
    assert all(isfinite(score) and 0 <= score <= 1 for score in scores)
    assert all(later <= earlier * (1 + 1e-12) for earlier, later in pairwise(scores))


@given(buyers)
def test_deadlines_are_the_first_seconds_at_which_the_score_has_sunk(buyer: tuple[int, int]) -> None:
    """One second earlier the score is above its fraction, unless the floor holds the deadline back."""
    x, days = buyer
    churn = Deadlines(CDNOW, 182, (0.5, 0.2), (28, 90))
    start = chance(CDNOW, x, days / 7, days / 7, 26)
    for deadline, part, floor in zip(churn.after(x, days), (0.5, 0.2), (28, 90), strict=True):
        assert deadline % SECOND == 0
        assert deadline >= floor * DAY
        assert score_after(x, days, deadline) <= part * start * (1 + 1e-9)
        if deadline > floor * DAY:
            assert score_after(x, days, deadline - SECOND) > part * start * (1 - 1e-9)


def score_after(x: int, days: int, elapsed: int) -> float:
    return chance(CDNOW, x, days / 7, days / 7 + elapsed / SECOND / WEEK, 26)


@given(st.lists(buyers, max_size=5), buyers)
def test_what_was_asked_before_does_not_matter(before: list[tuple[int, int]], buyer: tuple[int, int]) -> None:
    """Deadlines found in a block with others are those found alone."""
    churn, alone = (Deadlines(CDNOW, 182, (0.5, 0.2), (28, 90)) for _ in range(2))
    for x, days in before:
        churn.after(x, days)
    assert churn.after(*buyer) == alone.after(*buyer)


def test_floors() -> None:
    """For those who buy nearly every day risk comes after 28 days and silence after 90, no sooner."""
    assert rules().churn.after(300, 365) == (28 * DAY, 90 * DAY)


def test_extreme_parameters_have_no_deadline_rather_than_an_error() -> None:
    """Where the score hardly ever falls there is a number far away, and no overflow on the way."""
    churn = Deadlines(Params(1e-6, 1e9, 1e-9, 1e9), 182, (0.5, 1e-300), (28, 90))
    risk, silence = churn.after(0, 0)
    assert 28 * DAY < risk <= silence


def test_several_purchases_on_a_day_are_one_purchase_day() -> None:
    """The day of the newest purchase counts from its midnight, however often was bought on it."""
    once = stand(purchase(day(0)), purchase(day(10.25)), at=day(11))
    often = stand(purchase(day(0)), purchase(day(10.25)), purchase(day(10.75)), at=day(11))
    assert (often.purchases, often.purchase_days) == (3, 2)
    assert (often.risk_at, often.silence_at) == (once.risk_at, once.silence_at)
    assert once.risk_at == day(10) + rules().churn.after(1, 10)[0]


def test_purchase_days_are_those_of_the_shop() -> None:
    """At 23:30 in Berlin it is still the day before by UTC's clock, and the day began at 22:00 UTC."""
    berlin = rules("Europe/Berlin")
    late, later = day(200 + 21.5 / 24), day(200 + 22.5 / 24)
    assert stand(purchase(late), purchase(later), at=later).purchase_days == 1
    standing = stand(purchase(late), purchase(later), at=later, rules=berlin)
    assert standing.purchase_days == 2
    assert standing.last_midnight == day(200 + 22 / 24)
    assert standing.risk_at == standing.last_midnight + berlin.churn.after(1, 1)[0]
