"""How many more people reach a play's goal because of it, as the notifier has measured: to stand for an assumption."""

from typing import Final, NamedTuple

import msgspec
from fastapi import Request
from msgspec import Struct

from services.ladder.page.neighbour import Absent, Neighbour
from shared.http import Fault, Problem

RISES: Final = ("promotion", "repeat_purchase")
"""Goals that are, or stand for, a move up."""
_REASONS: Final = {
    "neighbour.absent": "It does not run here, and NOTIFIER_URL is not set",
    "neighbour.refused": "It refuses the question: NOTIFIER_KEY needs the scope ladder:read",
}


class Effect(NamedTuple):
    """Of those to whom the play comes `rate` more reach its goal; `low` and `high` hold it with 95 %."""

    play: str
    goal: str
    window_days: int
    rate: float
    low: float
    high: float
    treated: int
    held_out: int
    verdict: str


class _Group(Struct):
    people: int


class _Difference(Struct):
    rate: float
    low: float
    high: float


class _Result(Struct):
    """Of `/v1/plays/{id}/result` what is needed."""

    goal: str
    window_days: int
    treated: _Group
    held_out: _Group
    difference: _Difference
    verdict: str


class Effects:
    """Asks what plays on trial have brought about."""

    def __init__(self, neighbour: Neighbour) -> None:
        self._neighbour = neighbour

    async def of(self, request: Request, play: str) -> Effect:
        """What this play has. Raises Problem 404 for one not on trial, 422 where nothing is measured yet, 503."""
        place = "/body/play" if request.method == "POST" else "/query/play"
        told = await self._neighbour.ask(request, f"/v1/plays/{play}/result")
        if not isinstance(told, Absent):
            return effect(play, told, place)
        if told.reason == "neighbour.absent" and await self._there(request):
            fault = Fault(pointer=place, detail=f"{play} is not on trial, or no play of the book")
            raise Problem(404, "unknown-trial", "There is no play of this name on trial", errors=[fault])
        raise _unavailable(_REASONS.get(told.reason))

    async def _there(self, request: Request) -> bool:
        return not isinstance(await self._neighbour.ask(request, "/v1/plays"), Absent)


def effect(play: str, told: object, place: str) -> Effect:
    """A result as an effect. Raises Problem 422 where it says nothing of moving up, and 503 for what is no result."""
    try:
        it = msgspec.convert(told, _Result, strict=False)
    except msgspec.ValidationError as error:
        raise _unavailable("Its answer is of another make") from error
    if it.goal not in RISES:
        raise _not_measured(place, f"The goal of {play} is {it.goal}: it says nothing of moving up")
    if it.verdict == "too_early":
        raise _not_measured(place, f"It is too early to say anything of {play}: more people have to be watched")
    rate, low, high = it.difference.rate, it.difference.low, it.difference.high
    groups = it.treated.people, it.held_out.people
    return Effect(play, it.goal, it.window_days, rate, low, high, *groups, it.verdict)


def _not_measured(place: str, why: str) -> Problem:
    errors = [Fault(pointer=place, detail=why)]
    return Problem(422, "not-measured", "The play has not measured how many move up", errors=errors)


def _unavailable(why: str | None) -> Problem:
    headers = {"Retry-After": "5"}
    return Problem(503, "notifier-unavailable", "The notifier does not answer", detail=why, headers=headers)
