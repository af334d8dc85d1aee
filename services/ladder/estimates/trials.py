"""What the notifier has measured of plays on trial, read over its HTTP paths; its absence is told, not an error."""

from typing import Any

import msgspec
from fastapi import Request
from msgspec import Struct

from services.ladder.estimates.what_if import Measured, Trial
from services.ladder.page.neighbour import Absent, Neighbour
from services.ladder.rulebook.book import Book


class _Group(Struct):
    people: int


class _Difference(Struct):
    rate: float
    low: float
    high: float


class _Money(Struct):
    brought: float
    spent: float


class _Result(Struct):
    """Of `/v1/plays/{id}/result` what is needed."""

    window_days: int
    treated: _Group
    held_out: _Group
    difference: _Difference
    money: _Money


class Trials:
    """Asks for the results of plays."""

    def __init__(self, neighbour: Neighbour, book: Book) -> None:
        self._neighbour = neighbour
        self._book = book

    async def measured(self, request: Request, trials: list[Trial]) -> dict[int, Measured]:
        """By rung what the named plays were found to bring a person."""
        return {trial.rung: await self._measured(request, trial.play) for trial in trials}

    async def _measured(self, request: Request, play: str) -> Measured:
        told = await self._neighbour.ask(request, f"/v1/plays/{play}/result")
        if isinstance(told, Absent):
            return Measured(play, unavailable="there is no result of a play of this name, or no notifier to ask")
        return measured(play, told, self._book.rules.value.margin)


def measured(play: str, told: Any, margin: float) -> Measured:
    """A result as a gain a person, after the margin and what was spent on vouchers.

    The range is that of the difference of the rates, carried over to the money.
    """
    try:
        result = msgspec.convert(told, _Result, strict=False)
    except msgspec.ValidationError:
        return Measured(play, unavailable="the notifier's answer is of another make")
    if not result.treated.people or not result.held_out.people:
        return Measured(play, unavailable="nobody has been watched to the end of the window yet")
    brought, spent = (amount / result.treated.people for amount in (result.money.brought * margin, result.money.spent))
    difference = result.difference
    if difference.rate == 0:
        return Measured(play, unavailable="the trial has found no difference yet")
    bounds = sorted(brought * bound / difference.rate - spent for bound in (difference.low, difference.high))
    return Measured(play, brought - spent, bounds[0], bounds[1], result.window_days)
