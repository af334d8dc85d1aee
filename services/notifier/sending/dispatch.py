"""One message on its way: written, looked at once more, given away, and how that ended written down.

pending, retry → sending (committed before the text is given away) → sent | retry | bounced | failed | ambiguous. A
message is `sending` only while its text is on the way. What several messages need of the database at a time is done
together.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from services.notifier.channels import Ambiguous, Bounced, Delivery, Dropped, PutOff, Refused, Sent, Withheld
from services.notifier.consent import NOTHING, Ledger, basis
from services.notifier.consent.of_message import asked_by, standing_on
from services.notifier.consent.sales import Sale, all_given_back
from services.notifier.consent.store import ledgers_of, sales_of
from services.notifier.mail import Letter, UnwrittenError
from services.notifier.message import Channel, Message, Reason, State
from services.notifier.metrics import MESSAGES
from services.notifier.offers import Voucher
from services.notifier.plays.weighing import reach
from services.notifier.profile import newest_profile
from services.notifier.returns import store as returns
from services.notifier.returns.report import of_refusal
from services.notifier.sending import store
from services.notifier.sending.carrier import Carrier
from services.notifier.sending.store import Due, End
from services.notifier.settings import NotifierSettings
from services.notifier.store import profiles_of, vouchers_of
from shared.db import Connection, DatabaseError, Pool
from shared.events import Profile
from shared.log.together import Together

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
BACK_OFF: Final = (
    *(MINUTE, 5 * MINUTE, 30 * MINUTE),
    *(2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR, 20 * HOUR, 24 * HOUR),
)
"""Seconds to wait after each attempt; when they are used up, after some three days, the message has failed."""
PAUSE_SECONDS: Final = 0.1
GROUP: Final = 100
"""Messages in one transaction at most."""

_log = structlog.get_logger("sender")


class Dispatch:
    """Sends single messages by one carrier."""

    def __init__(self, pool: Pool, carrier: Carrier, settings: NotifierSettings) -> None:
        self._pool = pool
        self._carrier = carrier
        self._by_facts = settings.clock == "facts"
        self._lanes = settings.lanes
        self._readers: Together[Due, tuple[Profile, Voucher | None]] = Together(self._look_up, _one, GROUP)
        self._begins: Together[tuple[Due, str], bool] = Together(self._begin_all, _one, GROUP)
        self._ends: Together[End, None] = Together(self._finish_all, _one, GROUP)
        self.giving: set[str] = set()
        """Ids of the messages whose text is on the way, or about to be."""

    async def send(self, due: Due) -> None:
        """Send this message if it still may be sent, and write down how it ended."""
        try:
            delivery = await self._delivered(due)
        except Exception as error:
            delivery = self._broken_off(due, error)
        try:
            await self._note_for_sure(due, delivery)
        finally:
            self.giving.discard(due.message.id)

    def _broken_off(self, due: Due, error: Exception) -> Delivery:
        if isinstance(error, UnwrittenError):
            _log.error("sender.unwritten", message=due.message.id, reason=str(error))
            return PutOff(str(error))  # a template can be mended while it waits
        if due.message.id not in self.giving and isinstance(error, DatabaseError):
            return _database_away(error)
        _log.error("sender.failed", message=due.message.id, exc_info=error)
        known = due.message.id not in self.giving or self._carrier.channel.repeatable
        return PutOff(repr(error)) if known else Ambiguous(repr(error))

    async def _delivered(self, due: Due) -> Delivery:
        """Hand the letter over, if there is an address; what is in the way is written down."""
        letter = await self._written(due)
        if letter is None:
            return Dropped()
        return await self._carrier.channel.deliver(letter, lambda: self._begin(due, letter.recipient))

    async def _written(self, due: Due) -> Letter | None:
        profile, voucher = await self._readers.do(due)
        recipient = reach(self._carrier.kind, profile)
        if recipient is None:
            async with self._pool.acquire() as connection:
                await self._hold_back(connection, due, Reason.NO_ADDRESS)
            return None
        if self._carrier.kind is Channel.EMAIL and await self._came_back(due, recipient):
            return None
        return self._carrier.write(due.message, profile, voucher, due.message.goes_at if self._by_facts else due.now)

    async def _came_back(self, due: Due, recipient: str) -> bool:
        """Hold it back where mail to that address has come back for good, or too often."""
        async with self._pool.acquire() as connection:
            if not await returns.suppressed(connection, *due.person, recipient):
                return False
            await self._hold_back(connection, due, Reason.BOUNCED)
        return True

    async def _look_up(self, due: Sequence[Due]) -> list[tuple[Profile, Voucher | None]]:
        async with self._pool.acquire() as connection:
            profiles = await profiles_of(connection, [each.person for each in due])
            vouchers = await vouchers_of(connection, [each.place for each in due])
        return [
            (newest_profile(profiles.get(each.person, ()), self._known_until(each.message)), vouchers.get(each.place))
            for each in due
        ]

    # -- the last look -------------------------------------------------------------------------------------------

    async def _begin(self, due: Due, recipient: str) -> bool:
        """The last look before the text is given away: may it still be sent, as it is, and is it ours to send?"""
        self.giving.add(due.message.id)
        try:
            profile, _ = await self._readers.do(due)
            if reach(self._carrier.kind, profile) == recipient and await self._begins.do((due, recipient)):
                return True
        except DatabaseError as error:
            _database_away(error)
        self.giving.discard(due.message.id)
        return False

    async def _begin_all(self, given: Sequence[tuple[Due, str]]) -> list[bool]:
        """Take these messages, each with the address it is to go to, and let go of those that may not."""
        due, recipients = [each for each, _ in given], {each.place: recipient for each, recipient in given}
        async with self._pool.acquire() as connection, connection.transaction():
            taken = await store.take(connection, due)
            changed = [each for each in due if each.place in taken and taken[each.place].rungs != each.message.rungs]
            if changed:
                await store.let_go(connection, changed)
            going = [each for each in due if each.place in taken and each not in changed]
            ledgers = await ledgers_of(connection, [each.person for each in going])
            friends = {each.message.friend for each in going if each.message.friend is not None}
            bought = await sales_of(connection, friends, self._lanes)
            may_go = {
                each.place
                for each in going
                if await self._is_due_still(connection, each, bought.get(each.message.friend or "", ()))
                and await self._may_go(connection, each, recipients[each.place], ledgers.get(each.person, NOTHING))
            }
        return [each.place in may_go for each in due]

    async def _is_due_still(self, connection: Connection, due: Due, bought: Sequence[Sale]) -> bool:
        """Whether the friend whose purchase it thanks for has not given all of it back."""
        if not all_given_back(bought, self._known_until(due.message)):
            return True
        await self._hold_back(connection, due, Reason.CANCELLED)
        return False

    async def _may_go(self, connection: Connection, due: Due, recipient: str, ledger: Ledger) -> bool:
        """Whether it still stands on a basis; if that is another one by now, the record says so."""
        found = basis(ledger, asked_by(due.message, recipient), self._known_until(due.message))
        now = standing_on(due.message, found)
        if now.reason is not None:
            await self._hold_back(connection, due, now.reason)
        elif now != due.message:
            await store.rest(connection, due, now)
        return now.reason is None

    async def _hold_back(self, connection: Connection, due: Due, reason: Reason) -> None:
        await store.hold_back(connection, due, reason)
        MESSAGES.labels(due.message.play, State.HELD_BACK).inc()

    def _known_until(self, message: Message) -> int | None:
        return message.goes_at if self._by_facts else None

    # -- how it ended --------------------------------------------------------------------------------------------

    async def _note_for_sure(self, due: Due, delivery: Delivery) -> None:
        """Until the database has taken it: nobody else knows."""
        while True:
            try:
                return await self._note(due, delivery)
            except DatabaseError as error:
                _database_away(error)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _note(self, due: Due, delivery: Delivery) -> None:
        match delivery:
            case Sent():
                await self._ends.do(End(due, State.SENT, None))
            case Bounced(detail):
                await self._keep_refusal(due, detail)
                await self._ends.do(End(due, State.BOUNCED, detail))
            case Refused(detail):
                await self._ends.do(End(due, State.FAILED, detail))
            case Ambiguous(detail):
                await self._ends.do(End(due, State.AMBIGUOUS, detail))
            case PutOff(detail) if due.attempts >= len(BACK_OFF):
                await self._ends.do(End(due, State.FAILED, detail))
            case PutOff(detail, seconds):
                async with self._pool.acquire() as connection:
                    await store.put_off(connection, due, detail, max(BACK_OFF[due.attempts], seconds))
                MESSAGES.labels(due.message.play, State.RETRY).inc()
            case Withheld(reason):
                async with self._pool.acquire() as connection:
                    await self._hold_back(connection, due, reason)
            case Dropped():
                async with self._pool.acquire() as connection:
                    await store.let_go(connection, [due])
                await asyncio.sleep(PAUSE_SECONDS)  # what the lane is just deciding on comes up again

    async def _keep_refusal(self, due: Due, detail: str) -> None:
        profile, _ = await self._readers.do(due)
        async with self._pool.acquire() as connection:
            refusal = of_refusal(detail)
            await returns.keep(
                connection, due.lane, due.message.id, due.message.person, reach(Channel.EMAIL, profile) or "", refusal
            )

    async def _finish_all(self, ends: Sequence[End]) -> list[None]:
        async with self._pool.acquire() as connection:
            await store.finish(connection, ends, by_facts=self._by_facts)
        for end in ends:
            MESSAGES.labels(end.due.message.play, end.state).inc()
        return [None] * len(ends)


def _one(_: object) -> int:
    return 1


def _database_away(error: BaseException) -> Dropped:
    """Nothing was given away; the message is as it was and comes up again."""
    _log.warning("sender.database_away", reason=repr(error))
    return Dropped()
