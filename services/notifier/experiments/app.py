"""Experiments over HTTP: the groups a person is in, and what a play has brought."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path

from services.notifier.experiments.answers import PersonExperiments, TrialResult
from services.notifier.experiments.results import Results
from shared.http import PROBLEM, needs
from shared.http.raw_path import RawPathRoute

_NO_NUL: Final = "^[^\x00]+$"
Customer = Annotated[
    str,
    Path(alias="id", min_length=1, max_length=200, pattern=_NO_NUL, description="The person's id, percent-encoded."),
]
PlayName = Annotated[
    str, Path(alias="id", min_length=1, max_length=100, pattern=_NO_NUL, description="As `/v1/plays` names it.")
]


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM: {"schema": {"type": "object"}}}}


def experiments(results: Results) -> APIRouter:
    """All of it, with a key."""
    router = APIRouter(
        tags=["experiments"],
        dependencies=[needs("ladder:read")],
        route_class=RawPathRoute,
        responses={
            401: _problem("A valid API key is needed"),
            403: _problem("The API key lacks the scope ladder:read"),
            422: _problem("A parameter is not valid; `errors` says which"),
        },
    )

    @router.get("/v1/customers/{id}/experiments", response_model_exclude_none=True)
    async def get_experiments(customer: Customer) -> PersonExperiments:
        """The groups a person is in, by play; they stay the same for ever."""
        return await results.person(customer)

    @router.get("/v1/plays/{id}/result", responses={404: _problem("There is no play of this name on trial")})
    async def get_result(play: PlayName) -> TrialResult:
        """Whether a play helps: treated and held out, the difference with its interval, money, and a verdict."""
        return await results.result(play)

    @router.get("/v1/experiments/result", responses={404: _problem("The book of plays has no [whole]")})
    async def get_whole_result() -> TrialResult:
        """Whether all advertising together helps: the treated and the control group that gets none."""
        return await results.whole()

    return router
