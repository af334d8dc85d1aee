"""What the rungs are worth, and what new customers cost and may cost, by the estimates as they were made last."""

from typing import Any

from fastapi import APIRouter, Response

from services.ladder.page.desk import Desk, Visit
from shared.http import Problem


def add(routes: APIRouter, desk: Desk, visit: Any) -> None:
    """Add this page."""

    @routes.get("/worth")
    async def show_worth(visit: Visit = visit) -> Response:
        try:
            rungs, sources = await desk.estimates.ladder(), await desk.estimates.acquisition()
        except Problem as problem:
            if problem.status != 409:
                raise
            return visit.show("worth.html.j2", rungs=None, sources=None)
        return visit.show("worth.html.j2", rungs=rungs, sources=sources)
