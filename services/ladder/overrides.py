"""Rungs given by hand: `PUT` and `DELETE /v1/customers/{id}/override`.

What somebody decides becomes a record of the person's lane, folded like a fact: nothing else writes a standing.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

import structlog
from fastapi import APIRouter, Query, Response
from msgspec import Struct
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from services.ladder.core.standing import RUNGS
from services.ladder.parameters import PersonInPath, instant
from services.ladder.people import Registry
from services.ladder.schemas import answer, problem
from shared import instants
from shared.events import (
    BY_HAND,
    LADDER_INTERNAL,
    Lifting,
    Override,
    Overriding,
    RungOverridden,
    RungOverrideLifted,
    encode,
)
from shared.http import Fault, KeyName, Problem, json, needs
from shared.http.raw_path import RawPathRoute
from shared.log import Entry, Log, LogUnavailableError
from shared.log.partitioner import lane_of

NAMELESS: Final = "operator"
"""By whom, where nobody needs a key and nobody says."""

_IMPERSONAL: Final = "^[^@\x00]*$"
_log = structlog.get_logger("ladder")

NewId = Callable[[], str]


def _number(told: Any) -> int:
    """The number of a rung, given as such or by its key. Raises ValueError."""
    if isinstance(told, str) and told in RUNGS:
        return RUNGS.index(told) + 1
    if type(told) is int and 1 <= told <= len(RUNGS):
        return told
    raise ValueError(f"must be a number from 1 to {len(RUNGS)}, or one of {', '.join(RUNGS)}")


Rung = Annotated[
    int,
    BeforeValidator(_number),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": len(RUNGS)}, {"enum": list(RUNGS)}]}),
]
Instant = Annotated[int, BeforeValidator(instant), WithJsonSchema({"type": "string", "format": "date-time"})]
By = Annotated[
    str | None, Field(max_length=200, pattern=_IMPERSONAL, description="By whom; with API keys it is the key's name.")
]
Why = Annotated[str, Field(min_length=1, max_length=500, pattern=_IMPERSONAL)]


class NewOverride(BaseModel):
    """A rung by hand: at least (`floor`) or exactly (`fixed`) this one."""

    model_config = ConfigDict(extra="forbid")

    rung: Rung
    kind: Literal["floor", "fixed"]
    reason: Annotated[Why, Field(description="Why, without personal data: it is kept in the log, an `@` is refused.")]
    until: Annotated[Instant | None, Field(description="When it ends by itself; without, when it is lifted.")] = None
    by: By = None


class Taken(Struct, kw_only=True):
    """The record is durable under this id, which is the cause of what it brings about; it is folded at `time`."""

    id: str
    time: str


def overrides(registry: Registry, log: Log, lanes: int, new_id: NewId) -> APIRouter:
    """The routes; who uses them needs the scope `admin`."""
    desk = _Desk(registry, log, lanes, new_id)
    routes = APIRouter(
        tags=["ladder"],
        dependencies=[needs("admin")],
        route_class=RawPathRoute,
        responses={
            202: answer(Taken, "It is in the log and counts from `time` on"),
            401: problem("A valid API key is needed"),
            403: problem("The API key lacks the scope admin"),
            404: problem("Nobody is known by this id"),
            422: problem("Something in the request is not valid; `errors` says what"),
            503: problem("The database or the log does not answer; try again after `Retry-After`"),
        },
    )

    @routes.put("/v1/customers/{id}/override", status_code=202)
    async def put_override(customer: PersonInPath, body: NewOverride, key: KeyName) -> Response:
        """Give a person a rung by hand, instead of whatever was given before.

        The criteria go on underneath: when the override ends, by time or by hand, the person stands where the rules
        put them. Every change of the rung is announced as any other, with the override as its cause.
        """
        return json(await desk.give(customer, body, key or body.by or NAMELESS), status=202)

    @routes.delete("/v1/customers/{id}/override", status_code=202)
    async def delete_override(
        customer: PersonInPath,
        key: KeyName,
        reason: Annotated[Why | None, Query(description="Why, without personal data.")] = None,
        by: Annotated[By, Query()] = None,
    ) -> Response:
        """Let the rules alone say again where a person stands; where nothing was given nothing changes."""
        return json(await desk.lift(customer, reason, key or by or NAMELESS), status=202)

    return routes


class _Desk:
    """Makes the records and appends them."""

    def __init__(self, registry: Registry, log: Log, lanes: int, new_id: NewId) -> None:
        self._registry = registry
        self._log = log
        self._lanes = lanes
        self._new_id = new_id

    async def give(self, person: str, body: NewOverride, by: str) -> Taken:
        """Raises Problem 404, 422 and 503."""
        now = (await self._registry.standing(person)).at
        if body.until is not None and body.until <= now:
            fault = Fault(pointer="/body/until", detail=f"must be later than now, which is {instants.text(now)}")
            raise Problem(422, "invalid-request", "The request is not valid", errors=[fault])
        until = None if body.until is None else instants.text(body.until)
        data = Overriding(rung=body.rung, kind=body.kind, reason=body.reason, by=by, until=until)
        time = instants.text(now)
        return await self._append(
            RungOverridden(id=self._new_id(), source=BY_HAND, subject=person, time=time, data=data)
        )

    async def lift(self, person: str, reason: str | None, by: str) -> Taken:
        """Raises Problem 404 and 503."""
        now = (await self._registry.standing(person)).at
        data, time = Lifting(by=by, reason=reason), instants.text(now)
        return await self._append(
            RungOverrideLifted(id=self._new_id(), source=BY_HAND, subject=person, time=time, data=data)
        )

    async def _append(self, record: Override) -> Taken:
        person = record.subject
        entry = Entry(LADDER_INTERNAL, lane_of(person, self._lanes), person.encode(), encode(record))
        try:
            await self._log.append([entry])
        except LogUnavailableError as error:
            _log.warning("log.unavailable", reason=str(error))
            detail = "The record may be in it already; asking again does no harm"
            headers = {"Retry-After": "5"}
            raise Problem(
                503, "log-unavailable", "The log cannot be reached", detail=detail, headers=headers
            ) from error
        return Taken(id=record.id, time=record.time)
