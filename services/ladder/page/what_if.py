"""What if people moved up a rung: a form, and what a year would bring more."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BeforeValidator, Field

from services.ladder.estimates.what_if import TOP, Supposed
from services.ladder.page.desk import Desk, Visit
from services.ladder.page.lists import unset
from shared.http import Problem

_Rung = Annotated[Annotated[int, Field(ge=1, lt=TOP)] | None, BeforeValidator(unset), Query()]
_Share = Annotated[float, Query(gt=0, le=100, allow_inf_nan=False)]
_Effect = Annotated[float, Query(ge=0, le=100, allow_inf_nan=False)]


def add(routes: APIRouter, desk: Desk, visit: Any) -> None:
    """Add this page."""

    @routes.get("/what-if")
    async def show_what_if(
        visit: Visit = visit, rung: _Rung = None, share: _Share = 10.0, effect: _Effect = 50.0
    ) -> Response:
        """Share and effect are in percent."""
        supposed = Supposed(rung=rung, share=share / 100, effect=effect / 100)
        try:
            found = await desk.estimates.what_if(supposed, {})
        except Problem as problem:
            if problem.status != 409:
                raise
            found = None
        return visit.show("what_if.html.j2", found=found, rung=rung, share=share, effect=effect, top=TOP)
