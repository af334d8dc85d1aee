"""What the pages are made from, and by whom they are asked for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from services.ladder.core.rules import Rules
from services.ladder.core.standing import PHASE_OF
from services.ladder.estimates.asking import Estimates
from services.ladder.estimates.valuing import Valuer
from services.ladder.feed import Feed
from services.ladder.figures.asking import Figures
from services.ladder.page.access import Access, Visitor
from services.ladder.page.frame import shown
from services.ladder.page.neighbour import Neighbour
from services.ladder.page.queries import PageQueries
from services.ladder.parked.queries import Parked
from services.ladder.people import Registry
from services.ladder.preview.previews import Previews
from services.ladder.rulebook.book import Book
from services.ladder.rulebook.reading import Versions
from services.ladder.settings import LadderSettings
from services.ladder.stream import Watch
from shared.lanes.replay import Letters


@dataclass(frozen=True, slots=True)
class Desk:
    """The ladder, as far as pages need it."""

    settings: LadderSettings
    book: Book
    versions: Versions
    letters: Letters
    parked: Parked
    queries: PageQueries
    registry: Registry
    valuer: Valuer
    estimates: Estimates
    figures: Figures
    previews: Previews
    feed: Feed
    watch: Watch
    access: Access
    neighbour: Neighbour

    @property
    def rules(self) -> Rules:
        """Those in force."""
        return self.book.rules

    @property
    def written(self) -> str:
        """The text of the rules."""
        return self.book.written

    async def places(self) -> dict[tuple[int, str], int]:
        """How many people stand on each rung in each stage."""
        found = {}
        for row in await self.queries.places():
            rung, _, stage = row.key.split("/")
            found[int(rung), stage] = row.people
        return {place: people for place, people in found.items() if place[1] in PHASE_OF}


@dataclass(frozen=True, slots=True)
class Visit:
    """A page that somebody who was let in asks for."""

    request: Request
    visitor: Visitor

    def show(self, template: str, **values: Any) -> HTMLResponse:
        """The page."""
        return shown(self.request, template, visitor=self.visitor, **values)


def visits(access: Access) -> Any:
    """A dependency for routes: the visit, or the way to the log-in."""

    async def visit(request: Request) -> Visit:
        return Visit(request, await access.visitor(request))

    made: Callable[[Request], Awaitable[Visit]] = visit
    return Depends(made)
