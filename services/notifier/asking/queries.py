"""Questions about messages, vouchers and perks, answered from the tables."""

import base64
import binascii
from typing import Any, Final

import asyncpg
import msgspec

from services.notifier.asking import store
from services.notifier.asking.answers import (
    Draft,
    MessageItem,
    Messages,
    MessageText,
    PerkItem,
    Perks,
    Preview,
    ReasonItem,
    Reasons,
)
from services.notifier.consent import NOTHING
from services.notifier.consent.store import ledgers_of
from services.notifier.mail import Composer, UnwrittenError
from services.notifier.message import Message, State, Way
from services.notifier.offers import Voucher
from services.notifier.offers.store import reason_withheld
from services.notifier.plays.book import Book
from services.notifier.profile import newest_profile
from services.notifier.settings import NotifierSettings
from services.notifier.store import message_of, profiles_of, time_of, vouchers_of
from services.notifier.tasks.writing import Known, Writer
from shared import instants
from shared.db import Pool
from shared.http import Problem
from shared.instants import DAY
from shared.log.partitioner import lane_of


class Queries:
    """Answers from the database behind `pool`."""

    def __init__(self, pool: Pool, settings: NotifierSettings, book: Book, composer: Composer) -> None:
        self._pool = pool
        self._settings = settings
        self._book = book
        self._composer = composer
        self._writer = Writer(settings)
        self._by_facts = settings.clock == "facts"

    async def messages(
        self, customer: str | None, state: State | None, play: str | None, after: str | None, limit: int
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

    async def reasons(self, play: str | None) -> Reasons:
        """Why messages were not sent, counted."""
        async with self._pool.acquire() as connection:
            rows = await store.reasons(connection, play)
        return Reasons(items=[ReasonItem(**row) for row in rows])

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
            without = await reason_withheld(connection, *place)
            ledger = (await ledgers_of(connection, [person])).get(person, NOTHING)
        until = message.at if self._by_facts else None
        profile = newest_profile(profiles, until)
        try:
            if message.way is Way.TASK:
                text = self._writer.text(message, Known(profile, ledger, None, until))
            else:
                text = self._composer.text(message, profile, voucher)
        except UnwrittenError as error:
            return MessageText(**{**_item(row), "detail": str(error)}, language="", subject="", text="", html="")
        more: dict[str, Any] = {} if without is None else {"without_offer": without}
        return MessageText(
            **_item(row), language=text.language, subject=text.subject, text=text.plain, html=text.html, **more
        )

    async def preview(self, draft: Draft) -> Preview:
        """A text for a person, with a voucher that is none. Raises Problem 404, 422."""
        lane = lane_of(draft.customer, self._settings.lanes)
        place = (lane, draft.customer)
        async with self._pool.acquire() as connection:
            profiles = (await profiles_of(connection, [place])).get(place)
            now = await time_of(connection, lane, by_facts=self._by_facts)
        if profiles is None:
            raise Problem(404, "unknown-customer", "Nobody with this id has a profile")
        profile = newest_profile(profiles, None)
        if draft.language is not None:
            profile = msgspec.structs.replace(profile, language=draft.language)
        try:
            text = self._composer.text(_message(draft, now), profile, _voucher(now))
        except UnwrittenError as error:
            raise Problem(422, "template-failed", "The template cannot be rendered", detail=str(error)) from error
        return Preview(language=text.language, subject=text.subject, text=text.plain, html=text.html)

    async def perks(self, customer: str) -> Perks:
        """What a person has been granted, and what of it was withdrawn."""
        lane = lane_of(customer, self._settings.lanes)
        async with self._pool.acquire() as connection:
            rows = await store.perks(connection, lane, customer)
            now = await time_of(connection, lane, by_facts=self._by_facts)
        return Perks(items=[self._perk(row, now) for row in rows])

    def _perk(self, row: store.PerkRow, now: int) -> PerkItem:
        told: dict[str, Any] = {} if row.rung is None else {"rung": row.rung}
        if row.withdrawn_at is not None:
            told["withdrawn_at"] = instants.text(row.withdrawn_at)
        active = row.withdrawn_at is None or row.withdrawn_at > now
        key = row.perk or self._perk_of(row.rung)
        return PerkItem(perk=key, granted_at=instants.text(row.granted_at), active=active, **told)

    def _perk_of(self, rung: int | None) -> str | None:
        perk = None if rung is None else self._book.perk_on(rung)
        return perk.key if perk else None


def _item(row: asyncpg.Record) -> dict[str, Any]:
    """The members of a message's item; those that say nothing are left out."""
    members = {
        "id": row["id"],
        "customer": row["person"],
        "play": row["play"],
        "cause": row["cause"],
        "state": row["state"],
        "reason": row["reason"],
        "basis": row["basis"],
        "basis_fact": row["basis_fact"],
        "at": instants.text(row["at"]),
        "sent_at": None if row["sent_at"] is None else instants.text(row["sent_at"]),
        "detail": row["detail"],
        "rungs": row["rungs"] or None,
        "step": row["step"] or None,
        "way": None if row["way"] == Way.MAIL else row["way"],
        "channel": None if row["way"] == Way.MAIL else row["channel"],
    }
    return {name: value for name, value in members.items() if value is not None}


SAMPLE: Final = "00000000-0000-0000-0000-000000000000"
"""The id of a message that is none; its links belong to nobody, so that a click on a preview does nothing."""


def _message(draft: Draft, now: int) -> Message:
    return Message(
        id=SAMPLE,
        person="preview",
        play="preview",
        mail=draft.mail,
        cause=SAMPLE,
        cause_at=now,
        at=now,
        rungs=tuple(sorted(set(draft.rungs))),
    )


def _voucher(now: int) -> Voucher:
    code = "0000-0000-0000"
    return Voucher(code, SAMPLE, "preview", percent=15, minimum=None, issued_at=now, valid_until=now + 30 * DAY)


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
