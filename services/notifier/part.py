"""Wires the notifier: plays, lanes, worker, sender and HTTP, in whatever process it runs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from fastapi import APIRouter

from services.notifier import store
from services.notifier.app import questions
from services.notifier.asking.queries import Queries
from services.notifier.consent.asking import consents
from services.notifier.consent.confirmation.asking import House
from services.notifier.consent.pages import way_out
from services.notifier.content.shelf import Shelf
from services.notifier.content.wiring import content
from services.notifier.experiments.app import experiments
from services.notifier.experiments.holding import Experiments
from services.notifier.experiments.results import Results
from services.notifier.forgetting import Forgetting
from services.notifier.letters.app import letters
from services.notifier.letters.printing import Font
from services.notifier.letters.tray import Tray
from services.notifier.mail import Composer
from services.notifier.measure.rules import read_measure
from services.notifier.offers.app import offers
from services.notifier.offers.book import check_named, read_offers
from services.notifier.offers.counter import Counter
from services.notifier.offers.desk import Desk
from services.notifier.plays.book import Book
from services.notifier.plays.reading import read_book
from services.notifier.preview.previews import PlaysPreviews
from services.notifier.preview.queries import PlaysQueries
from services.notifier.preview.routes import plays_preview
from services.notifier.preview.running import Shop
from services.notifier.ratings.app import ratings
from services.notifier.referrals.app import referrals
from services.notifier.returns.app import Returns
from services.notifier.returns.app import routes as returned
from services.notifier.sending.sender import Sender
from services.notifier.sending.store import waiting as waiting_to_go
from services.notifier.sending.wiring import carriers, plan
from services.notifier.settings import NotifierSettings
from services.notifier.subscriptions.wiring import subscriptions
from services.notifier.tasks.app import tasks
from services.notifier.tasks.asking import Counter as Tasks
from services.notifier.tasks.writing import Writer
from services.notifier.turn import Manner
from services.notifier.worker import NotifierLane
from shared import db
from shared.db import Pool
from shared.events import LADDER_EVENTS, SHOP_EVENTS, SHOP_PROFILES
from shared.http import Part
from shared.lanes.lag import lag, observe
from shared.lanes.replay import Letters
from shared.lanes.replay_routes import dead_letters
from shared.lanes.session import Plan
from shared.lanes.start import prepare
from shared.lanes.store import LaneStore
from shared.lanes.worker import LEASE_SECONDS, Worker
from shared.program import Runtime, background
from shared.settings import RefusedError

SCHEMA = "notifier"
TOPICS = (SHOP_EVENTS, SHOP_PROFILES, LADDER_EVENTS)


@dataclass(frozen=True, slots=True)
class _Pools:
    """One for work, a small one for leases, which must never wait, and one for questions."""

    work: Pool
    control: Pool
    asking: Pool


@dataclass(frozen=True, slots=True)
class _Office:
    """What questions are answered from."""

    settings: NotifierSettings
    pool: Pool
    book: Book
    secret: bytes
    composer: Composer

    @property
    def queries(self) -> PlaysQueries:
        """What previews of plays ask."""
        return PlaysQueries(self.pool, self.settings.lanes, by_facts=self.settings.clock == "facts")


@asynccontextmanager
async def open_part(settings: NotifierSettings, runtime: Runtime) -> AsyncIterator[Part]:
    """Work on this process's share of the lanes, send what they decide, and answer questions about all of them."""
    assert runtime.dsn is not None
    book = read_book(settings.plays_file, settings.templates_dir)
    offer_book = read_offers(settings.offers_file, settings.exponent)
    check_named(offer_book, book.offers)
    font = _font(settings)
    lanes = LaneStore(SCHEMA, lease_seconds=LEASE_SECONDS)
    by_facts = settings.clock == "facts"
    async with AsyncExitStack() as stack:
        pools = await _pools(stack, runtime.dsn)
        await prepare(pools.control, lanes, runtime.log, TOPICS, settings)
        async with pools.control.acquire() as connection:
            secret = await store.secret(connection)
        desk = Desk(offer_book, secret, settings.currency, settings.exponent, settings.zone)
        shelf = Shelf(on=settings.has_content, language=settings.mail_language)
        library = await content(stack, settings, pools.work, shelf, book)
        composer = Composer(settings, book, secret, offer_book, shelf=shelf)
        subscribing = await subscriptions(stack, settings, pools.work, pools.asking)
        news = [subscribing.wake]
        manner = _manner(settings, book, secret, shelf, news)
        worker = _worker(manner, desk, runtime, pools)
        senders = []
        for carrier in carriers(stack, settings, composer):
            more = asyncio.Event()
            news.append(more.set)
            senders.append(Sender(pools.work, carrier, worker.owned, more, settings))

        async def behind() -> int:
            """A record becomes a message, then news, then a row of the outbox: who looks in this order misses none."""
            unread = await lag(pools.asking, lanes, runtime.log, TOPICS)
            async with pools.asking.acquire() as connection:
                waiting = await waiting_to_go(connection, by_facts=by_facts, history=settings.historical)
            return unread + waiting or await lag(pools.asking, lanes, runtime.log, TOPICS)

        async def look() -> None:
            await observe(pools.asking, lanes)

        async def reachable() -> None:
            async with pools.asking.acquire() as connection:
                await connection.execute("select 1")

        office = _Office(settings, pools.asking, book, secret, composer)
        previews = PlaysPreviews(Shop(manner, offer_book, office.queries, runtime.log, settings.templates_dir))
        router = _questions(office, desk, font)
        router.include_router(plays_preview(previews))
        router.include_router(subscribing.router)
        router.include_router(dead_letters(SCHEMA, Letters(pools.asking, SCHEMA, runtime.log, settings.lanes)))
        sending = [each.run for each in senders]
        async with background(runtime.tasks, worker.run, subscribing.run, library.run, *sending):
            yield Part(SCHEMA, router, {"database": reachable}, behind, look)


def _questions(office: _Office, desk: Desk, font: Font) -> APIRouter:
    """What is answered from the database, and what people and staff do there."""
    settings, pool, book, secret = office.settings, office.pool, office.book, office.secret
    by_facts, measure = settings.clock == "facts", read_measure(settings.measure_file)
    router = APIRouter()
    for part in (
        questions(Queries(pool, settings, book, office.composer), book),
        offers(Counter(pool, settings, desk)),
        referrals(pool),
        experiments(Results(pool, settings, _experiments(book, secret))),
        consents(pool, settings.lanes, measure, by_facts=by_facts),
        way_out(pool, settings, secret),
        ratings(pool, settings, secret),
        letters(Tray(pool, settings, office.composer, font)),
        tasks(Tasks(pool, settings, Writer(settings))),
        returned(Returns(pool, settings, secret)),
    ):
        router.include_router(part)
    return router


def _font(settings: NotifierSettings) -> Font:
    try:
        return Font(settings.letter_font)
    except ValueError as error:
        raise RefusedError(f"LETTER_FONT: {settings.letter_font}: {error}") from error


def _manner(
    settings: NotifierSettings, book: Book, secret: bytes, shelf: Shelf, news: Sequence[Callable[[], None]]
) -> Manner:
    """`news`: what is called when there may be something to send."""
    measure = read_measure(settings.measure_file)

    def wake() -> None:
        for each in news:
            each()

    return Manner(
        book=book,
        secret=secret,
        lanes=settings.lanes,
        currency=settings.currency,
        exponent=settings.exponent,
        by_facts=settings.clock == "facts",
        history=settings.historical,
        named=settings.named,
        measure=measure,
        carriers=plan(settings, book, measure),
        zone=settings.zone,
        house=House(settings.sender_name, settings.mail_language, settings.clock == "facts"),
        experiments=_experiments(book, secret),
        wake=wake,
        shelf=shelf,
    )


def _experiments(book: Book, secret: bytes) -> Experiments:
    return Experiments(secret, book.control, book.trials, book.whole)


def _worker(manner: Manner, desk: Desk, runtime: Runtime, pools: _Pools) -> Worker:
    return Worker(
        Plan(
            SCHEMA,
            TOPICS,
            lambda lane: NotifierLane(lane, manner, desk),
            ahead=(SHOP_PROFILES, SHOP_EVENTS),
            tidy=Forgetting().forget,
        ),
        runtime.log,
        pools.work,
        pools.control,
        worker_id=runtime.worker_id,
        lanes=manner.lanes,
        sweeps=True,  # by either clock: what the sender and persons did is told when there is nothing else to do
    )


async def _pools(stack: AsyncExitStack, dsn: str) -> _Pools:
    return _Pools(
        await _pool(stack, dsn, SCHEMA, size=8),
        await _pool(stack, dsn, f"{SCHEMA}-control", size=4),
        await _pool(stack, dsn, f"{SCHEMA}-http", size=4),
    )


async def _pool(stack: AsyncExitStack, dsn: str, name: str, *, size: int) -> Pool:
    pool = await db.pool(dsn, size=size, name=name)
    stack.push_async_callback(pool.close)
    return pool
