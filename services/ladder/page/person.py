"""A person's page: standing, why, what is missing, when they would fall, the chance of another order, what happened."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.ladder.core.explain import explain
from services.ladder.page import charts
from services.ladder.page.desk import Desk, Visit
from services.ladder.page.frame import reader_language
from services.ladder.page.lists import check_id
from services.ladder.page.neighbour import Absent
from services.ladder.page.timeline import Place, timeline, wanted
from shared import instants
from shared.log.partitioner import lane_of

_END = 2**63 - 1
_MESSAGES = 1_000

Id = Annotated[str, Query(alias="id")]
Until = Annotated[int, Query(ge=-(2**63), le=_END)]
Skipped = Annotated[int, Query(ge=0, le=1_000_000)]


def add(routes: APIRouter, desk: Desk, visit: Any) -> None:
    """Add this page."""

    @routes.get("/person")
    async def show_person(visit: Visit = visit, id_: Id = "", until: Until = _END, skipped: Skipped = 0) -> Response:
        person = check_id(id_)
        standing, now, parked, rules = await desk.registry.standing(person, None)
        explained = explain(standing, now, rules)
        place = Place(until, skipped)
        rows = await desk.queries.life(lane_of(person, desk.settings.lanes), person, place.until, wanted(place))
        messages, older, absent = await messages_of(desk, visit.request, person)
        entries, further = timeline(rows, messages, place, reader_language(visit.request))
        falls_at = instants.parse(explained.falls.at) if explained.falls else None
        return visit.show(
            "person.html.j2",
            person=person,
            explained=explained,
            worth=await desk.valuer.value(person),
            parked=parked,
            curve=charts.curve(standing, falls_at, now, desk.rules),
            width=charts.WIDTH,
            height=charts.HEIGHT,
            entries=entries,
            older=older and further is None,
            absent=absent,
            beginning=place == Place(_END, 0),
            next=further,
        )


async def messages_of(
    desk: Desk, request: Request, person: str
) -> tuple[Sequence[Mapping[str, Any]], bool, Absent | None]:
    """(the person's newest messages, whether there are older ones, why there are none)."""
    found = await desk.neighbour.ask(request, "/v1/messages", customer=person, limit=str(_MESSAGES))
    if isinstance(found, Absent):
        return [], False, found
    return found["items"], found["next"] is not None, None
