"""The ladder as a picture, and announcements as they happen."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from services.ladder.feed import ALL_TYPES
from services.ladder.page import charts, live
from services.ladder.page.desk import Desk, Visit
from services.ladder.page.figures import moved_since_last_week
from services.ladder.page.frame import HEADERS, fragment, reader_language
from services.ladder.page.language import Language
from services.ladder.picture import picture
from services.ladder.stream import EventStream, Wanted, events

NEWEST = 15
"""Announcements beside the picture."""


def add(routes: APIRouter, desk: Desk, visit: Any) -> None:
    """Add these pages."""

    @routes.get("/")
    async def show_ladder(visit: Visit = visit) -> Response:
        words = reader_language(visit.request)
        newest = await told(desk, words, NEWEST)
        return visit.show("ladder.html.j2", newest=newest, **await picture_of(desk))

    @routes.get("/picture")
    async def show_picture(visit: Visit = visit) -> Response:
        """The picture alone, for pages that show it already."""
        html = fragment("picture.html.j2", reader_language(visit.request), **await picture_of(desk))
        return HTMLResponse(html, 200, HEADERS)

    @routes.get("/live")
    async def show_live(visit: Visit = visit) -> Response:
        newest = await told(desk, reader_language(visit.request), live.SHOWN)
        return visit.show("live.html.j2", newest=newest)

    @routes.get("/live/stream")
    async def stream(visit: Visit = visit) -> Response:
        """The same announcements as /v1/announcements/stream, each as a piece of a page."""
        seen = visit.request.headers.get("last-event-id")
        cursor = desk.feed.cursor(seen) if seen else await desk.feed.newest()
        wanted = Wanted(frozenset(ALL_TYPES), None, desk.settings.clock == "facts")
        announcements = events(desk.feed, desk.watch, cursor, wanted)
        return EventStream(live.fragments(announcements, reader_language(visit.request)))


async def told(desk: Desk, words: Language, limit: int) -> list[live.Told]:
    """The newest announcements."""
    return [live.told(value, words) for value in await desk.queries.newest_announcements(limit)]


async def picture_of(desk: Desk) -> dict[str, Any]:
    """What the picture of the ladder shows."""
    whole = await picture(desk.queries, desk.rules)
    return {
        "whole": whole,
        "spent": {rung.number: rung.spent for rung in whole.rungs},
        "currency": desk.rules.currency,
        "steps": charts.steps(await desk.places()),
        "moved": await moved_since_last_week(desk),
        "bar": charts.BAR,
    }
