"""The notifier's plays, and what each has brought, as it tells over HTTP."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Response

from services.ladder.page.desk import Desk, Visit
from services.ladder.page.neighbour import Absent

_MOST: Final = 100
"""Plays on the page at most; a book has a dozen."""


class Play(NamedTuple):
    """One play: its name, on what it starts, what it does step by step, and its result where it is on trial."""

    id: str
    on: list[str]
    steps: list[str]
    tried: bool = False
    result: Any = None


def add(routes: APIRouter, desk: Desk, visit: Any) -> None:
    """Add this page."""

    @routes.get("/plays")
    async def show_plays(visit: Visit = visit) -> Response:
        book = await desk.neighbour.ask(visit.request, "/v1/plays")
        if isinstance(book, Absent):
            return visit.show("plays.html.j2", plays=[], absent=book)
        listed = plays_of(book)[:_MOST]
        paths = [f"/v1/plays/{quote(play.id, safe='')}/result" for play in listed]
        results = await asyncio.gather(*(desk.neighbour.ask(visit.request, path) for path in paths))
        plays = [
            play._replace(result=None if isinstance(result, Absent) else result)
            for play, result in zip(listed, results, strict=True)
        ]
        return visit.show("plays.html.j2", plays=plays, absent=None)


def plays_of(book: Mapping[str, Any]) -> list[Play]:
    """The plays of a book: under `play` each with an `id`, or, as older notifiers tell, each under its own name."""
    listed = book.get("play")
    if isinstance(listed, list):
        return [_play(str(each.get("id")), each) for each in listed if isinstance(each, dict)]
    return [_play(name, each) for name, each in book.items() if isinstance(each, dict)]


def _play(name: str, told: Mapping[str, Any]) -> Play:
    steps = [str(step.get("do")) for step in told.get("step", []) if isinstance(step, dict)]
    return Play(name, [str(on) for on in told.get("on", [])], steps, tried=bool(told.get("trial")))
