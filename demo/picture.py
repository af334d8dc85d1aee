"""The picture of the ladder, drawn."""

from decimal import Decimal
from itertools import zip_longest
from typing import Final

from demo.answers import Answer
from demo.paper import Colour, Paper, bar

LONGEST_BAR: Final = 46
"""Columns."""

_PHASE_COLOURS: Final[dict[str, Colour]] = {"initiation": "blue", "active": "green", "passive": "yellow"}
_NAMES: Final = {
    "rung.promoted": "promotions",
    "rung.demoted": "demotions",
    "rung.endangered": "rungs endangered",
    "phase.changed": "changes of phase or stage",
    "referral.converted": "referrals converted",
    "churn.risk_raised": "churn risks raised",
    "churn.risk_cleared": "churn risks cleared",
    "customer.lapsed": "lapses",
    "customer.won_back": "win-backs",
}
"""What the types of announcements are called, in the order of their showing."""


def draw(paper: Paper, picture: Answer) -> None:
    """Rungs with their people and money, phases and stages, and what was announced."""
    paper.heading(f"The ladder on {picture['as_of'][:10]}: {picture['people']:,} people")
    _draw_rungs(paper, picture["rungs"])
    paper.heading("Where they are in the customer lifecycle")
    _draw_phases(paper, picture["phases"])
    paper.heading("What was announced on the way")
    _draw_announced(paper, picture["announced"])


def _draw_rungs(paper: Paper, rungs: list[Answer]) -> None:
    most = max(rung["people"] for rung in rungs)
    for rung in reversed(rungs):
        name = paper.ink("bold", f"{rung['number']} {rung['key']:<14}")
        strip = paper.ink("cyan", f"{bar(rung['people'], most, LONGEST_BAR):<{LONGEST_BAR}}")
        paper.line(f"  {name} {strip} {rung['people']:>6,} people {Decimal(rung['spent']):>12,.2f} EUR")


def _draw_phases(paper: Paper, phases: list[Answer]) -> None:
    most = max(phase["people"] for phase in phases)
    for phase in phases:
        strip = paper.ink(_PHASE_COLOURS[phase["phase"]], bar(phase["people"], most, LONGEST_BAR))
        paper.line(f"  {phase['phase']:<11}{phase['stage']:<14}{phase['people']:>6,} people  {strip}")


def _draw_announced(paper: Paper, announced: dict[str, int]) -> None:
    told = [f"{announced[type_]:>7,} {name}" for type_, name in _NAMES.items()]
    half = (len(told) + 1) // 2
    for left, right in zip_longest(told[:half], told[half:], fillvalue=""):
        paper.line(f"  {left:<40}{right}".rstrip())
