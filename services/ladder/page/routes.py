"""The addresses of the pages. None is in the OpenAPI document: they are for people."""

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ladder.estimates.asking import Estimates
from services.ladder.estimates.valuing import Valuer
from services.ladder.feed import Feed
from services.ladder.figures.asking import Figures
from services.ladder.figures.queries import FigureQueries
from services.ladder.page import (
    door,
    figures,
    health,
    lists,
    overview,
    person,
    plays,
    what_if,
    worth,
)
from services.ladder.page import (
    rules as rules_page,
)
from services.ladder.page.access import Access
from services.ladder.page.desk import Desk, visits
from services.ladder.page.frame import route_in
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


def pages(desk: Desk) -> APIRouter:
    """All pages."""
    routes = APIRouter(include_in_schema=False, route_class=route_in(desk.settings.time_zone))
    visit = visits(desk.access)
    door.add(routes, desk.access)
    for part in (overview, lists, person, figures, worth, what_if, plays, rules_page, health):
        part.add(routes, desk, visit)
    return routes


def desk_of(engine: AsyncEngine, settings: LadderSettings, book: Book, letters: Letters, neighbour: Neighbour) -> Desk:
    """What the pages are made from; engine and neighbour are the caller's to close."""
    queries = PageQueries(engine, by_facts=settings.clock == "facts")
    sums = FigureQueries(queries, by_facts=settings.clock == "facts")
    feed = Feed(queries, settings.lanes)
    registry = Registry(queries, book, settings.lanes)
    return Desk(
        settings=settings,
        book=book,
        versions=Versions(queries, book),
        letters=letters,
        parked=Parked(queries),
        queries=queries,
        registry=registry,
        valuer=Valuer(registry, book),
        estimates=Estimates(queries, book),
        figures=Figures(sums, book),
        previews=Previews(queries, sums, book),
        feed=feed,
        watch=Watch(feed),
        access=Access(queries),
        neighbour=neighbour,
    )
