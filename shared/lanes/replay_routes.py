"""Dead letters over HTTP: what could not be read and why, and a way to have it read again.

The records themselves are not told: those of some topics are personal.
"""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from shared import instants
from shared.http import PROBLEM, needs
from shared.lanes.replay import FIRST, Letter, Letters, Place

_NO_NUL: Final = "^[^\x00]*$"
After = Annotated[
    str | None, Query(max_length=300, pattern=_NO_NUL, description="Go on behind the page that gave this as `next`.")
]
Limit = Annotated[int, Query(ge=1, le=1_000, description="Items in the page at most.")]
LetterId = Annotated[
    str, Path(alias="id", min_length=1, max_length=300, pattern="^[^\x00]+$", description="As the list tells it.")
]


class DeadLetter(BaseModel):
    """A record that could not be read. `pointer`: where in it (JSON pointer, RFC 6901)."""

    id: str
    topic: str
    lane: int
    offset: int
    reason: str
    pointer: str
    recorded_at: str
    bytes: int


class DeadLetters(BaseModel):
    """A page of them, by lane, topic and offset."""

    items: list[DeadLetter]
    next: str | None


class Replayed(BaseModel):
    """`gone`: there is no such letter any more; it was replayed before, or there never was one."""

    id: str
    outcome: Literal["replayed", "gone"]


def dead_letters(service: str, letters: Letters) -> APIRouter:
    """Those of this service."""
    routes = APIRouter(
        tags=["dead letters"],
        responses={
            400: _problem("The place is not one that this list has given out"),
            401: _problem("A valid API key is needed"),
            403: _problem("The API key lacks the scope"),
            422: _problem("A parameter is not valid, or the record names no person"),
            503: _problem("The database or the log does not answer; try again after `Retry-After`"),
        },
    )

    @routes.get(
        f"/v1/dead-letters/{service}",
        dependencies=[needs("ladder:read")],
        operation_id=f"list_dead_letters_{service}",
        summary=f"Dead letters of the {service}",
    )
    async def list_letters(after: After = None, limit: Limit = 100) -> DeadLetters:
        """What could not be read, and why."""
        found = await letters.page(Place.of(after) if after is not None else FIRST, limit + 1)
        further = str(found[limit - 1].place) if len(found) > limit else None
        return DeadLetters(items=[_told(each) for each in found[:limit]], next=further)

    @routes.post(
        f"/v1/dead-letters/{service}/{{id}}/replay",
        status_code=202,
        dependencies=[needs("admin")],
        operation_id=f"replay_dead_letter_{service}",
        summary=f"Replay a dead letter of the {service}",
    )
    async def replay_letter(letter: LetterId) -> Replayed:
        """Append the record to its topic again, as it was, and forget the letter. Asking again does no harm."""
        done = await letters.replay(Place.of(letter))
        return Replayed(id=letter, outcome="replayed" if done else "gone")

    return routes


def _told(letter: Letter) -> DeadLetter:
    return DeadLetter(
        id=str(letter.place),
        topic=letter.place.topic,
        lane=letter.place.lane,
        offset=letter.place.offset,
        reason=letter.reason,
        pointer=letter.pointer,
        recorded_at=instants.text(letter.recorded_at),
        bytes=letter.size,
    )


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM: {"schema": {"type": "object"}}}}
