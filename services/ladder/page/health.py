"""How the ladder fares: dependencies, lag, lanes, dead letters and parked persons, and what can be done about them."""

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.ladder import cursors
from services.ladder.cursors import PeopleCursor
from services.ladder.page import access
from services.ladder.page.desk import Desk, Visit
from services.ladder.page.frame import HEADERS
from services.ladder.page.neighbour import Absent, here
from services.ladder.parked.routes import FIRST as FIRST_PERSON
from shared.events import SHOP_EVENTS
from shared.http import Problem
from shared.lanes.replay import FIRST, Place

PAGE: Final = 20
_LETTERS: Final = "/v1/dead-letters/notifier"

_Place = Annotated[str, Query(max_length=300)]
_Cursor = Annotated[str, Query(max_length=2_000)]
_Number = Annotated[int | None, Query(ge=0, le=1_000_000)]


def add(routes: APIRouter, desk: Desk, visit: Any) -> None:
    """Add this page and what is done there."""

    @routes.get("/health")
    async def show_health(
        visit: Visit = visit,
        after: _Place = "",
        theirs: _Place = "",
        waiting: _Cursor = "",
        replayed: _Number = None,
        failed: _Number = None,
        retried: _Number = None,
    ) -> Response:
        """`after`, `theirs` and `waiting`: where the lists of letters, of the notifier's and of parked people go on."""
        return visit.show(
            "health.html.j2",
            ready=await ready(desk, visit.request),
            lanes=await desk.queries.lanes(),
            ours=await _letters(desk, after),
            theirs=await _their_letters(desk, visit.request, theirs),
            parked=await _parked(desk, waiting),
            keyless=not visit.request.app.state.keys.needed,
            done={"replayed": replayed, "failed": failed, "retried": retried},
        )

    @routes.post("/health/replay")
    async def replay_letters(visit: Visit = visit) -> Response:
        """Of one dead letter, or of a page of them; the page then says how many."""
        fields = await _fields(visit)
        places = [Place.of(place) for place in fields.get("places", "").split("\n") if place][:PAGE]
        theirs = fields.get("of") == "notifier"
        outcomes = [
            await (_replay_theirs(desk, visit.request, place) if theirs else _replay(desk, place)) for place in places
        ]
        done = sum(outcomes)
        return _back(f"replayed={done}&failed={len(outcomes) - done}#letters")

    @routes.post("/health/retry")
    async def retry_parked(visit: Visit = visit) -> Response:
        """All parked persons are tried again; the page then says in how many lanes."""
        await _fields(visit)
        return _back(f"retried={len(await desk.parked.retry())}#parked")


async def _fields(visit: Visit) -> dict[str, str]:
    """The form of an admin. Raises Problem 403."""
    fields = await access.form(visit.request)
    access.check_mark(visit.visitor, fields, visit.visitor.acts)
    return fields


def _back(query: str) -> Response:
    return RedirectResponse(f"/health?{query}", 303, HEADERS)


async def _replay(desk: Desk, place: Place) -> bool:
    """Whether nothing is left to do. Raises Problem 503."""
    try:
        await desk.letters.replay(place)
    except Problem as problem:
        if problem.status != 422:
            raise
        return False
    return True


async def _replay_theirs(desk: Desk, request: Request, place: Place) -> bool:
    return not isinstance(await desk.neighbour.act(request, f"{_LETTERS}/{quote(str(place), safe='')}/replay"), Absent)


async def _letters(desk: Desk, after: str) -> dict[str, Any]:
    """A page of the ladder's letters. Raises Problem 400."""
    found = await desk.letters.page(Place.of(after) if after else FIRST, PAGE + 1)
    items = [
        {
            "id": str(each.place),
            **each.place._asdict(),
            "reason": each.reason,
            "pointer": each.pointer,
            "recorded_at": each.recorded_at,
            "bytes": each.size,
            "text": shown(each.place.topic, each.beginning),
        }
        for each in found[:PAGE]
    ]
    return {"items": items, "after": after, "next": items[-1]["id"] if len(found) > PAGE else None}


async def _their_letters(desk: Desk, request: Request, after: str) -> dict[str, Any]:
    """A page of the notifier's letters, without their contents, or why there is none."""
    asked = {"limit": str(PAGE), **({"after": after} if after else {})}
    told = await desk.neighbour.ask(request, _LETTERS, **asked)
    if isinstance(told, Absent):
        return {"items": [], "absent": told.reason, "after": after, "next": None}
    return {**told, "absent": None, "after": after}


async def _parked(desk: Desk, after: str) -> dict[str, Any]:
    """A page of those whose facts wait. Raises Problem 400."""
    cursor = cursors.decode(after, PeopleCursor) if after else FIRST_PERSON
    found = await desk.parked.page(cursor, PAGE + 1)
    items = found[:PAGE]
    further = cursors.encode(PeopleCursor(items[-1].lane, items[-1].person)) if len(found) > PAGE else None
    return {"items": items, "after": after, "next": further}


def shown(topic: str, beginning: bytes) -> str:
    """The beginning of a record as text; facts hold no personal data, and what is no text is written as it can be."""
    text = beginning.decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else "�" for sign in text) if topic == SHOP_EVENTS else text


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
