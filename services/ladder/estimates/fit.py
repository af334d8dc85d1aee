"""All that a fit comes to: the models, or why one is not to be trusted, and the test on the last days."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from services.ladder.estimates.backtest import BackTest, back_test
from services.ladder.estimates.fitting import (
    Buying,
    DegenerateError,
    Paying,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_mbg_nbd,
)
from services.ladder.estimates.history import Sample

Model = TypeVar("Model")

STEPS = 4
"""Fits in all."""


class Fitted(NamedTuple):
    """A text where a model's place is says why there is none."""

    people: int
    repeaters: int
    buying: Buying
    compared: Buying | str
    """BG/NBD; it is not used."""
    paying: Paying | str
    tested: BackTest | str


def fit(sample: Sample, unit: int, horizon: float, done: Callable[[], None]) -> Fitted:
    """Fit and test; `unit` minor units are a major one, `horizon` in weeks, `done` is called after each step.

    Raises DegenerateError where MBG/NBD, on which the churn deadlines stand, cannot be had.
    """
    counts = sample.counts()
    buying = fit_mbg_nbd(counts)
    done()
    compared = _or_why(lambda: fit_bg_nbd(counts))
    done()
    paying = _or_why(lambda: fit_gamma_gamma(sample.spending(unit)))
    done()
    tested = _or_why(lambda: _test(sample, horizon))
    done()
    return Fitted(int(counts.total), counts.repeaters, buying, compared, paying, tested)


def _test(sample: Sample, horizon: float) -> BackTest:
    tested = back_test(fit_mbg_nbd(sample.counts_at_split()).params, sample.held(), horizon)
    if tested is None:
        raise DegenerateError("nobody, or everybody, bought in the days kept back")
    return tested


def _or_why(fitted: Callable[[], Model]) -> Model | str:
    try:
        return fitted()
    except DegenerateError as reason:
        return str(reason)
