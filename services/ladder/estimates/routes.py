"""Worth and expectations over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.ladder import parameters
from services.ladder.estimates import answers
from services.ladder.estimates.asking import Estimates
from services.ladder.estimates.effect import Effects
from services.ladder.estimates.trials import Trials
from services.ladder.estimates.valuing import Valuer
from services.ladder.estimates.what_if import TOP, PlayName, Supposed
from services.ladder.schemas import answer, problem
from shared.http import json

_UNKNOWN = problem("Nobody is known by this id")
NOT_YET = problem("The estimates have not been made yet; they are soon after a start")


def add_value(routes: APIRouter, valuer: Valuer) -> None:
    """The question about one person."""

    @routes.get(
        "/v1/customers/{id}/value",
        responses={200: answer(answers.PersonValue, "What the person is worth"), 404: _UNKNOWN},
    )
    async def get_value(customer: parameters.PersonInPath) -> Response:
        """What a person has brought and cost so far, what friends brought by their referral, and what to expect."""
        return json(await valuer.value(customer))


def add_estimates(routes: APIRouter, estimates: Estimates) -> None:
    """The questions about everybody."""

    @routes.get(
        "/v1/ladder/estimates",
        responses={200: answer(answers.LadderEstimates, "What to expect of each rung"), 409: NOT_YET},
    )
    async def get_ladder_estimates() -> Response:
        """How often the people on each rung will buy within a year, and what that brings, with intervals."""
        return json(await estimates.ladder())

    @routes.get(
        "/v1/acquisition", responses={200: answer(answers.AcquisitionAnswer, "What new customers cost"), 409: NOT_YET}
    )
    async def get_acquisition() -> Response:
        """By source what a new customer costs, brings, and may cost at most."""
        return json(await estimates.acquisition())


def add_what_if(routes: APIRouter, estimates: Estimates, trials: Trials, effects: Effects) -> None:
    """What if people moved up."""
    told: dict[int | str, dict[str, Any]] = {
        200: answer(answers.WhatIf, "What it would bring, and what that stands on"),
        404: problem("There is no play of this name on trial"),
        409: NOT_YET,
        503: problem("The database, or the notifier with a play's result, does not answer"),
    }

    @routes.get("/v1/ladder/what-if", responses=told)
    async def get_what_if(
        request: Request,
        rung: Annotated[int | None, Query(ge=1, lt=TOP, description="Only people on this rung.")] = None,
        share: Annotated[float, Query(gt=0, le=1, description="So many of them move up.")] = 1.0,
        effect: Annotated[float, Query(ge=0, le=1, description="How much of the difference comes true.")] = 1.0,
        play: Annotated[PlayName | None, Query(description="A play on trial whose effect counts instead.")] = None,
    ) -> Response:
        """What a year would bring if people moved up one rung, and what may be spent on each for it.

        With `play` as many of the people are moved as that play was found to bring to its goal beyond those held out;
        422 `not-measured` where it is too early to say, or the goal is no move up.
        """
        supposed = Supposed(rung=rung, share=share, effect=effect, play=play)
        found = None if play is None else await effects.of(request, play)
        return json(await estimates.what_if(supposed, {}, found))

    @routes.post("/v1/ladder/what-if", responses=told)
    async def post_what_if(request: Request, supposed: Supposed) -> Response:
        """The same, with what plays on trial have measured instead of the assumption. Nothing is changed."""
        found = None if supposed.play is None else await effects.of(request, supposed.play)
        return json(await estimates.what_if(supposed, await trials.measured(request, supposed.measured), found))
