"""What the models expect, against published figures and against simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ladder.core import churn
from services.ladder.core.churn import Params
from services.ladder.core.rules import Money
from services.ladder.estimates import expected
from services.ladder.estimates.fitting import fit_bg_nbd
from tests.unit.estimates.cdnow_sample import day_number, people, sample

FADER = Params(r=0.2425967, alpha=4.413659, a=0.7929869, b=2.426164)
BATISLAM = Params(r=0.525, alpha=6.183, a=0.891, b=1.614)
PAID = Money(p=6.25, q=3.74, gamma=15.44)


def _one(of: Params, x: int, t_x: float, now: float, weeks: float) -> float:
    return float(expected.purchases_bg(of, np.array([x]), np.array([t_x]), np.array([now]), weeks)[0])


def test_customer_1516_in_a_year() -> None:
    """The published number of purchases of customer 1516 in 52 weeks, by BG/NBD, is 25.75659."""
    assert _one(FADER, 26, 216 / 7, 31.0, 52) == pytest.approx(25.75659, abs=1e-5)


def test_customer_1516_by_an_own_fit() -> None:
    """So it is with the parameters that are fitted here."""
    own = fit_bg_nbd(sample("1997-09-30").counts()).params
    assert _one(own, 26, 216 / 7, 31.0, 52) == pytest.approx(25.7573, abs=1e-4)


def test_published_means_of_the_first_ten_customers() -> None:
    """Gamma-Gamma: 24.65 18.91 35.17 35.17 35.17 71.46 18.91 35.17 27.28 35.17."""
    end = day_number("1997-09-30")
    first_ten = [people()[person] for person in sorted(people())[:10]]
    repeats = [[net for day, net in days[1:] if day <= end] for days in first_ten]
    x = np.array([len(nets) for nets in repeats])
    mean = np.array([sum(nets) / len(nets) / 100 if nets else 0.0 for nets in repeats])
    means = expected.mean_paid(PAID, x, mean)
    published = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert means == pytest.approx(np.array(published), rel=2e-3)


@given(st.integers(0, 400), st.floats(0, 300), st.floats(0, 300), st.floats(0.1, 200))
def test_alive_and_chance_are_those_of_the_standing(x: int, t_x: float, silent: float, weeks: float) -> None:
    """For many at once the figures are those by which deadlines are set."""
    seen = 0.0 if x == 0 else t_x
    row = np.array([x]), np.array([seen]), np.array([seen + silent])
    assert expected.alive(BATISLAM, *row)[0] == pytest.approx(churn.p_alive(BATISLAM, x, seen, seen + silent))
    assert expected.alive_bg(FADER, *row)[0] == pytest.approx(churn.p_alive_bg(FADER, x, seen, seen + silent))
    chance = churn.chance(BATISLAM, x, seen, seen + silent, weeks)
    assert expected.chances(BATISLAM, *row, weeks)[0] == pytest.approx(chance)


@pytest.mark.parametrize("a", [0.4, 1.0, 2.5])
def test_expected_purchases_are_the_mean_of_simulated_lives(a: float) -> None:
    """Who is alive draws a rate and a chance to leave; a at, below and above 1, where the formula has a gap."""
    params = Params(r=0.6, alpha=5.0, a=a, b=1.5)
    x, t_x, now, weeks = 4, 30.0, 33.0, 52.0
    chance = np.random.default_rng(7)
    many = 400_000
    rate = chance.gamma(params.r + x, 1 / (params.alpha + now), many)
    leaves = chance.geometric(np.maximum(chance.beta(params.a, params.b + x + 1, many), 1e-12))
    lives = np.minimum(chance.poisson(rate * weeks), leaves) * (
        chance.random(many) < churn.p_alive(params, x, t_x, now)
    )
    formula = expected.purchases(params, np.array([x]), np.array([t_x]), np.array([now]), weeks)[0]
    assert formula == pytest.approx(lives.mean(), abs=5 * lives.std() / many**0.5)


@given(st.integers(0, 3_000), st.floats(0, 500), st.floats(0, 500), st.floats(0.01, 520))
def test_expected_purchases_are_finite_and_no_more_than_without_leaving(
    x: int, t_x: float, silent: float, weeks: float
) -> None:
    """From those who bought once to those who buy every day."""
    seen = 0.0 if x == 0 else t_x
    now = seen + silent
    row = np.array([x]), np.array([seen]), np.array([now])
    days = expected.purchases(BATISLAM, *row, weeks)[0]
    most = expected.alive(BATISLAM, *row)[0] * (BATISLAM.r + x) / (BATISLAM.alpha + now) * weeks
    assert 0 <= days <= most * (1 + 1e-9)
