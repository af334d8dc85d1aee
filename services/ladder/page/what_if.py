"""What if people moved up a rung: a form, and what a year would bring more."""

from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator, Field

from services.ladder.estimates.answers import WhatIf
from services.ladder.estimates.effect import Effects
from services.ladder.estimates.what_if import TOP, PlayName, Supposed
from services.ladder.page.desk import Desk, Visit
from services.ladder.page.lists import unset
from services.ladder.page.neighbour import Absent
from services.ladder.page.plays import plays_of
from shared.http import Problem

_Rung = Annotated[Annotated[int, Field(ge=1, lt=TOP)] | None, BeforeValidator(unset), Query()]
_Share = Annotated[float, Query(gt=0, le=100, allow_inf_nan=False)]
_Effect = Annotated[float, Query(ge=0, le=100, allow_inf_nan=False)]


_Play = Annotated[PlayName | None, BeforeValidator(unset), Query()]


class _Found(NamedTuple):
    """What is known, or the key of the words that say why it is not."""

    told: WhatIf | None
    missing: str | None = None
    status: int = 200


def add(routes: APIRouter, desk: Desk, visit: Any) -> None:
    """Add this page."""
    effects = Effects(desk.neighbour)

    @routes.get("/what-if")
    async def show_what_if(
        visit: Visit = visit, rung: _Rung = None, share: _Share = 10.0, effect: _Effect = 50.0, play: _Play = None
    ) -> Response:
        """Share and effect are in percent."""
        supposed = Supposed(rung=rung, share=share / 100, effect=effect / 100, play=play)
        told, missing, status = await _found(desk, effects, visit.request, supposed)
        return visit.show(
            "what_if.html.j2",
            status=status,
            found=told,
            missing=missing,
            asked=supposed,
            share=share,
            effect=effect,
            plays=await _on_trial(desk, visit.request),
            top=TOP,
        )


async def _found(desk: Desk, effects: Effects, request: Request, supposed: Supposed) -> _Found:
    try:
        measured = None if supposed.play is None else await effects.of(request, supposed.play)
        return _Found(await desk.estimates.what_if(supposed, {}, measured))
    except Problem as problem:
        kind = problem.body["type"]
        if problem.status == 409:
            return _Found(None, "rungs.not_yet")
        if kind not in {"unknown-trial", "not-measured", "notifier-unavailable"}:
            raise
        return _Found(None, f"what_if.{kind}", problem.status)


async def _on_trial(desk: Desk, request: Request) -> list[str]:
    """The names of the plays that may have measured something; none where the notifier cannot be asked."""
    book = await desk.neighbour.ask(request, "/v1/plays")
    return [] if isinstance(book, Absent) else [play.id for play in plays_of(book) if play.tried]
