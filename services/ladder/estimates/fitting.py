"""Finds the parameters under which a history is most likely, or says why they are not to be trusted."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import minimize

from services.ladder.core.churn import Params
from services.ladder.core.rules import Money
from services.ladder.estimates import likelihood
from services.ladder.estimates.history import Counts, Floats, Spending
from services.ladder.estimates.likelihood import Likelihood

FEWEST_REPEATERS: Final = 50
"""Fewer people than this who came again tell nothing about how people come again."""
LEAST, MOST = 1e-4, 1e4
"""Where parameters are looked for."""
NOBODY_LEAVES: Final = 0.002
"""A mean chance of dropping out, a / (a + b), below this is as good as none."""

_STARTS: Final = ((1.0, 10.0, 1.0, 2.0), (0.3, 3.0, 0.5, 4.0), (3.0, 30.0, 2.0, 2.0))
_MONEY_STARTS: Final = ((6.0, 4.0, 1.0), (2.0, 2.0, 0.5), (1.0, 8.0, 5.0))
"""gamma in multiples of what is paid on an average day."""


class DegenerateError(ValueError):
    """The fit is not to be used; the text says why."""


class Fit(NamedTuple):
    """Parameters and the log-likelihood of the history under them."""

    parameters: tuple[float, ...]
    log_likelihood: float


class Buying(NamedTuple):
    """A fitted model of when people buy."""

    params: Params
    log_likelihood: float


class Paying(NamedTuple):
    """A fitted model of what they pay; gamma in major units."""

    money: Money
    log_likelihood: float


def fit_mbg_nbd(counts: Counts) -> Buying:
    """MBG/NBD by maximum likelihood. Raises DegenerateError."""
    return _fit_buying(counts, likelihood.mbg_nbd)


def fit_bg_nbd(counts: Counts) -> Buying:
    """BG/NBD by maximum likelihood. Raises DegenerateError."""
    return _fit_buying(counts, likelihood.bg_nbd)


def fit_gamma_gamma(spending: Spending) -> Paying:
    """Gamma-Gamma by maximum likelihood. Raises DegenerateError; so does q of 1 or less, which has no mean."""
    _check_repeaters(int(spending.people.sum()))
    if len(np.unique(spending.mean)) == 1:
        raise DegenerateError("everybody pays the same, so there is nothing to tell people apart by")
    usual = float(np.average(spending.mean, weights=spending.people))
    starts = [(p, q, gamma * usual) for p, q, gamma in _MONEY_STARTS]
    fit = best(likelihood.gamma_gamma(spending), starts, ("p", "q", "gamma"), float(spending.people.sum()), usual)
    money = Money(*fit.parameters)
    if money.q <= 1:
        raise DegenerateError(f"q is {money.q:.3f}: with 1 or less what people pay has no mean")
    return Paying(money, fit.log_likelihood)


def _fit_buying(counts: Counts, model: Callable[[Counts], Likelihood]) -> Buying:
    _check_repeaters(counts.repeaters)
    fit = best(model(counts), _STARTS, Params._fields, counts.total)
    params = Params(*fit.parameters)
    if params.a / (params.a + params.b) < NOBODY_LEAVES:
        raise DegenerateError("nobody seems ever to leave: a mean chance of dropping out of almost 0")
    return Buying(params, fit.log_likelihood)


def _check_repeaters(repeaters: int) -> None:
    if repeaters < FEWEST_REPEATERS:
        raise DegenerateError(f"too few people who bought again: {repeaters}, at least {FEWEST_REPEATERS} are needed")


def best(
    model: Likelihood, starts: Sequence[Sequence[float]], names: Sequence[str], people: float, unit: float = 1.0
) -> Fit:
    """The best of what is found from several starts. Raises DegenerateError for a parameter at the edge of its range.

    `unit`: what the last parameter is measured in, so that its range fits any currency.
    """
    scale = np.ones(len(names))
    scale[-1] = unit

    def loss(logs: Floats) -> tuple[float, Floats]:
        """The mean over people, so that tolerances mean the same for a hundred and for a million."""
        at = np.exp(logs) * scale
        value, slopes = model(at)
        return -value / people, -slopes * at / people

    bounds = [(float(np.log(LEAST)), float(np.log(MOST)))] * len(names)
    found = [
        minimize(
            loss,
            np.log(np.array(start, dtype=np.float64) / scale),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 1_000, "ftol": 1e-15, "gtol": 1e-9},
        )
        for start in starts
    ]
    winner = min(found, key=lambda one: float(one.fun))
    for name, log in zip(names, winner.x.tolist(), strict=True):
        if not np.log(LEAST) + 0.01 < log < np.log(MOST) - 0.01:
            raise DegenerateError(f"the parameter {name} ran to the edge of its range, {np.exp(log):.4g}")
    _check_settled([float(one.fun) for one in found], loss(winner.x)[1])
    return Fit(tuple((np.exp(winner.x) * scale).tolist()), -float(winner.fun) * people)


def _check_settled(losses: Sequence[float], slopes: Floats) -> None:
    """A maximum is where nothing rises any more; a start that ends elsewhere is no harm, not to get there is."""
    if not np.isfinite(min(losses)) or float(np.abs(slopes).max()) > 1e-4:
        raise DegenerateError("no maximum of the likelihood was found")
