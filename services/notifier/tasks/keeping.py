"""Tasks in their lane: opened when it is time, held back when the basis goes, given up when they are too old."""

from collections.abc import Iterable, Mapping

import msgspec

from services.notifier.message import Message, State
from services.notifier.plays.person import Moment, Person
from services.notifier.plays.weighing import still
from services.notifier.store import load
from services.notifier.tasks import store
from shared.db import Connection

AT_ONCE = 500
"""Tasks that are opened, or given up, in one transaction at most."""


async def pass_time(tx: Connection, lane: int, until: int, moment: Moment, lanes: int) -> list[Message]:
    """Open what is due by then, if its person may still be reached, and give up what has expired; returns both."""
    due = await store.to_open(tx, lane, until, AT_ONCE)
    persons = await _persons(tx, lane, due, lanes)
    changed = [_opened(each, persons, moment) for each in due]
    await store.settle(tx, lane, changed)
    return changed + await store.expire(tx, lane, until, AT_ONCE)


def _opened(message: Message, persons: Mapping[str, Person], moment: Moment) -> Message:
    seen = moment._replace(now=message.goes_at) if moment.played else moment
    found = still(message, persons[message.person], seen)
    return found if found.reason is not None else msgspec.structs.replace(found, state=State.OPEN)


async def look_again(tx: Connection, lane: int, told: Iterable[str], moment: Moment, lanes: int) -> list[Message]:
    """Hold open tasks back about persons of whom something new was told, if they may be reached no more."""
    tasks = await store.open_of(tx, lane, set(told))
    persons = await _persons(tx, lane, tasks, lanes)
    seen = [(each, still(each, persons[each.person], moment)) for each in tasks]
    changed = [found for before, found in seen if found != before]
    await store.settle(tx, lane, changed)
    return [each for each in changed if each.state is State.HELD_BACK]


async def _persons(tx: Connection, lane: int, tasks: Iterable[Message], lanes: int) -> Mapping[str, Person]:
    names = sorted({each.person for each in tasks})
    return await load(tx, lane, names, lanes) if names else {}
