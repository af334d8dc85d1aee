"""The key figures of a period as curves and tables, and who went up and down on the ladder."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Any, Final, NamedTuple

from fastapi import APIRouter, Query, Response
from pydantic import BeforeValidator

from services.ladder import parameters
from services.ladder.figures import days
from services.ladder.figures.answers import Curve, Flows, Group
from services.ladder.figures.asking import By
from services.ladder.page import charts
from services.ladder.page.desk import Desk, Visit
from services.ladder.page.lists import unset
from shared.http import Problem

WEEK: Final = 7
_COHORTS: Final = 6
"""So many of the newest cohorts are drawn."""

_SOURCES: Final = 50
"""So many sources are shown, those with the most people."""

Rate = Callable[[Group], float | None]

_CURVES: Final[dict[str, Rate]] = {
    "repeat_rate": lambda month: month.simple.repeat_rate,
    "churn_per_year": lambda month: month.simple.churn_per_year,
    "purchase_frequency": lambda month: month.simple.purchase_frequency,
    "average_order_value": lambda month: _number(month.simple.average_order_value),
    "customer_lifetime_value": lambda month: _number(month.simple.customer_lifetime_value),
}
"""What is drawn month by month."""

_Day = Annotated[parameters.Date | None, BeforeValidator(unset)]


class Moved(NamedTuple):
    """By rung, how many came up to it and down to it."""

    up: Counter[int]
    down: Counter[int]


def add(routes: APIRouter, desk: Desk, visit: Any) -> None:
    """Add this page."""

    @routes.get("/figures")
    async def show_figures(
        visit: Visit = visit,
        first: Annotated[_Day, Query(alias="from")] = None,
        last: Annotated[_Day, Query(alias="to")] = None,
    ) -> Response:
        span = _day(first), _day(last)
        try:
            kpis = await desk.figures.kpis(*span, By.MONTH)
            sources = await desk.figures.sources(*span)
            flows = await desk.figures.flows(*span)
        except Problem as problem:
            if problem.status != 409:
                raise
            return visit.show("figures.html.j2", kpis=None)
        drawn = {name: charts.lines({name: [rate(month) for month in kpis.groups]}) for name, rate in _CURVES.items()}
        return visit.show(
            "figures.html.j2",
            kpis=kpis,
            flows=flows,
            sources=sources[:_SOURCES],
            drawn=drawn,
            retained=charts.lines(_retained(kpis.curves)),
            width=charts.WIDTH,
            height=charts.HEIGHT,
        )


def _day(told: date | None) -> int | None:
    return None if told is None else days.number(told)


def _number(told: str | None) -> float | None:
    return None if told is None else float(told)


def _retained(curves: Sequence[Curve]) -> dict[str, list[float | None]]:
    return {curve.cohort: [*curve.retention] for curve in curves[-_COHORTS:] if curve.customers}


async def moved_since_last_week(desk: Desk) -> Moved | None:
    """Who went up and down in the last seven days; None where nobody has counted."""
    try:
        today = await desk.figures.today()
        return moved(await desk.figures.flows(today - WEEK + 1, today))
    except Problem as problem:
        if problem.status != 409:
            raise
        return None


def moved(flows: Flows) -> Moved:
    """By rung, how many came from below (or from nowhere) and from above."""
    found = Moved(Counter(), Counter())
    for way in flows.ways:
        from_, to = way.from_.rung if way.from_ else 0, way.to.rung
        if from_ < to:
            found.up[to] += way.people
        elif to < from_:
            found.down[to] += way.people
    return found
