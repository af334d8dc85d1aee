"""Versions of the rules over HTTP: what there is, a draft put, a version activated."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict

from services.ladder.preview.routes import draft_of
from services.ladder.rulebook.answers import Mode, RulesAnswer, RulesText
from services.ladder.rulebook.answers import RulesVersion as Told
from services.ladder.rulebook.office import Office
from services.ladder.rulebook.reading import Versions
from services.ladder.schemas import answer, problem
from shared.http import KeyName, json, needs

NAMELESS: Final = "operator"
"""By whom, where nobody needs a key."""
_TOML: Final = {"text/plain": {"schema": {"type": "string", "description": "The draft, as a rules.toml."}}}
_UNKNOWN: Final = problem("There is no such version of the rules")

Number = Annotated[int, Path(alias="version", ge=0, le=2**31 - 1, description="The number of the version.")]


class Activation(BaseModel):
    """`emit`: what changes is announced, with `rules_changed` as its cause; `silent`: it changes in silence."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode


def rulebook(office: Office, versions: Versions) -> APIRouter:
    """The routes; whoever changes something needs the scope `admin`."""
    routes = APIRouter(
        tags=["ladder"],
        responses={
            401: problem("A valid API key is needed"),
            403: problem("The API key lacks the scope"),
            422: problem("Something in the request is not valid; `errors` says what"),
            503: problem("The database does not answer; try again after `Retry-After`"),
        },
    )
    _add_reading(routes, versions)
    _add_changing(routes, office)
    return routes


def _add_reading(routes: APIRouter, versions: Versions) -> None:
    reads = needs("ladder:read")

    @routes.get("/v1/rules", dependencies=[reads], responses={200: answer(RulesAnswer, "The rules")})
    async def get_rules() -> Response:
        """The rules that decide who stands where, all versions, and how far an activation has come."""
        return json(await versions.all())

    @routes.get(
        "/v1/rules/{version}", dependencies=[reads], responses={200: answer(RulesText, "The version"), 404: _UNKNOWN}
    )
    async def get_version(number: Number) -> Response:
        """One version of the rules, with its text."""
        return json(await versions.one(number))


def _add_changing(routes: APIRouter, office: Office) -> None:
    admin = needs("admin")

    @routes.put(
        "/v1/rules/{version}",
        dependencies=[admin],
        openapi_extra={"requestBody": {"required": True, "content": _TOML}},
        responses={
            200: answer(RulesText, "The version as it is kept"),
            400: problem("The request ended before its body did"),
            409: problem("This version has been in force with another text"),
            413: problem("A draft of the rules is smaller"),
        },
    )
    async def put_version(request: Request, number: Number, key: KeyName) -> Response:
        """Keep a draft of the rules, in place of a draft of the same number; try it with `/v1/rules/preview`."""
        return json(await office.put(number, await draft_of(request), key or NAMELESS))

    @routes.post(
        "/v1/rules/{version}/activate",
        status_code=202,
        dependencies=[admin],
        responses={
            202: answer(Told, "Every lane goes over to it"),
            404: _UNKNOWN,
            409: problem("Another version is being activated"),
        },
    )
    async def activate_version(number: Number, body: Activation) -> Response:
        """Decide everybody anew by this version, each once, while facts go on; asking again changes nothing.

        Each lane goes over by itself, a few hundred people at a time, and goes on where it was after a stop.
        `GET /v1/rules` tells how far they are.
        """
        return json(await office.activate(number, body.mode), status=202)
