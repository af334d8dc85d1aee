"""The ladder over HTTP: who stands where and why, the picture of the ladder, the feed of announcements, the rules."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ladder import answers, cursors, parameters
from services.ladder.estimates.asking import Among, Estimates
from services.ladder.estimates.effect import Effects
from services.ladder.estimates.queries import Order
from services.ladder.estimates.routes import NOT_YET, add_estimates, add_value, add_what_if
from services.ladder.estimates.trials import Trials
from services.ladder.estimates.valuing import Valuer
from services.ladder.feed import ALL_TYPES, Feed
from services.ladder.figures.asking import Figures
from services.ladder.figures.queries import FigureQueries
from services.ladder.figures.routes import MISSING, add_figures
from services.ladder.page.neighbour import Neighbour
from services.ladder.parked.queries import Parked
from services.ladder.parked.routes import add_parked
from services.ladder.people import Registry
from services.ladder.picture import picture, picture_of
from services.ladder.preview.previews import Previews
from services.ladder.preview.routes import add_preview
from services.ladder.queries import Queries
from services.ladder.rulebook.book import Book
from services.ladder.schemas import answer, problem
from services.ladder.settings import LadderSettings
from services.ladder.stream import EventStream, Wanted, Watch, events
from shared.http import json, needs
from shared.http.raw_path import RawPathRoute

_BAD_CURSOR = problem("The cursor is not one that this list has given out")
_UNKNOWN = problem("Nobody is known by this id")
_GONE = problem("The cursor is older than what is kept")


def router(
    engine: AsyncEngine,
    settings: LadderSettings,
    book: Book,
    neighbour: Neighbour | None = None,
    previews: Previews | None = None,
) -> APIRouter:
    """All questions, answered from this database; the engine and the neighbour are the caller's to close."""
    by_facts = settings.clock == "facts"
    queries = Queries(engine, by_facts=by_facts)
    sums = FigureQueries(queries, by_facts=by_facts)
    figures = Figures(sums, book)
    feed = Feed(queries, settings.lanes)
    routes = APIRouter(
        tags=["ladder"],
        dependencies=[needs("ladder:read")],
        route_class=RawPathRoute,
        responses={
            401: problem("A valid API key is needed"),
            403: problem("The API key lacks the scope ladder:read"),
            422: problem("A parameter is not valid; `errors` says which"),
            503: problem("The database does not answer; try again after `Retry-After`"),
        },
    )
    registry = Registry(queries, book, settings.lanes)
    estimates = Estimates(queries, book)
    _add_people(routes, registry, estimates)
    add_value(routes, Valuer(registry, book))
    add_estimates(routes, estimates)
    notifier = neighbour or Neighbour(None, None)
    add_what_if(routes, estimates, Trials(notifier, book), Effects(notifier))
    _add_picture(routes, queries, book, figures)
    add_figures(routes, figures)
    add_preview(routes, previews or Previews(queries, sums, book))
    add_parked(routes, Parked(queries))
    _add_feed(routes, feed)
    _add_stream(routes, feed)
    return routes


def _add_people(routes: APIRouter, registry: Registry, estimates: Estimates) -> None:
    @routes.get(
        "/v1/customers",
        responses={200: answer(answers.People, "A page of people"), 400: _BAD_CURSOR, 409: NOT_YET},
    )
    async def list_customers(
        rung: parameters.RungNumber = None,
        phase: parameters.PhaseName = None,
        stage: parameters.StageName = None,
        sort: parameters.SortBy = None,
        order: parameters.SortOrder = Order.DESCENDING,
        after: parameters.After = None,
        limit: parameters.Limit = 100,
    ) -> Response:
        """People, by rung, phase and stage, in whatever order or in that of what they are worth."""
        among = Among(rung, phase, stage)
        if sort is None:
            return json(await registry.people(*among, after, limit))
        return json(await estimates.ranked(sort, order, among, after, limit))

    @routes.get("/v1/customers/{id}", responses={200: answer(answers.Customer, "The standing"), 404: _UNKNOWN})
    async def get_customer(
        customer: parameters.PersonInPath, as_of: parameters.AsOf = None, rules: parameters.RulesVersion = None
    ) -> Response:
        """Where a person stands and why, what is missing for the next rung, and when they would fall.

        With `rules` as it would be by that version, a draft too; with `as_of` as well, as it would have been then.
        """
        return json(await registry.customer(customer, as_of, rules))

    @routes.get(
        "/v1/customers/{id}/history",
        responses={200: answer(answers.History, "A page of transitions"), 400: _BAD_CURSOR, 404: _UNKNOWN},
    )
    async def get_history(
        customer: parameters.PersonInPath, after: parameters.After = None, limit: parameters.Limit = 100
    ) -> Response:
        """Everything that was announced of a person, newest first, with its cause."""
        return json(await registry.history(customer, after, limit))


def _add_picture(routes: APIRouter, queries: Queries, book: Book, figures: Figures) -> None:
    @routes.get("/v1/ladder", responses={200: answer(answers.Picture, "The picture of the ladder"), 409: MISSING})
    async def get_ladder(at: parameters.Day = None) -> Response:
        """How many people stand on each rung and in each phase, and what has been announced.

        With `at` as of the end of that day, by the facts known now; what was announced when stays in the histories.
        """
        rules = book.rules
        return json(await picture(queries, rules) if at is None else await picture_of(at, figures, rules))


def _add_feed(routes: APIRouter, feed: Feed) -> None:
    @routes.get(
        "/v1/announcements",
        responses={200: answer(answers.Announcements, "A page of the feed"), 400: _BAD_CURSOR, 410: _GONE},
    )
    async def list_announcements(
        after: parameters.After = None,
        types: parameters.Types = None,
        customer: parameters.Person = None,
        limit: parameters.Limit = 100,
    ) -> Response:
        """What became true of people, as CloudEvents, from the oldest that is kept; each once, a person's in order."""
        cursor = feed.cursor(after) if after is not None else await feed.oldest()
        asked = types or ALL_TYPES
        page = await (
            feed.page(cursor, limit, asked) if customer is None else feed.page_of(customer, cursor, limit, asked)
        )
        items = [msgspec.Raw(row.value) for row in page.items]
        return json({"items": items, "next": cursors.encode(page.next), "more": page.more})


def _add_stream(routes: APIRouter, feed: Feed) -> None:
    watch = Watch(feed)

    def wanted(
        types: parameters.Types = None, customer: parameters.Person = None, historical: parameters.Historical = False
    ) -> Wanted:
        return Wanted(frozenset(types or ALL_TYPES), customer, historical)

    @routes.get(
        "/v1/announcements/stream",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}, 400: _BAD_CURSOR},
    )
    async def stream_announcements(
        filters: Annotated[Wanted, Depends(wanted)],
        after: parameters.After = None,
        last_event_id: parameters.LastEventId = None,
    ) -> Response:
        """Announcements as they happen, as server-sent events; the id of an event is a cursor of the feed.

        Begins now, or behind `Last-Event-ID` or `after`. An event `resync` says that the feed does not go back so far.
        """
        seen = last_event_id if last_event_id is not None else after
        cursor = feed.cursor(seen) if seen is not None else await feed.newest()
        return EventStream(events(feed, watch, cursor, filters))
