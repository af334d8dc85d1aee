"""Tasks asked for, ticked off and put aside. Each that is shown open was looked at again for this answer."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from services.notifier.consent import NOTHING
from services.notifier.consent.store import ledgers_of
from services.notifier.mail import UnwrittenError
from services.notifier.message import Channel, Message, Reason, State
from services.notifier.metrics import MESSAGES
from services.notifier.plays.person import Moment, Person
from services.notifier.plays.weighing import still
from services.notifier.profile import name, newest_profile, phone, postal
from services.notifier.settings import NotifierSettings
from services.notifier.store import message_of, profiles_of, time_of
from services.notifier.subscriptions import cursors
from services.notifier.tasks import store
from services.notifier.tasks.answers import Done, Dropped, Place, TaskItem, Tasks
from services.notifier.tasks.state import STATES, TaskState, ended_as, state_of
from services.notifier.tasks.store import End
from services.notifier.tasks.writing import Briefing, Known, Writer
from shared import instants
from shared.db import Connection, Pool
from shared.http import Problem


class Counter:
    """Where staff gets its tasks and brings them back, on the database behind `pool`."""

    def __init__(self, pool: Pool, settings: NotifierSettings, writer: Writer) -> None:
        self._pool = pool
        self._lanes = settings.lanes
        self._writer = writer
        self._by_facts = settings.clock == "facts"
        self._named = settings.named

    async def page(
        self, state: TaskState, play: str | None, channel: str | None, after: str | None, limit: int
    ) -> Tasks:
        """A page of tasks, the most urgent first. Raises Problem 400 for a foreign cursor."""
        place = None if after is None else cursors.decode(after)
        async with self._pool.acquire() as connection:
            rows = await store.tasks(connection, store.Query(STATES[state], play, channel, place, limit + 1))
            shown, more = rows[:limit], len(rows) > limit
            items = await self._items(connection, shown)
        return Tasks(items=items, next=cursors.encode(shown[-1]["do_by"], shown[-1]["id"]) if more else None)

    async def one(self, task: str) -> TaskItem:
        """One task. Raises Problem 404, also for an open one whose person may not be reached any more."""
        async with self._pool.acquire() as connection:
            items = await self._items(connection, [await self._find(connection, task)])
        if not items:
            raise _unknown()
        return items[0]

    async def done(self, task: str, said: Done) -> TaskItem:
        """Tick it off; a second time changes nothing. Raises Problem 404, 409."""
        return await self._end(task, ended_as(said.outcome), said, TaskState.DONE)

    async def drop(self, task: str, said: Dropped) -> TaskItem:
        """Put it aside; a second time changes nothing. Raises Problem 404, 409."""
        return await self._end(task, State.HELD_BACK, said, TaskState.DROPPED)

    async def _end(self, task: str, state: State, said: Done | Dropped, wanted: TaskState) -> TaskItem:
        async with self._pool.acquire() as connection, connection.transaction():
            row = await self._find(connection, task)
            now = await time_of(connection, row["lane"], by_facts=self._by_facts)
            outcome = said.outcome if isinstance(said, Done) else None
            reason = Reason.DROPPED if state is State.HELD_BACK else None
            end = End(state, reason, now, said.by.strip(), outcome, said.note)
            ended = await store.end(connection, (row["lane"], task), end)
            row = await self._find(connection, task)
            if not ended and state_of(State(row["state"])) is not wanted:
                raise _not_open(row)
            (item,) = await self._items(connection, [row])
        if ended:
            MESSAGES.labels(row["play"], state).inc()
        return item

    async def _find(self, connection: Connection, task: str) -> asyncpg.Record:
        row = await store.find(connection, self._lanes, task)
        if row is None:
            raise _unknown()
        return row

    # -- what is told --------------------------------------------------------------------------------------------

    async def _items(self, connection: Connection, rows: Sequence[asyncpg.Record]) -> list[TaskItem]:
        """These tasks; an open one whose person has just become out of reach is left out."""
        places = [(row["lane"], row["person"]) for row in rows]
        profiles = await profiles_of(connection, places)
        ledgers = await ledgers_of(connection, places)
        standings = await store.standings_of(connection, places)
        times = await store.times(connection, by_facts=self._by_facts)
        items = []
        for row, place in zip(rows, places, strict=True):
            message = message_of(row)
            moment = Moment(times[place[0]], self._by_facts, self._named)
            person = Person(place[1], profiles.get(place, ()), ledgers.get(place, NOTHING))
            if message.state is State.OPEN and still(message, person, moment).reason is not None:
                continue
            profile = newest_profile(person.profiles, moment.known_until)
            known = Known(profile, person.ledger, standings.get(place), moment.known_until)
            items.append(TaskItem(**self._members(row, message, known)))
        return items

    def _members(self, row: asyncpg.Record, message: Message, known: Known) -> dict[str, Any]:
        """What a task's item says; members that say nothing are left out."""
        briefing, detail = self._briefing(message, known)
        profile, orders, is_open = known.profile, known.orders, message.state is State.OPEN
        members = {
            **{key: row[key] for key in ("id", "play", "step", "channel", "reason", "basis", "basis_fact", "cause")},
            **{key: row[key] for key in ("by", "outcome", "note")},
            **{key: _text(row[key]) for key in ("cause_at", "at", "do_by", "expires_at", "ended_at")},
            **briefing._asdict(),
            "detail": detail,
            "task": message.mail,
            "customer": message.person,
            "state": state_of(message.state),
            "name": name(profile) or None,
            "language": profile.language,
            "phone": phone(profile) if is_open and message.channel is Channel.PHONE else None,
            "address": postal(profile) if is_open and message.channel is Channel.POST else None,
            "standing": self._standing(known),
            "orders": len(orders),
            "last_order_at": _text(orders[-1].at) if orders else None,
        }
        return {key: value for key, value in members.items() if value is not None}

    def _briefing(self, message: Message, known: Known) -> tuple[Briefing, str | None]:
        try:
            return self._writer.write(message, known), None
        except UnwrittenError as error:
            return Briefing("", "", ""), str(error)

    def _standing(self, known: Known) -> Place | None:
        told = known.standing
        if told is None:
            return None
        return Place(rung=told.rung, name=self._writer.rung(told.rung), phase=told.phase, stage=told.stage)


def _text(at: int | None) -> str | None:
    return None if at is None else instants.text(at)


def _unknown() -> Problem:
    return Problem(404, "unknown-task", "No task has this id")


def _not_open(row: asyncpg.Record) -> Problem:
    reason = f" ({row['reason']})" if row["reason"] else ""
    detail = f"It is {state_of(State(row['state']))}{reason}"
    return Problem(409, "task-not-open", "The task is not open", detail=detail)
