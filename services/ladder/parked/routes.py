"""Parked persons over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Response
from msgspec import Meta, Struct

from services.ladder import cursors, parameters
from services.ladder.cursors import PeopleCursor
from services.ladder.parked.queries import Parked, ParkedPerson
from services.ladder.schemas import answer, problem
from shared import instants
from shared.http import json, needs

FIRST = PeopleCursor(-1, "")


class ParkedAnswer(Struct, kw_only=True):
    """Somebody whose facts wait."""

    customer: str
    facts: Annotated[int, Meta(description="So many wait.")]
    reason: Annotated[str, Meta(description="Why the first of them could not be folded.")]
    since: str


class ParkedPage(Struct, kw_only=True):
    """A page of them."""

    items: list[ParkedAnswer]
    next: str | None


class Retried(Struct, kw_only=True):
    """What is tried again; it takes some seconds."""

    lanes: Annotated[list[int], Meta(description="Whose parked facts are tried again.")]


def add_parked(routes: APIRouter, parked: Parked) -> None:
    """The questions about parked persons."""

    @routes.get(
        "/v1/parked",
        responses={
            200: answer(ParkedPage, "A page of people whose facts wait"),
            400: problem("The cursor is not one that this list has given out"),
        },
    )
    async def list_parked(after: parameters.After = None, limit: parameters.Limit = 100) -> Response:
        """People with a fact that could not be folded: it and all later ones of theirs wait."""
        cursor = cursors.decode(after, PeopleCursor) if after is not None else FIRST
        found = await parked.page(cursor, limit + 1)
        last = found[:limit][-1] if len(found) > limit else None
        further = None if last is None else cursors.encode(PeopleCursor(last.lane, last.person))
        return json(ParkedPage(items=[_told(each) for each in found[:limit]], next=further))

    @routes.post(
        "/v1/parked/retry",
        status_code=202,
        dependencies=[needs("admin")],
        responses={202: answer(Retried, "They are tried again")},
    )
    async def retry_parked() -> Response:
        """Try all that wait again, as after a restart with newer code; who cannot be folded still is parked again."""
        return json(Retried(lanes=await parked.retry()), status=202)


def _told(each: ParkedPerson) -> ParkedAnswer:
    return ParkedAnswer(customer=each.person, facts=each.facts, reason=each.reason, since=instants.text(each.since))
