"""A preview at work: collects, then a page of people at a time, so that whoever else works here hardly notices."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec
import structlog

from services.notifier.message import Message
from services.notifier.offers.book import OfferBook
from services.notifier.offers.choosing import limited
from services.notifier.offers.desk import start_of_month
from services.notifier.places import Place
from services.notifier.plays.book import Book
from services.notifier.plays.texts import Templates
from services.notifier.preview.answers import PlaysLine, PlaysProgress, PlaysResult
from services.notifier.preview.collecting import Collecting
from services.notifier.preview.giving import Giving
from services.notifier.preview.queries import PlaysQueries
from services.notifier.preview.retelling import retell, tried
from services.notifier.preview.rewinding import Rewinding, Then, Told, has_marks
from services.notifier.preview.spool import Spool
from services.notifier.preview.tally import Tally, retold
from services.notifier.preview.window import Window
from services.notifier.turn import Manner
from shared import instants
from shared.db import DatabaseError
from shared.log import Log, LogUnavailableError, LostRecordsError

PAGE: Final = 100
_log = structlog.get_logger("preview")


@dataclass(frozen=True, slots=True)
class Shop:
    """What previews stand on: the notifier's own manner with the book in force, its offers, database and log."""

    manner: Manner
    offers: OfferBook
    queries: PlaysQueries
    log: Log
    own_templates: Path | None = None
    """The shop's own folder of templates."""

    @property
    def templates(self) -> Templates:
        """The texts there are."""
        return Templates(self.own_templates)


@dataclass(slots=True)
class PlaysPreview:
    """One draft of the plays, tried out on a window. `topics` of the log are read; the rest is in the spool."""

    shop: Shop
    draft: Book
    window: Window
    topics: Sequence[str]
    spool: Spool
    tally: Tally = field(default_factory=Tally)

    async def lines(self, *, messages: bool) -> AsyncGenerator[bytes]:
        """Lines with the progress and, if they are wanted, with every message; at last one with the result.

        When the database or the log stops answering they end without it.
        """
        try:
            async with aclosing(self._told(messages=messages)) as told:
                async for lines in told:
                    yield b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
        except (*DatabaseError, LogUnavailableError, LostRecordsError) as error:
            _log.warning("preview.broken_off", error=repr(error))

    async def _told(self, *, messages: bool) -> AsyncGenerator[list[PlaysLine]]:
        whole = await self._collect()
        total, announcements = await asyncio.to_thread(self.spool.count)
        done, after = 0, (-1, "")
        yield [PlaysLine(progress=PlaysProgress(people=0, of=total))]
        while page := await asyncio.to_thread(self.spool.people, after, PAGE):
            found: list[Message] = []
            for lane, places in groupby(page, key=lambda place: place[0]):
                found += await self._retell(lane, [*places])
            done, after = done + len(page), page[-1]
            lines = [PlaysLine(progress=PlaysProgress(people=done, of=total))]
            yield [*lines, *(PlaysLine(message=retold(each)) for each in found if messages)]
        giving = await self._give()
        result = PlaysResult(
            as_of=instants.text(self.window.until),
            since=instants.text(self.window.since),
            version=self.draft.version,
            people=done,
            announcements=announcements,
            complete=whole,
            currency=self.shop.manner.currency,
            go=self.tally.go(),
            held_back=self.tally.held_back(),
            offers=giving.given(),
            withheld=giving.withheld(),
        )
        yield [PlaysLine(result=result)]

    async def _collect(self) -> bool:
        manner = self.shop.manner
        async for places in self.shop.queries.people(marked=has_marks(self.draft)):
            await asyncio.to_thread(self.spool.add_people, places)
        collecting = Collecting(self.spool, self.draft, self.window, manner.lanes)
        return await collecting.of_log(self.shop.log, self.topics, by_facts=manner.by_facts)

    async def _retell(self, lane: int, places: Sequence[Place]) -> list[Message]:
        told = await asyncio.to_thread(lambda: {person: self._told_of((lane, person)) for _, person in places})
        friends = {friend for each in told.values() for friend in each.friends}
        persons = await self.shop.queries.persons(lane, [*told], self.window, friends)
        return await asyncio.to_thread(self._decided, lane, persons, told)

    def _told_of(self, place: Place) -> Told:
        return Told(self.spool.cues(place), self.spool.facts(place), self.spool.standing(place))

    def _decided(self, lane: int, persons: Sequence[Then], told: Mapping[str, Told]) -> list[Message]:
        manner = self.shop.manner
        rewinding = Rewinding(self.window, manner.book, self.draft, manner.by_facts)
        before = {each.person.id: rewinding.before(each, told[each.person.id]) for each in persons}
        turn = retell(lane, before, told, tried(manner, self.draft, self.shop.templates), self.window)
        self.tally.add(turn.messages)
        self.spool.add_wanted(turn.wanted)
        return turn.messages

    async def _give(self) -> Giving:
        """Budgets are of all people together, so offers are given when everybody has been looked at."""
        offers, zone = self.shop.offers, self.shop.manner.zone
        month = start_of_month(self.window.until, zone)
        stock = await self.shop.queries.stock(
            self.window.since, start_of_month(self.window.since, zone), limited(offers, _named(self.draft)), month
        )
        giving = Giving(offers, self.shop.manner.exponent, zone, stock, self.window.since)
        await asyncio.to_thread(lambda: giving.give(self.spool.wanted()))
        return giving


def _named(book: Book) -> set[str]:
    return {offer for _, offer in book.offers}
