"""Lists of people: everybody, by the beginning of their ids, rung and stage; and those at risk."""

from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import BeforeValidator, Field

from services.ladder import cursors
from services.ladder.answers import MemberValue
from services.ladder.core.explain import Explanation, explain
from services.ladder.core.rules import Rules
from services.ladder.core.standing import Stage, decode
from services.ladder.cursors import PeopleCursor
from services.ladder.estimates.asking import Among
from services.ladder.estimates.queries import Order, Sort
from services.ladder.page.desk import Desk, Visit
from services.ladder.page.frame import Elsewhere, person_path
from services.ladder.people_queries import Wanted
from shared.http import Problem
from shared.log.partitioner import lane_of

PAGE: Final = 50
_FIRST: Final = PeopleCursor(-1, "")


def unset(told: object) -> object:
    """A form's empty field says nothing."""
    return None if told == "" else told


_Rung = Annotated[Annotated[int, Field(ge=1, le=7)] | None, BeforeValidator(unset), Query()]
_Stage = Annotated[Stage | None, BeforeValidator(unset), Query()]
_Beginning = Annotated[str, Query(alias="id", max_length=200, pattern="^[^\x00]*$")]
_After = Annotated[str, Query(max_length=2_000)]


class Listed(NamedTuple):
    """A person in a list."""

    person: str
    explained: Explanation
    value: MemberValue | None = None
    """Where it was asked for."""


def add(routes: APIRouter, desk: Desk, visit: Any) -> None:
    """Add these pages."""

    @routes.get("/people")
    async def list_people(
        visit: Visit = visit, beginning: _Beginning = "", rung: _Rung = None, stage: _Stage = None, after: _After = ""
    ) -> Response:
        wanted = Wanted(rung, None, stage, beginning)
        if beginning and wanted == Wanted(beginning=beginning) and not after and await _known(desk, beginning):
            raise Elsewhere(person_path(beginning))
        people, further = await page_of(desk, wanted, after)
        asked = {"id": beginning, "rung": rung or "", "stage": stage or ""}
        address = f"/people?{urlencode(asked)}"
        return visit.show("people.html.j2", people=people, wanted=wanted, address=address, after=after, next=further)

    @routes.get("/at-risk")
    async def list_at_risk(visit: Visit = visit, after: _After = "") -> Response:
        """In the order of what is at stake; before the estimates were made the first time, of their ids."""
        try:
            people, further = await _at_stake(desk, after)
            ranked = True
        except Problem as problem:
            if problem.status != 409:
                raise
            people, further = await page_of(desk, Wanted(stage=Stage.DEGENERATION), after)
            ranked = False
        shown = {"people": people, "ranked": ranked, "after": after, "next": further}
        return visit.show("at_risk.html.j2", address="/at-risk?", **shown)


async def _at_stake(desk: Desk, after: str) -> tuple[list[Listed], str | None]:
    """People at risk, those with the most at stake first. Raises Problem 400 and 409."""
    among = Among(None, None, Stage.DEGENERATION)
    page = await desk.estimates.ranked(Sort.AT_STAKE, Order.DESCENDING, among, after or None, PAGE)
    asked = {each.customer: lane_of(each.customer, desk.settings.lanes) for each in page.items}
    states = {row.person: row.state for row in await desk.queries.states(asked)}
    now = await desk.queries.now()
    people = [
        Listed(each.customer, _explained(states[each.customer], now, desk.rules), each.value or None)
        for each in page.items
        if each.customer in states
    ]
    return people, page.next


async def _known(desk: Desk, person: str) -> bool:
    return await desk.queries.person(lane_of(person, desk.settings.lanes), person) is not None


async def page_of(desk: Desk, wanted: Wanted, after: str) -> tuple[list[Listed], str | None]:
    """A page of people as they stand now, and the cursor of the next one. Raises Problem 400."""
    cursor = cursors.decode(after, PeopleCursor) if after else _FIRST
    rows = await desk.queries.listed(cursor, wanted, PAGE + 1)
    shown = rows[:PAGE]
    now = await desk.queries.now()
    people = [Listed(row.person, _explained(row.state, now, desk.rules)) for row in shown]
    further = cursors.encode(PeopleCursor(shown[-1].lane, shown[-1].person)) if len(rows) > PAGE else None
    return people, further


def _explained(state: bytes, now: int, rules: Rules) -> Explanation:
    standing = decode(state)
    return explain(standing, max(now, standing.step_at), rules)


def check_id(told: str) -> str:
    """The id of a person. Raises Problem 404 for what none can be."""
    if not 1 <= len(told) <= 200 or "\x00" in told or (not told.isascii() and _lone(told)):
        raise Problem(404, "unknown-customer", "Nobody is known by this id")
    return told


def _lone(told: str) -> bool:
    """Whether it holds half a surrogate, which is no text."""
    return any("\ud800" <= sign <= "\udfff" for sign in told)
