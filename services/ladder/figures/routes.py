"""Figures over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.ladder import parameters
from services.ladder.figures import answers, days
from services.ladder.figures.asking import By, Figures
from services.ladder.schemas import answer, problem
from shared.http import json

First = Annotated[
    parameters.Date | None, Query(alias="from", description="The first day; without it a year before `to`.")
]
Last = Annotated[
    parameters.Date | None, Query(alias="to", description="The last day, which belongs to it; without it today.")
]
Apart = Annotated[
    By | None, Query(description="Also by rung, by month of the first order, month by month, or by source.")
]

MISSING = problem("There are people from before figures were kept: a refold counts them")


def add_figures(routes: APIRouter, figures: Figures) -> None:
    """The questions about periods."""

    @routes.get("/v1/kpis", responses={200: answer(answers.KpiAnswer, "The figures of a period"), 409: MISSING})
    async def get_kpis(first: First = None, last: Last = None, by: Apart = None) -> Response:
        """Repeat rate, churn, purchase frequency, order value and lifetime value, by two definitions each.

        Days are the shop's. Yearly churn above 5 per cent is marked `watch`, above 7 per cent `warning`.
        """
        return json(await figures.kpis(_number(first), _number(last), by))

    @routes.get("/v1/ladder/flows", responses={200: answer(answers.Flows, "Who went where"), 409: MISSING})
    async def get_flows(first: First = None, last: Last = None) -> Response:
        """Who went from which rung and phase to which in a period, how long they had been there, what it was worth."""
        return json(await figures.flows(_number(first), _number(last)))


def _number(day: date | None) -> int | None:
    return None if day is None else days.number(day)
