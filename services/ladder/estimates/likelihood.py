"""How likely a history is under a model, and how that changes with its parameters: log-likelihoods with gradients.

MBG/NBD: Batislam, Denizel and Filiztekin 2007. BG/NBD: Fader, Hardie and Lee 2005, "Counting your customers the easy
way", equation 6. Gamma-Gamma: Fader and Hardie 2013, "The Gamma-Gamma model of monetary value", equation 1a.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import betaln, gammaln, psi

from services.ladder.estimates.history import Counts, Floats, Ints, Spending

Valued = tuple[float, Floats]
"""A log-likelihood and its derivatives by each parameter."""
Likelihood = Callable[[Floats], Valued]


def mbg_nbd(counts: Counts) -> Likelihood:
    """Of (r, alpha, a, b) where anybody may drop out, also before the second purchase."""
    return _Dropout(counts, 1)


def bg_nbd(counts: Counts) -> Likelihood:
    """Of (r, alpha, a, b) where nobody drops out before the second purchase."""
    return _Dropout(counts, 0)


class _Dropout:
    """Both models at once: `first` is 1 where a person may drop out right after the first purchase.

    Special functions are worked out once for each distinct x, logarithms once for each distinct t_x and T: there are
    hundreds of these where there are a hundred thousand histories.
    """

    def __init__(self, counts: Counts, first: int) -> None:
        self._first = first
        self._people = counts.people
        self._x, self._of_x = np.unique(counts.x, return_inverse=True)
        self._t_x, self._of_t_x = np.unique(counts.t_x, return_inverse=True)
        self._now, self._of_now = np.unique(counts.now, return_inverse=True)
        self._count = counts.x.astype(np.float64)
        self._may_be_gone = (counts.x + first) > 0

    def __call__(self, at: Floats) -> Valued:
        r, alpha, a, b = at.tolist()
        x, log_seen, log_now = self._x, np.log(alpha + self._t_x)[self._of_t_x], np.log(alpha + self._now)[self._of_now]
        rate = r + self._count
        alive = betaln(a, b + x + self._first)[self._of_x] - rate * log_now
        gone = self._beta_of_the_gone(a, b)[self._of_x] - rate * log_seen
        either = np.logaddexp(alive, gone)
        base = (gammaln(r + x) - gammaln(r))[self._of_x] + r * np.log(alpha) - betaln(a, b)
        still = np.exp(alive - either)
        return float(self._people @ (base + either)), self._slopes(at, still, log_seen, log_now)

    def _beta_of_the_gone(self, a: float, b: float) -> Floats:
        last = self._x + self._first - 1
        beta: Floats = np.where(last >= 0, betaln(a + 1, b + np.maximum(last, 0)), -np.inf)
        return beta

    def _slopes(self, at: Floats, still: Floats, log_seen: Floats, log_now: Floats) -> Floats:
        """`still`: the weight of being alive in each history's likelihood."""
        r, alpha, a, b = at.tolist()
        x, left = self._x, 1 - still
        seen, now = (alpha + self._t_x)[self._of_t_x], (alpha + self._now)[self._of_now]
        both = psi(a + b + x + self._first)[self._of_x]
        last = np.maximum(x + self._first - 1, 0)
        by_r = (psi(r + x) - psi(r))[self._of_x] + np.log(alpha) - still * log_now - left * log_seen
        by_alpha = r / alpha - (r + self._count) * (still / now + left / seen)
        by_a = psi(a + b) - psi(a) - both + still * psi(a) + left * psi(a + 1)
        by_b = (
            psi(a + b) - psi(b) - both + still * psi(b + x + self._first)[self._of_x] + left * psi(b + last)[self._of_x]
        )
        return np.array([self._people @ by for by in (by_r, by_alpha, by_a, by_b)])


def gamma_gamma(spending: Spending) -> Likelihood:
    """Of (p, q, gamma): what is paid at a time varies around each person's own mean, and the means between people."""
    return _Money(spending)


class _Money:
    """The Gamma-Gamma model."""

    def __init__(self, spending: Spending) -> None:
        self._people = spending.people
        counts: tuple[Ints, Ints] = np.unique(spending.x, return_inverse=True)
        self._x, self._of_x = counts
        self._count = spending.x.astype(np.float64)
        self._log_mean = np.log(spending.mean)
        self._log_count = np.log(self._count)
        self._spent = self._count * spending.mean

    def __call__(self, at: Floats) -> Valued:
        p, q, gamma = at.tolist()
        px, log_all = p * self._count, np.log(gamma + self._spent)
        betas = (gammaln(p * self._x + q) - gammaln(p * self._x))[self._of_x] - gammaln(q)
        value = betas + q * np.log(gamma) + (px - 1) * self._log_mean + px * self._log_count - (px + q) * log_all
        both, own = psi(p * self._x + q)[self._of_x], psi(p * self._x)[self._of_x]
        by_p = self._count * (both - own + self._log_mean + self._log_count - log_all)
        by_q = both - psi(q) + np.log(gamma) - log_all
        by_gamma = q / gamma - (px + q) / (gamma + self._spent)
        return float(self._people @ value), np.array([self._people @ by for by in (by_p, by_q, by_gamma)])
