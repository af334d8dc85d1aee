"""What a fit came to, in words for a terminal."""

from datetime import date
from pathlib import Path

from services.ladder.estimates.backtest import BackTest
from services.ladder.estimates.fit import Fitted
from services.ladder.estimates.fitting import Buying, Paying


def told(fitted: Fitted, until: date, split: date, draft: Path) -> str:
    """The whole report; it ends with a line break."""
    lines = [
        f"{fitted.people:,} people who bought, {fitted.repeaters:,} of them again, up to {until}",
        _buying("MBG/NBD", fitted.buying),
        f"{_buying('BG/NBD', fitted.compared)} (to compare)",
        _paying(fitted.paying),
        _tested(fitted.tested, split),
        f"A draft of the rules is in {draft}. To use it: check it, put it with PUT /v1/rules/VERSION, and activate it.",
    ]
    return "\n".join(lines) + "\n"


def _buying(name: str, fitted: Buying | str) -> str:
    if isinstance(fitted, str):
        return f"{name}: not fitted: {fitted}"
    r, alpha, a, b = fitted.params
    values = f"r {r:.4f}, alpha {alpha:.3f} weeks, a {a:.3f}, b {b:.3f}"
    return f"{name}: {values}; log-likelihood {fitted.log_likelihood:.3f}"


def _paying(fitted: Paying | str) -> str:
    if isinstance(fitted, str):
        return f"Gamma-Gamma: not fitted, what is in force stays: {fitted}"
    p, q, gamma = fitted.money
    return f"Gamma-Gamma: p {p:.3f}, q {q:.3f}, gamma {gamma:.3f}; log-likelihood {fitted.log_likelihood:.3f}"


def _tested(tested: BackTest | str, split: date) -> str:
    if isinstance(tested, str):
        return f"Not tested on the days after {split}: {tested}"
    verdict = "the model is better" if tested.better else "THE MODEL IS NOT BETTER than recency alone"
    return (
        f"Test: fitted to {tested.people:,} people up to {split}, {tested.bought:,} of them bought afterwards. Of the "
        f"pairs of one who did and one who did not the model puts {tested.model:.1%} in the right order, recency alone "
        f"{tested.recency:.1%}: {verdict}. Purchase days expected {tested.days_expected:,.0f}, seen "
        f"{tested.days_seen:,}."
    )
