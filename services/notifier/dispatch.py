"""One message on its way: written, looked at once more, given away, and how that ended written down.

pending, retry → sending (committed before the text is given away) → sent | retry | bounced | ambiguous. A message is
`sending` only while its text is on the way.
"""

import asyncio
from typing import Final

import structlog

from services.notifier import store
from services.notifier.channels import Ambiguous, Bounced, Channel, Delivery, Dropped, PutOff, Sent
from services.notifier.consent import objection
from services.notifier.mail import Composer, Letter
from services.notifier.message import Mail, Message, Reason, State
from services.notifier.metrics import MESSAGES
from services.notifier.profile import address, newest_profile
from services.notifier.store import Due
from shared.db import Connection, DatabaseError, Pool

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
BACK_OFF: Final = (
    *(MINUTE, 5 * MINUTE, 30 * MINUTE),
    *(2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR, 20 * HOUR, 24 * HOUR),
)
"""Seconds to wait after each attempt; when they are used up, after some three days, the message has failed."""
PAUSE_SECONDS: Final = 0.5

_log = structlog.get_logger("sender")


class Dispatch:
    """Sends single messages over one channel."""

    def __init__(self, pool: Pool, channel: Channel, composer: Composer, *, by_facts: bool) -> None:
        self._pool = pool
        self._channel = channel
        self._composer = composer
        self._by_facts = by_facts
        self.giving: set[str] = set()
        """Ids of the messages whose text is on the way, or about to be."""

    async def send(self, due: Due) -> None:
        """Send this message if it still may be sent, and write down how it ended."""
        try:
            delivery = await self._delivered(due)
        except Exception:
            _log.exception("sender.failed", message=due.message.id)
            begun = due.message.id in self.giving
            delivery = Ambiguous("it broke off") if begun else PutOff("it could not be written")
        try:
            await self._note_for_sure(due, delivery)
        finally:
            self.giving.discard(due.message.id)

    async def _delivered(self, due: Due) -> Delivery:
        try:
            letter = await self._written(due)
        except DatabaseError as error:
            return _database_away(error)
        if letter is None:
            return Dropped()
        return await self._channel.deliver(letter, lambda: self._begin(due))

    async def _written(self, due: Due) -> Letter | None:
        """The letter, to the address of now; None if there is no such address any more."""
        message = due.message
        async with self._pool.acquire() as connection:
            profiles = (await store.profiles_of(connection, due.lane, [message.person])).get(message.person, ())
            profile = newest_profile(profiles, self._known_until(message))
            if address(profile) is None:
                await self._hold_back(connection, due, Reason.NO_ADDRESS)
                return None
            offers = message.mail is Mail.WIN_BACK
            voucher = await store.voucher_of(connection, due.lane, message.id) if offers else None
        return self._composer.letter(message, profile, voucher, message.at if self._by_facts else due.now)

    async def _begin(self, due: Due) -> bool:
        """The last look before the text is given away: may it still be sent, as it is, and is it ours to send?"""
        self.giving.add(due.message.id)
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                if await self._may_go(connection, due):
                    return True
        except DatabaseError as error:
            _database_away(error)
        self.giving.discard(due.message.id)
        return False

    async def _may_go(self, connection: Connection, due: Due) -> bool:
        message = await store.take(connection, due.lane, due.message.id, due.epoch)
        if message is None:
            return False
        if message.rungs != due.message.rungs:
            await store.let_go(connection, due.lane, message.id, due.epoch)
            return False
        statements = (await store.statements_of(connection, due.lane, [message.person])).get(message.person, ())
        reason = objection(statements, self._known_until(message))
        if reason is not None:
            await self._hold_back(connection, due, reason)
        return reason is None

    async def _hold_back(self, connection: Connection, due: Due, reason: Reason) -> None:
        await store.hold_back(connection, due.lane, due.message.id, reason)
        MESSAGES.labels(due.message.play, State.HELD_BACK).inc()

    def _known_until(self, message: Message) -> int | None:
        return message.at if self._by_facts else None

    # -- how it ended --------------------------------------------------------------------------------------------

    async def _note_for_sure(self, due: Due, delivery: Delivery) -> None:
        """Until the database has taken it: nobody else knows."""
        while True:
            try:
                async with self._pool.acquire() as connection:
                    return await self._note(connection, due, delivery)
            except DatabaseError as error:
                _database_away(error)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _note(self, connection: Connection, due: Due, delivery: Delivery) -> None:
        match delivery:
            case Sent():
                await self._finish(connection, due, State.SENT, None)
            case Bounced(detail):
                await self._finish(connection, due, State.BOUNCED, detail)
            case Ambiguous(detail):
                await self._finish(connection, due, State.AMBIGUOUS, detail)
            case PutOff(detail) if due.attempts >= len(BACK_OFF):
                await self._finish(connection, due, State.FAILED, detail)
            case PutOff(detail):
                wait = BACK_OFF[due.attempts]
                await store.put_off(connection, due.lane, due.message.id, due.epoch, detail, wait)
                MESSAGES.labels(due.message.play, State.RETRY).inc()
            case Dropped():
                await store.let_go(connection, due.lane, due.message.id, due.epoch)

    async def _finish(self, connection: Connection, due: Due, state: State, detail: str | None) -> None:
        await store.finish(connection, due.lane, due.message.id, due.epoch, state, detail, by_facts=self._by_facts)
        MESSAGES.labels(due.message.play, state).inc()


def _database_away(error: BaseException) -> Dropped:
    """Nothing was given away; the message is as it was and comes up again."""
    _log.warning("sender.database_away", reason=repr(error))
    return Dropped()
