"""Worth and expectations over HTTP."""

from fastapi import APIRouter, Response

from services.ladder import parameters
from services.ladder.estimates import answers
from services.ladder.estimates.asking import Estimates
from services.ladder.estimates.valuing import Valuer
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
