"""Worth and expectations over HTTP."""

from fastapi import APIRouter, Response

from services.ladder import parameters
from services.ladder.estimates import answers
from services.ladder.estimates.valuing import Valuer
from services.ladder.schemas import answer, problem
from shared.http import json

_UNKNOWN = problem("Nobody is known by this id")


def add_value(routes: APIRouter, valuer: Valuer) -> None:
    """The question about one person."""

    @routes.get(
        "/v1/customers/{id}/value",
        responses={200: answer(answers.PersonValue, "What the person is worth"), 404: _UNKNOWN},
    )
    async def get_value(customer: parameters.PersonInPath) -> Response:
        """What a person has brought and cost so far, what friends brought by their referral, and what to expect."""
        return json(await valuer.value(customer))
