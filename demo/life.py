"""One person's life, told line by line with the reasons."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import groupby
from typing import Final

from demo import words
from demo.answers import Answer
from demo.history import History
from demo.paper import WIDTH, Colour, Paper, wrapped
from demo.story import PREFIX

_WHAT: Final = 49
_WHY: Final = WIDTH - _WHAT - 16
"""Columns of what changed and of why, behind the day."""


def most_eventful(announcements: Iterable[Answer]) -> str:
    """The real person of whom the most kinds of things were announced; of those the one with the most, then by id."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for announcement in announcements:
        if not announcement["subject"].startswith(PREFIX):
            kinds[announcement["subject"]][announcement["type"]] += 1
    return min(kinds, key=lambda person: (-len(kinds[person]), -kinds[person].total(), person))


def tell(paper: Paper, history: History, person: str, transitions: list[Answer]) -> None:
    """Each step of a person's history, oldest first; what one cause changed at one instant is one step."""
    for _, changes in groupby(transitions, key=lambda each: (each["time"], each["cause"])):
        step = [*changes]
        what = ", ".join(map(words.change, step))
        why, *more = wrapped(_why(history, person, step[0]), width=_WHY)
        day = paper.ink("dim", step[0]["time"][:10])
        paper.line(f"  {day}  {paper.ink(_colour(step), f'{what:<{_WHAT}}')}  {why}")
        for line in more:
            paper.line(" " * (WIDTH - _WHY) + line)


def explain(paper: Paper, standing: Answer) -> None:
    """Where the person stands now and why, what comes next, and what happens if nothing more is heard."""
    rung, phase, totals = standing["rung"], standing["phase"], standing["totals"]
    because = f", because of {phase['because']}" if phase["because"] else ""
    _point(paper, "stands on", f"rung {rung['number']} {rung['key']} since {rung['since'][:10]}")
    _point(paper, "because", words.counted(rung["because"]))
    _point(paper, "is", f"{phase['phase']}, {phase['stage']} since {phase['since'][:10]}{because}")
    _point(paper, "has spent", f"{totals['spent']} {totals['currency']} in {totals['purchases']} orders")
    _look_ahead(paper, standing)


def _look_ahead(paper: Paper, standing: Answer) -> None:
    churn, next_, falls = standing["churn"], standing["next"], standing["falls"]
    if churn is not None:
        first, now = churn["chance_after_last_purchase"], churn["chance_now"]
        _point(
            paper, "will order", f"within {churn['horizon_days']} days by {now:.0%}, after the last order {first:.0%}"
        )
    if next_ is not None:
        _point(paper, "to rung", f"{next_['number']} {next_['key']} is missing {words.missing(next_['missing'])}")
    if falls is not None:
        _point(paper, "falls", f"to rung {falls['to']} on {falls['at'][:10]} if nothing more is heard")


def _point(paper: Paper, name: str, text: str) -> None:
    paper.paragraph(text, indent=f"  {name:<12}", hanging=" " * 14)


def _colour(step: list[Answer]) -> Colour:
    types = {each["type"] for each in step}
    if types & {"rung.promoted", "customer.won_back", "churn.risk_cleared", "referral.converted"}:
        return "green"
    return "yellow" if types & {"rung.demoted", "customer.lapsed", "churn.risk_raised"} else "blue"


def _why(history: History, person: str, transition: Answer) -> str:
    cause = transition["cause"]
    if "deadline" in cause:
        return words.deadline(cause["deadline"])
    happening = history.by_id[cause["source"], cause["fact"]]
    whose = "" if happening.person == person else f"{happening.person}: "
    late = " (the past is told anew)" if transition["correction"] else ""
    return f"{whose}{words.fact(happening)}{late}"
