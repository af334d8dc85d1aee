"""How the ladder fares: dependencies, lag, lanes, dead letters and their replay."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.ladder.page import access
from services.ladder.page.desk import Desk, Visit
from services.ladder.page.frame import HEADERS
from services.ladder.page.letters import FIRST, Place, place_of, replay, shown
from services.ladder.page.neighbour import Absent, here

PAGE: Final = 20

_Place = Annotated[str, Query(max_length=300)]
_Number = Annotated[int | None, Query(ge=0, le=1_000_000)]


def add(routes: APIRouter, desk: Desk, visit: Any) -> None:
    """Add this page and what is done there."""

    @routes.get("/health")
    async def show_health(
        visit: Visit = visit, after: _Place = "", replayed: _Number = None, failed: _Number = None
    ) -> Response:
        begin = place_of(after) if after else FIRST
        rows = await desk.queries.letters(begin, PAGE + 1)
        further = str(_place(rows[PAGE - 1])) if len(rows) > PAGE else None
        return visit.show(
            "health.html.j2",
            ready=await ready(desk, visit.request),
            lanes=await desk.queries.lanes(),
            letters=[(_place(row), row, shown(row.topic, row.beginning)) for row in rows[:PAGE]],
            after=after,
            next=further,
            keyless=not visit.request.app.state.keys.needed,
            replayed=replayed,
            failed=failed,
        )

    @routes.post("/health/replay")
    async def replay_letters(visit: Visit = visit) -> Response:
        """Of one dead letter, or of a page of them; the page then says how many."""
        fields = await access.form(visit.request)
        access.check_mark(visit.visitor, fields, visit.visitor.acts)
        places = [place_of(place) for place in fields.get("places", "").split("\n") if place][:PAGE]
        outcomes = [await replay(desk.queries, desk.log, desk.settings.lanes, place) for place in places]
        done = sum(outcomes)
        return RedirectResponse(f"/health?replayed={done}&failed={len(outcomes) - done}#letters", 303, HEADERS)


def _place(row: Any) -> Place:
    return Place(row.lane, row.topic, row.offset)


async def ready(desk: Desk, request: Request) -> dict[str, Any]:
    """What this process's /readyz tells, and, where the notifier runs elsewhere, what its does."""
    told: dict[str, Any] = (await here(request, "/readyz")).json()
    if desk.neighbour.elsewhere:
        theirs = await desk.neighbour.health()
        if isinstance(theirs, Absent):
            told["checks"]["notifier"] = theirs
        else:
            told["checks"] |= {f"notifier: {name}": state for name, state in theirs["checks"].items()}
            told["lag"] |= theirs["lag"]
    return told
