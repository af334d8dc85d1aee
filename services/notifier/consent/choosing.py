"""What a person does on their pages: object in one click, choose, confirm. Each is one transaction."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from services.notifier.consent.basis import Asked, newest_about
from services.notifier.consent.confirmation import store as confirmations
from services.notifier.consent.confirmation.request import Request, confirmed, objected_since
from services.notifier.consent.ledger import NOTHING, Ledger
from services.notifier.consent.preferences import Choice, Visit, change, current
from services.notifier.consent.statement import Kind, Statement
from services.notifier.consent.store import add_statement, ledgers_of
from services.notifier.message import Channel, Purpose
from services.notifier.profile import address, language, newest_profile
from services.notifier.sealed import Link
from services.notifier.store import profiles_of, time_of
from shared.db import Connection, Pool
from shared.events import derived_id
from shared.log.partitioner import lane_of

SOURCE = "notifier"
"""Of what is said on these pages."""
_BY_MAIL = Asked(channel=Channel.EMAIL, purpose=Purpose.MARKETING)


class Known(NamedTuple):
    """A person as their page shows them."""

    ledger: Ledger
    address: str | None
    language: str
    preferred: Channel | None

    @property
    def choice(self) -> Choice:
        """What they get now."""
        return current(self.ledger, self.address)


class Outcome(StrEnum):
    """What a click on a confirming link came to."""

    OPEN = "open"
    """It may be confirmed."""
    DONE = "done"
    USED = "used"
    EXPIRED = "expired"
    """Too late, or revoked since by an objection."""
    UNKNOWN = "unknown"


class Choosing:
    """Keeps what persons say on their pages, in the database behind `pool`."""

    def __init__(self, pool: Pool, lanes: int, default_language: str, *, by_facts: bool) -> None:
        self._pool = pool
        self._lanes = lanes
        self._language = default_language
        self._by_facts = by_facts

    async def known(self, person: str) -> Known:
        """What this person gets, for their page."""
        async with self._pool.acquire() as connection:
            return await self._known(connection, lane_of(person, self._lanes), person)

    async def object(self, link: Link) -> None:
        """An objection to advertising by e-mail; where there is one already, nothing changes.

        It is dated behind what it revokes, even if that was dated ahead of the clock. Its id is made of the message and
        of what it revokes: links are good for ever, and who has consented anew may use an old one again.
        """
        lane = lane_of(link.person, self._lanes)
        async with self._pool.acquire() as connection, connection.transaction():
            now = await time_of(connection, lane, by_facts=self._by_facts)
            ledgers = await ledgers_of(connection, [(lane, link.person)])
            revoked = newest_about(ledgers.get((lane, link.person), NOTHING), _BY_MAIL, None)
            if revoked is not None and revoked.kind is Kind.OBJECTION:
                return
            what = (revoked.source, revoked.id) if revoked else ()
            objection = Statement(
                kind=Kind.OBJECTION,
                at=max(now, revoked.at + 1) if revoked else now,
                id=derived_id("contact.objected", link.message, *what),
                source=SOURCE,
                channel=_BY_MAIL.channel,
                purpose=_BY_MAIL.purpose,
            )
            await add_statement(connection, lane, link.person, objection)

    async def choose(
        self, link: Link, wanted: Choice, preferred: Channel | None, *, ip: str | None, shop: str, language: str
    ) -> Request | None:
        """Keep what somebody chose; returns the request that they have to confirm, if they want more than before."""
        lane = lane_of(link.person, self._lanes)
        async with self._pool.acquire() as connection, connection.transaction():
            now = await time_of(connection, lane, by_facts=self._by_facts)
            known = await self._known(connection, lane, link.person)
            visit = Visit(link.person, link.message, now, ip, shop, language, SOURCE)
            statements, request = change(known.ledger, known.choice, wanted, visit)
            await _add(connection, lane, link.person, statements)
            if request is not None:
                await confirmations.ask(connection, lane, [request])
            await confirmations.prefer(connection, lane, link.person, preferred, now)
        return request

    async def confirm(self, link: Link, *, ip: str | None, sure: bool) -> tuple[Outcome, Request | None]:
        """What a confirming link may still do; with `sure` it is done."""
        lane = lane_of(link.person, self._lanes)
        async with self._pool.acquire() as connection, connection.transaction():
            found = await confirmations.find(connection, lane, link.message)
            if found is None or found.address is None:
                return Outcome.UNKNOWN, None
            if found.confirmed_at is not None:
                return Outcome.USED, found.request
            now = await time_of(connection, lane, by_facts=self._by_facts)
            ledgers = await ledgers_of(connection, [(lane, link.person)])
            ledger = ledgers.get((lane, link.person), NOTHING)
            if now > found.expires_at or objected_since(found.request, ledger, None):
                return Outcome.EXPIRED, found.request
            if not sure:
                return Outcome.OPEN, found.request
            at = max(now, found.request.at)
            await confirmations.use(connection, lane, link.message, at)
            consents = confirmed(found.request, link.message, found.address, at, ip, SOURCE)
            await _add(connection, lane, link.person, consents)
        return Outcome.DONE, found.request

    async def _known(self, connection: Connection, lane: int, person: str) -> Known:
        place = (lane, person)
        ledgers, profiles = await ledgers_of(connection, [place]), await profiles_of(connection, [place])
        chosen = await confirmations.preferred(connection, lane, [person])
        profile = newest_profile(profiles.get(place, ()), None)
        return Known(
            ledgers.get(place, NOTHING), address(profile), language(profile, self._language), chosen.get(person)
        )


async def _add(connection: Connection, lane: int, person: str, statements: Iterable[Statement]) -> None:
    for each in statements:
        await add_statement(connection, lane, person, each)
