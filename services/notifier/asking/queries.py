"""Questions about messages, vouchers and perks, answered from the tables."""

import base64
import binascii
from typing import Any

import asyncpg
import msgspec

from services.notifier.asking import store
from services.notifier.asking.answers import MessageItem, Messages, MessageText, PerkItem, Perks, VoucherAnswer
from services.notifier.mail import Composer
from services.notifier.message import Mail, State
from services.notifier.offers import major
from services.notifier.plays import Book, Play
from services.notifier.profile import newest_profile
from services.notifier.sealed import typed_code
from services.notifier.settings import NotifierSettings
from services.notifier.store import message_of, profiles_of, time_of, vouchers_of
from shared import instants
from shared.db import Pool
from shared.http import Problem
from shared.log.partitioner import lane_of


class Queries:
    """Answers from the database behind `pool`."""

    def __init__(self, pool: Pool, settings: NotifierSettings, book: Book, composer: Composer) -> None:
        self._pool = pool
        self._settings = settings
        self._book = book
        self._composer = composer
        self._by_facts = settings.clock == "facts"

    async def messages(
        self, customer: str | None, state: State | None, play: Play | None, after: str | None, limit: int
    ) -> Messages:
        """A page of messages, newest first. Raises Problem 400 for a foreign cursor."""
        lane = None if customer is None else lane_of(customer, self._settings.lanes)
        query = store.Query(lane, customer, state, play, None if after is None else _place(after), limit + 1)
        async with self._pool.acquire() as connection:
            rows = await store.messages(connection, query)
        page = rows[:limit]
        more = len(rows) > limit
        return Messages(
            items=[MessageItem(**_item(row)) for row in page],
            next=_cursor(page[-1]["at"], page[-1]["id"]) if more else None,
        )

    async def message(self, message_id: str) -> MessageText:
        """One message with its text. Raises Problem 404."""
        async with self._pool.acquire() as connection:
            row = await store.find_message(connection, self._settings.lanes, message_id)
            if row is None:
                raise Problem(404, "unknown-message", "No message has this id")
            message = message_of(row)
            person, place = (row["lane"], message.person), (row["lane"], message.id)
            profiles = (await profiles_of(connection, [person])).get(person, ())
            voucher = (await vouchers_of(connection, [place])).get(place)
        profile = newest_profile(profiles, message.at if self._by_facts else None)
        if voucher is None and message.mail is Mail.WIN_BACK:
            return MessageText(**_item(row), language="", subject="", text="", html="")
        text = self._composer.text(message, profile, voucher)
        return MessageText(**_item(row), language=text.language, subject=text.subject, text=text.plain, html=text.html)

    async def voucher(self, code: str) -> VoucherAnswer:
        """A voucher and whether it may be used now. Raises Problem 404."""
        async with self._pool.acquire() as connection:
            found = await store.find_voucher(connection, typed_code(code))
            if found is None:
                raise Problem(404, "unknown-voucher", "There is no voucher with this code")
            voucher, message, lane = found
            now = await time_of(connection, lane, by_facts=self._by_facts)
        void = message.state is State.HELD_BACK
        return VoucherAnswer(
            code=voucher.code,
            state="void" if void else "expired" if voucher.valid_until <= now else "valid",
            customer=voucher.person,
            message=voucher.message,
            percent=voucher.percent,
            minimum=major(voucher.minimum, self._settings.exponent),
            currency=self._settings.currency,
            issued_at=instants.text(voucher.issued_at),
            valid_until=instants.text(voucher.valid_until),
        )

    async def perks(self, customer: str) -> Perks:
        """What a person has been granted, and what of it was withdrawn."""
        async with self._pool.acquire() as connection:
            rows = await store.perks(connection, lane_of(customer, self._settings.lanes), customer)
        return Perks(items=[self._perk(row) for row in rows])

    def _perk(self, row: store.PerkRow) -> PerkItem:
        rules = self._book.loyalty_perk
        perk = rules.on(row.rung) if rules else None
        withdrawn = {} if row.withdrawn_at is None else {"withdrawn_at": instants.text(row.withdrawn_at)}
        key = perk.key if perk else None
        return PerkItem(rung=row.rung, perk=key, granted_at=instants.text(row.granted_at), **withdrawn)


def _item(row: asyncpg.Record) -> dict[str, Any]:
    """The members of a message's item; those that say nothing are left out."""
    members = {
        "id": row["id"],
        "customer": row["person"],
        "play": row["play"],
        "cause": row["cause"],
        "state": row["state"],
        "reason": row["reason"],
        "at": instants.text(row["at"]),
        "sent_at": None if row["sent_at"] is None else instants.text(row["sent_at"]),
        "rungs": row["rungs"] or None,
    }
    return {name: value for name, value in members.items() if value is not None}


def _cursor(at: int, message_id: str) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode((at, message_id))).rstrip(b"=").decode()


def _place(cursor: str) -> tuple[int, str]:
    try:
        packed = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        at, message_id = msgspec.msgpack.decode(packed, type=tuple[int, str])
    except (UnicodeEncodeError, binascii.Error, msgspec.DecodeError) as error:
        raise _bad_cursor() from error
    if not -(2**63) <= at < 2**63 or "\x00" in message_id:
        raise _bad_cursor()
    return at, message_id


def _bad_cursor() -> Problem:
    return Problem(400, "bad-cursor", "The cursor is not one that this list has given out")
