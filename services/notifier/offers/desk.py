"""Gives what the plays promise, within their budgets, and takes what comes back: one desk for all lanes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.notifier.offers import store
from services.notifier.offers.book import Entitlement, Offer, OfferBook, Partner
from services.notifier.offers.choosing import chosen, limited
from services.notifier.offers.money import minor
from services.notifier.offers.news import Teller
from services.notifier.offers.store import Granted, Month, Withheld
from services.notifier.offers.voucher import Voucher, Wanted, end_of, voucher_for
from shared import instants
from shared.db import Connection
from shared.lanes import OutboxRow


class Without(StrEnum):
    """Why a message goes on without its offer."""

    BUDGET_SPENT = "budget_spent"
    POOL_EMPTY = "pool_empty"
    NONE_FITS = "none_fits"


def month_of(instant: int, zone: ZoneInfo) -> str:
    """The calendar month of an instant there, such as `2026-03`."""
    return instants.to_datetime(instant).astimezone(zone).strftime("%Y-%m")


def start_of_month(instant: int, zone: ZoneInfo) -> int:
    """The instant at which the calendar month of an instant began there."""
    there = instants.to_datetime(instant).astimezone(zone)
    return instants.from_datetime(datetime(there.year, there.month, 1, tzinfo=zone))


class Desk:
    """Gives this shop's offers."""

    def __init__(self, book: OfferBook, secret: bytes, currency: str, exponent: int, zone: ZoneInfo) -> None:
        self.book = book
        self.teller = Teller(currency, exponent)
        self.exponent = exponent
        self._secret = secret
        self._zone = zone

    async def give(self, tx: Connection, lane: int, wanted: Sequence[Wanted]) -> list[OutboxRow]:
        """Give each of these messages its offer, or write down why not; returns the news of it.

        A message is decided once, so each call is about other messages.
        """
        if not wanted:
            return []
        giving = _Giving(self, lane, tx)
        await giving.prepare(wanted, self._zone)
        for each in wanted:
            await giving.give(each, month_of(each.at, self._zone))
        return await giving.write()

    def voucher(self, wanted: Wanted, offer: Offer) -> Voucher:
        """The voucher of an offer with a code of ours."""
        assert not isinstance(offer, Partner | Entitlement)
        return voucher_for(wanted, offer, self._secret, self.exponent)


class _Giving:
    """One batch of gifts."""

    def __init__(self, desk: Desk, lane: int, tx: Connection) -> None:
        self._desk = desk
        self._lane = lane
        self._tx = tx
        self._spent: dict[Month, int] = {}
        self._costs: dict[str, int] = {}
        self._vouchers: list[Voucher] = []
        self._granted: list[Granted] = []
        self._withheld: list[Withheld] = []

    async def prepare(self, wanted: Sequence[Wanted], zone: ZoneInfo) -> None:
        book = self._desk.book
        months = {(each.play, month_of(each.at, zone)) for each in wanted if book.budget_of(each.play)}
        if months:
            self._spent = await store.lock_budgets(self._tx, months)
        keys = limited(book, {each.offer for each in wanted})
        if keys:
            since = start_of_month(max(each.at for each in wanted), zone)
            self._costs = await store.costs(self._tx, keys, since)

    async def give(self, wanted: Wanted, month: str) -> None:
        reason = await self._given(wanted, (wanted.play, month))
        if reason is not None:
            self._withheld.append(Withheld(wanted.message, wanted.person, wanted.play, wanted.offer, reason, wanted.at))

    async def _given(self, wanted: Wanted, month: Month) -> Without | None:
        offer = chosen(self._desk.book, wanted, self._costs, self._desk.exponent)
        if offer is None:
            return Without.NONE_FITS
        cost = minor(offer.planned, self._desk.exponent)
        if not self._affordable(month, cost):
            return Without.BUDGET_SPENT
        if not await self._handed_over(wanted, offer):
            return Without.POOL_EMPTY
        if month in self._spent:
            self._spent[month] += cost
        return None

    def _affordable(self, month: Month, cost: int) -> bool:
        budget = self._desk.book.budget_of(month[0])
        return budget is None or self._spent[month] + cost <= minor(budget.month, self._desk.exponent)

    async def _handed_over(self, wanted: Wanted, offer: Offer) -> bool:
        until = end_of(wanted, offer)
        match offer:
            case Partner():
                code = await store.take_code(self._tx, self._lane, offer.pool, wanted, offer.key, until)
                return code is not None
            case Entitlement():
                self._granted.append(Granted(wanted.person, wanted.message, offer.key, wanted.at, until))
            case _:
                self._vouchers.append(self._desk.voucher(wanted, offer))
        return True

    async def write(self) -> list[OutboxRow]:
        tx, lane, teller = self._tx, self._lane, self._desk.teller
        if self._spent:
            await store.set_budgets(tx, self._spent)
        if self._vouchers:
            await store.add_vouchers(tx, lane, self._vouchers)
        if self._granted:
            await store.grant(tx, lane, self._granted)
        if self._withheld:
            await store.withhold(tx, lane, self._withheld)
        return [*_rows(teller, lane, self._vouchers, self._granted, self._withheld)]


def _rows(
    teller: Teller, lane: int, vouchers: Iterable[Voucher], granted: Iterable[Granted], withheld: Iterable[Withheld]
) -> Iterable[OutboxRow]:
    yield from (teller.issued(lane, each) for each in vouchers)
    yield from (teller.granted(lane, each) for each in granted)
    yield from (teller.withheld(lane, each) for each in withheld)
