"""Fits of the CDNOW sample against the published figures, and what is not to be trusted."""

import random

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from services.ladder.estimates import likelihood
from services.ladder.estimates.backtest import ranked_rightly
from services.ladder.estimates.fit import fit
from services.ladder.estimates.fitting import DegenerateError, fit_bg_nbd, fit_gamma_gamma, fit_mbg_nbd
from services.ladder.estimates.history import Counts, Floats, Sample, Spending, counted
from tests.unit.estimates.cdnow_sample import sample

CALIBRATION = "1997-09-30"
EVERYTHING = "1998-06-30"
HORIZON = 182 / 7


def test_mbg_nbd_of_the_cdnow_sample() -> None:
    """Batislam, Denizel and Filiztekin 2007: r .525, alpha 6.183, a .891, b 1.614, log-likelihood -9582.1."""
    fitted = fit_mbg_nbd(sample(CALIBRATION).counts())
    assert fitted.params == pytest.approx((0.525, 6.183, 0.891, 1.614), abs=5e-4)
    assert fitted.log_likelihood == pytest.approx(-9582.136, abs=5e-4)


def test_bg_nbd_of_the_cdnow_sample() -> None:
    """Fader, Hardie and Lee 2005: r .243, alpha 4.414, a .793, b 2.426, log-likelihood -9582.4."""
    fitted = fit_bg_nbd(sample(CALIBRATION).counts())
    assert fitted.params == pytest.approx((0.2426, 4.4137, 0.7930, 2.4262), abs=4e-4)
    assert fitted.log_likelihood == pytest.approx(-9582.429, abs=5e-4)


def test_gamma_gamma_of_the_cdnow_sample() -> None:
    """Fader and Hardie 2013: of 946 repeaters p 6.25, q 3.74, gamma 15.44, log-likelihood -4055.92."""
    spending = sample(CALIBRATION).spending(100)
    fitted = fit_gamma_gamma(spending)
    assert spending.people.sum() == 946
    assert fitted.money == pytest.approx((6.25, 3.74, 15.44), abs=5e-3)
    assert fitted.log_likelihood == pytest.approx(-4055.92, abs=5e-3)


def test_a_fit_in_another_unit_is_the_same_fit() -> None:
    """A currency of large numbers moves gamma and nothing else."""
    spending = sample(CALIBRATION).spending(100)
    p, q, gamma = fit_gamma_gamma(spending._replace(mean=spending.mean * 20_000)).money
    assert (p, q, gamma / 20_000) == pytest.approx((6.25, 3.74, 15.44), abs=5e-3)


@pytest.mark.parametrize("model", [likelihood.mbg_nbd, likelihood.bg_nbd])
def test_slopes_of_buying_are_those_of_the_likelihood(model: type) -> None:
    """The analytic gradient agrees with finite differences."""
    counts = sample(CALIBRATION).counts()
    for at in ([0.5, 6.0, 0.9, 1.6], [2.0, 30.0, 0.1, 8.0]):
        _agrees(model(counts), np.array(at))


def test_slopes_of_paying_are_those_of_the_likelihood() -> None:
    """The analytic gradient agrees with finite differences."""
    for at in ([6.0, 3.0, 15.0], [1.0, 9.0, 80.0]):
        _agrees(likelihood.gamma_gamma(sample(CALIBRATION).spending(100)), np.array(at))


def _agrees(of: likelihood.Likelihood, at: Floats) -> None:
    def value(point: Floats) -> float:
        return of(point)[0]

    numeric = approx_fprime(at, value, 1e-6)
    assert of(at)[1] == pytest.approx(numeric, rel=2e-3, abs=0.05)


def test_people_who_share_a_history_are_counted_together() -> None:
    """Aggregation changes no likelihood: it is the sum over people one by one."""
    x, t_x, now = np.array([0, 2, 0, 2, 1]), np.array([0, 70, 0, 70, 14]), np.array([100, 90, 100, 90, 21])
    together = counted(x, t_x, now)
    alone = Counts(x, t_x / 7, now / 7, np.ones(5))
    at = np.array([0.5, 6.0, 0.9, 1.6])
    assert len(together.x) == 3
    assert likelihood.mbg_nbd(together)(at)[0] == pytest.approx(likelihood.mbg_nbd(alone)(at)[0])


@pytest.mark.parametrize(("until", "model", "recency"), [(EVERYTHING, 0.786, 0.791), (CALIBRATION, 0.680, 0.641)])
def test_the_back_test_says_which_orders_people_better(until: str, model: float, recency: float) -> None:
    """On all of CDNOW the days since the newest purchase alone are better, on its first nine months the model."""
    tested = fit(sample(until), 100, HORIZON, lambda: None).tested
    assert not isinstance(tested, str)
    assert (tested.model, tested.recency) == pytest.approx((model, recency), abs=5e-4)
    assert tested.better == (model > recency)


def test_pairs_in_the_right_order() -> None:
    """Of two buyers and two others: one pair wrong, one equal, two right."""
    share = ranked_rightly(np.array([3.0, 1.0, 1.0, 2.0]), np.array([True, True, False, False]))
    assert share == (1 + 1 + 0.5 + 0) / 4


# -- what is refused ---------------------------------------------------------------------------------------------


def test_too_few_repeaters_are_refused() -> None:
    """A handful of people who came again tells nothing."""
    few = counted(np.array([0] * 500 + [1] * 49), np.array([0] * 500 + [7] * 49), np.full(549, 70))
    with pytest.raises(DegenerateError, match="too few people who bought again: 49"):
        fit_mbg_nbd(few)


def test_people_who_never_leave_are_refused() -> None:
    """Everybody buys to the end at a rate of their own: there is no dropout to be seen, and none is made up."""
    with pytest.raises(DegenerateError, match=r"nobody seems ever to leave|edge of its range"):
        fit_mbg_nbd(_loyal(2_000))


def test_equal_spending_is_refused() -> None:
    """Where all pay the same there is nothing to tell people apart by."""
    with pytest.raises(DegenerateError, match="everybody pays the same"):
        fit_gamma_gamma(Spending(np.array([1, 2, 3]), np.full(3, 9.9), np.full(3, 100.0)))


def test_spending_without_a_spread_between_people_is_refused() -> None:
    """If people differ by chance alone, the parameters run away."""
    chance = np.random.default_rng(1)
    x = chance.integers(1, 20, 2_000)
    with pytest.raises(DegenerateError, match="edge of its range"):
        fit_gamma_gamma(Spending(x, 20 * chance.gamma(5.0 * x) / (5 * x), np.ones(2_000)))


def test_a_history_too_short_to_test_says_so() -> None:
    """The models are fitted, the test is not made up."""
    fitted = fit(sample("1997-06-30"), 100, HORIZON, lambda: None)
    assert isinstance(fitted.tested, str)
    assert fitted.buying.params.r > 0


def _loyal(people: int) -> Counts:
    """Poisson purchases for two years, nobody drops out."""
    chance = random.Random(1)
    made = Sample(730, 0)
    for _ in range(people):
        rate = chance.gammavariate(2, 1 / 60)
        at, days = 0.0, []
        while at < 730:
            days.append(int(at))
            at += chance.expovariate(rate)
        made.add([(day, 100) for day in sorted(set(days))])
    return made.counts()
