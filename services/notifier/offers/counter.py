"""Questions and orders that come over HTTP: vouchers, the shop's checkout, pools and figures."""

from decimal import Decimal
from typing import Any, Final

import msgspec

from services.notifier.offers import store
from services.notifier.offers.answers import (
    BudgetFigures,
    Loaded,
    OfferFigures,
    OffersAnswer,
    PoolAnswer,
    Pools,
    Redeemed,
    Redeeming,
    VoucherAnswer,
)
from services.notifier.offers.checkout import redeem
from services.notifier.offers.desk import Desk, month_of, start_of_month
from services.notifier.offers.money import major, minor
from services.notifier.offers.pools import read_codes
from services.notifier.offers.store import Found
from services.notifier.offers.terms import Line, Order, Refusal
from services.notifier.sealed import typed_code
from services.notifier.settings import NotifierSettings
from services.notifier.store import time_of
from shared import instants
from shared.db import Connection, Pool
from shared.http import Fault, Problem

TITLES: Final = {
    Refusal.EXPIRED: "The voucher has expired",
    Refusal.USED: "The voucher was used by another order",
    Refusal.BELOW_MINIMUM: "The order is worth less than the voucher asks for",
    Refusal.WRONG_CATEGORIES: "The voucher is for other goods",
    Refusal.WITHDRAWN: "The voucher was withdrawn",
    Refusal.WRONG_PERSON: "The voucher is somebody else's",
    Refusal.REFUNDED: "This order was refunded and its voucher given back",
}


class Counter:
    """Answers from the database behind `pool`."""

    def __init__(self, pool: Pool, settings: NotifierSettings, desk: Desk) -> None:
        self._pool = pool
        self._settings = settings
        self._desk = desk

    async def voucher(self, code: str) -> VoucherAnswer:
        """A voucher's terms, and whether it may be used now. Raises Problem 404."""
        async with self._pool.acquire() as connection:
            found = await store.find(connection, typed_code(code))
            if found is None:
                raise _unknown()
            return self._answer(found, await self._now(connection, found.lane))

    async def redeem(self, code: str, order: Redeeming) -> Redeemed:
        """Let this order use the voucher. Raises Problem 404, 409 with the `reason`, or 422."""
        told = self._order(order)
        async with self._pool.acquire() as connection, connection.transaction():
            found = await store.find(connection, typed_code(code), lock=True)
            if found is None:
                raise _unknown()
            verdict = await redeem(connection, found, told._replace(at=await self._now(connection, found.lane)))
        if isinstance(verdict, Refusal):
            raise self._refused(verdict, found)
        return Redeemed(
            code=found.voucher.code,
            order_id=order.order_id,
            discount=major(verdict, self._desk.exponent),
            currency=self._settings.currency,
        )

    async def withdraw(self, code: str) -> VoucherAnswer:
        """Take a voucher back: no order may use it any more. Raises Problem 404."""
        async with self._pool.acquire() as connection, connection.transaction():
            found = await store.find(connection, typed_code(code), lock=True)
            if found is None:
                raise _unknown()
            now = await self._now(connection, found.lane)
            await store.withdraw(connection, found.voucher.code, now)
        return self._answer(found._replace(withdrawn=True), now)

    async def load(self, pool: str, body: bytes) -> Loaded:
        """Put a file's codes into a pool. Raises Problem 413 or 422."""
        codes = read_codes(body, self._settings.zone)
        async with self._pool.acquire() as connection:
            added = await store.add_codes(connection, pool, codes, await self._now(connection, 0))
        return Loaded(pool=pool, added=added, known=len(codes) - added)

    async def pools(self) -> Pools:
        """All pools of partner codes."""
        async with self._pool.acquire() as connection:
            rows = await store.pools(connection, await self._now(connection, 0))
        return Pools(items=[PoolAnswer(**dict(row)) for row in rows])

    async def offers(self) -> OffersAnswer:
        """The book of offers with this month's figures."""
        async with self._pool.acquire() as connection:
            now = await self._now(connection, 0)
            month = month_of(now, self._settings.zone)
            found = await store.figures(connection, start_of_month(now, self._settings.zone))
            spent = await store.spent(connection, month)
        book, exponent = self._desk.book, self._desk.exponent
        withheld = {key: msgspec.json.decode(each["withheld"]) for key, each in found.items()}
        return OffersAnswer(
            month=month,
            currency=self._settings.currency,
            offers=[self._figures(msgspec.to_builtins(each), found.get(each.key), withheld) for each in book.offer],
            choices=[msgspec.to_builtins(each) for each in book.choice],
            budgets=[
                BudgetFigures(play=each.play, month=each.month, spent=major(spent.get(each.play, 0), exponent))
                for each in book.budget
            ],
            withheld={key: reasons for key, reasons in withheld.items() if reasons},
        )

    def _figures(self, terms: dict[str, Any], found: dict[str, Any] | None, withheld: dict[str, Any]) -> OfferFigures:
        key = terms.pop("key")
        given, redeemed, cost = (found["given"], found["redeemed"], found["cost"]) if found else (0, 0, 0)
        return OfferFigures(
            key=key,
            terms=terms,
            given=given,
            redeemed=redeemed,
            cost=major(cost, self._desk.exponent),
            withheld=withheld.get(key, {}),
        )

    async def _now(self, connection: Connection, lane: int) -> int:
        return await time_of(connection, lane, by_facts=self._settings.clock == "facts")

    def _answer(self, found: Found, now: int) -> VoucherAnswer:
        voucher, exponent = found.voucher, self._desk.exponent
        return VoucherAnswer(
            code=voucher.code,
            state=_state(found, now),  # type: ignore[arg-type]  # one of the four words
            customer=voucher.person,
            bound=voucher.bound,
            message=voucher.message,
            play=voucher.play,
            offer=voucher.offer,
            kind=voucher.kind,  # type: ignore[arg-type]  # partner codes and perks are no vouchers of ours
            percent=voucher.percent,
            amount=major(voucher.amount, exponent),
            minimum=major(voucher.minimum, exponent),
            categories=list(voucher.categories),
            single_use=voucher.single_use,
            currency=self._settings.currency,
            issued_at=instants.text(voucher.issued_at),
            valid_until=instants.text(voucher.valid_until),
        )

    def _order(self, order: Redeeming) -> Order:
        if order.currency not in (None, self._settings.currency):
            raise _invalid("/body/currency", f"the shop's currency is {self._settings.currency}")
        lines = [
            Line(item.category, self._line(item.amount, f"/body/items/{place}/amount"))
            for place, item in enumerate(order.items)
        ]
        value = self._minor(order.amount, "/body/amount")
        shipping = self._minor(order.shipping, "/body/shipping")
        return Order(order.order_id, order.customer, value, 0, lines, shipping)

    def _line(self, amount: Decimal | None, pointer: str) -> int | None:
        return None if amount is None else self._minor(amount, pointer)

    def _minor(self, amount: Decimal, pointer: str) -> int:
        try:
            return minor(amount, self._desk.exponent)
        except (ValueError, ArithmeticError) as error:
            raise _invalid(pointer, f"more precise than {self._settings.currency}") from error

    def _refused(self, refusal: Refusal, found: Found) -> Problem:
        more: dict[str, Any] = {}
        if refusal is Refusal.BELOW_MINIMUM:
            more["minimum"] = major(found.voucher.minimum, self._desk.exponent)
        if refusal is Refusal.WRONG_CATEGORIES:
            more["categories"] = list(found.voucher.categories)
        return Problem(409, "voucher-refused", TITLES[refusal], reason=refusal, **more)


def _state(found: Found, now: int) -> str:
    if found.withdrawn:
        return "withdrawn"
    if found.voucher.single_use and found.used:
        return "used"
    return "expired" if found.voucher.valid_until <= now else "valid"


def _unknown() -> Problem:
    return Problem(404, "unknown-voucher", "There is no voucher with this code", reason=Refusal.UNKNOWN)


def _invalid(pointer: str, detail: str) -> Problem:
    faults = [Fault(pointer=pointer, detail=detail)]
    return Problem(422, "invalid-request", "The request is not valid", errors=faults)
