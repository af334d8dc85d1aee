"""Letters as they wait and as they go. Each is looked at once more for every answer: may it still be sent, to where?"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import msgspec
import structlog

from services.notifier.consent import NOTHING, Ledger, basis
from services.notifier.consent.of_message import asked_by, standing_on
from services.notifier.consent.sales import all_given_back
from services.notifier.consent.store import ledgers_of, sales_of
from services.notifier.letters import store
from services.notifier.letters.answers import DayClosed, LetterDay, LetterDays
from services.notifier.letters.day import day_of
from services.notifier.letters.letter import Letter, address_lines, letter
from services.notifier.letters.listing import listing
from services.notifier.letters.printing import Font, Sender, printed
from services.notifier.letters.store import Waiting
from services.notifier.mail import Composer, UnwrittenError
from services.notifier.message import Message, Reason, State
from services.notifier.metrics import MESSAGES
from services.notifier.places import Place
from services.notifier.profile import newest_profile
from services.notifier.settings import NotifierSettings
from services.notifier.store import profiles_of, time_of, vouchers_of
from shared import instants
from shared.db import Connection, Pool
from shared.http import Problem

_log = structlog.get_logger("letters")


class _Written(NamedTuple):
    """A letter as it would go, or why it cannot be written."""

    waiting: Waiting
    letter: Letter | str


class Tray:
    """Where letters are collected, on the database behind `pool`."""

    def __init__(self, pool: Pool, settings: NotifierSettings, composer: Composer, font: Font) -> None:
        self._pool = pool
        self._composer = composer
        self._font = font
        self._zone = settings.zone
        self._lanes = settings.lanes
        self._by_facts = settings.clock == "facts"
        self._sender = Sender(settings.sender_name, settings.imprint)

    async def days(self, after: date | None, limit: int) -> LetterDays:
        """A page of the days, the newest first."""
        async with self._pool.acquire() as connection:
            closed = await store.closed_days(connection)
            sent = await store.counts(connection)
            found = await self._waiting(connection)
        waiting = Counter(day_of(each.message.goes_at, self._zone, closed.keys()) for each in found)
        days = sorted({*closed, *waiting}, reverse=True)
        behind = [day for day in days if after is None or day < after]
        items = [_told(day, closed, sent, waiting) for day in behind[:limit]]
        return LetterDays(items=items, next=items[-1].day if len(behind) > limit else None)

    async def pdf(self, day: date) -> bytes:
        """The letters of a day. Raises Problem 404 where there are none."""
        return (await self._printed(await self._letters(day)))[0]

    async def csv(self, day: date) -> str:
        """The list that goes with them, in the same order. Raises Problem 404 where there are none."""
        letters = await self._letters(day)
        _, pages = await self._printed(letters)
        return listing(zip(letters, pages, strict=True))

    async def close(self, day: date) -> DayClosed:
        """Let the letters of this day go as they are now; a second time changes nothing. Raises Problem 409."""
        if self._by_facts:
            raise Problem(409, "nothing-leaves", "Under CLOCK=facts nothing leaves the house")
        async with self._pool.acquire() as connection:
            today = day_of(await time_of(connection, 0, by_facts=False), self._zone, frozenset())
            if day > today:
                raise Problem(409, "day-to-come", "This day has not come yet")
            written = await self._written(connection, day)
            async with connection.transaction():
                settled = await self._settle(connection, day, written) if await store.close_day(connection, day) else []
            for each in written:
                if isinstance(each.letter, str):
                    await store.note_fault(connection, each.waiting.place, each.letter)
                    _log.error("letters.unwritten", message=each.waiting.message.id, reason=each.letter)
            gone = (await store.counts(connection)).get(day, 0)
        for message in settled:
            MESSAGES.labels(message.play, message.state).inc()
        return DayClosed(
            day=day,
            letters=gone,
            held_back=sum(each.state is State.HELD_BACK for each in settled),
            unwritten=sum(isinstance(each.letter, str) for each in written),
        )

    # -- what there is -------------------------------------------------------------------------------------------

    async def _printed(self, letters: Sequence[Letter]) -> tuple[bytes, list[int]]:
        return await asyncio.to_thread(printed, letters, self._sender, self._font)

    async def _letters(self, day: date) -> list[Letter]:
        """Those of a closed day as they went, of an open one as they would go now."""
        async with self._pool.acquire() as connection:
            closed = await store.closed_days(connection)
            if day in closed:
                letters = await store.kept(connection, day)
            else:
                written = await self._written(connection, day)
                ledgers = await ledgers_of(connection, [each.waiting.person for each in written])
                looked = await self._looked_at(connection, [each.waiting for each in written], ledgers)
                letters = [
                    each.letter
                    for each, (_, message) in zip(written, looked, strict=True)
                    if isinstance(each.letter, Letter) and message.reason is None
                ]
        if not letters:
            raise Problem(404, "no-letters", "There are no letters of this day")
        return sorted(letters, key=lambda each: each.message)

    async def _waiting(self, connection: Connection) -> list[Waiting]:
        """Under CLOCK=facts a letter has gone once it is decided, and is shown on its day."""
        return await store.waiting(connection, gone=self._by_facts)

    # -- what they say -------------------------------------------------------------------------------------------

    async def _written(self, connection: Connection, day: date) -> list[_Written]:
        closed = await store.closed_days(connection)
        found = [
            each
            for each in await self._waiting(connection)
            if day_of(each.message.goes_at, self._zone, closed.keys()) == day
        ]
        profiles = await profiles_of(connection, [each.person for each in found])
        vouchers = await vouchers_of(connection, [each.place for each in found])
        written = []
        for each in found:
            profile = newest_profile(profiles.get(each.person, ()), self._until(each.message))
            try:
                text = self._composer.text(each.message, profile, vouchers.get(each.place))
                notice = self._composer.notice(each.message, profile)
                made = letter(each.message.id, address_lines(profile), text, notice, day.isoformat())
                written.append(_Written(each, self._printable(made)))
            except UnwrittenError as error:
                written.append(_Written(each, str(error)))
        return written

    def _printable(self, made: Letter) -> Letter | str:
        """A letter in which nothing is missing when it is printed."""
        lacking = self._font.lacks(made.said)
        return f"LETTER_FONT has no {lacking}" if lacking else made

    # -- whether they may go -------------------------------------------------------------------------------------

    async def _settle(self, tx: Connection, day: date, written: Sequence[_Written]) -> list[Message]:
        """Let go what is written and may go, and hold back what may not; the others wait. Returns what has changed."""
        letters = {each.waiting.place: each.letter for each in written if isinstance(each.letter, Letter)}
        locked = await store.waiting(tx, lock=[*letters]) if letters else []
        ledgers = await ledgers_of(tx, [each.person for each in locked])
        looked = await self._looked_at(tx, locked, ledgers)
        settled = [Waiting(lane, message if message.reason is not None else _sent(message)) for lane, message in looked]
        await store.settle(tx, settled)
        going = [each for each in settled if each.message.state is State.SENT]
        await store.keep(tx, day, [(each.lane, letters[each.place]) for each in going])
        return [each.message for each in settled]

    async def _looked_at(
        self, connection: Connection, letters: Sequence[Waiting], ledgers: Mapping[Place, Ledger]
    ) -> list[Waiting]:
        """The letters as they may still go, or held back: where there is no address, no basis, no reason any more."""
        friends = {each.message.friend for each in letters if each.message.friend is not None}
        bought = await sales_of(connection, friends, self._lanes)
        profiles = await profiles_of(connection, [each.person for each in letters])
        looked = []
        for each in letters:
            message, until = each.message, self._until(each.message)
            lines = address_lines(newest_profile(profiles.get(each.person, ()), until))
            if not lines:
                message = message.held_back(Reason.NO_ADDRESS)
            elif all_given_back(bought.get(message.friend or "", ()), until):
                message = message.held_back(Reason.CANCELLED)
            else:
                found = basis(ledgers.get(each.person, NOTHING), asked_by(message, lines[0]), until)
                message = standing_on(message, found)
            looked.append(Waiting(each.lane, message))
        return looked

    def _until(self, message: Message) -> int | None:
        return message.goes_at if self._by_facts else None


def _sent(message: Message) -> Message:
    return msgspec.structs.replace(message, state=State.SENT)


def _told(day: date, closed: Mapping[date, int], sent: Mapping[date, int], waiting: Mapping[date, int]) -> LetterDay:
    if day not in closed:
        return LetterDay(day=day, state="open", letters=waiting.get(day, 0))
    return LetterDay(day=day, state="closed", letters=sent.get(day, 0), closed_at=instants.text(closed[day]))
