"""Questions about people: one person's standing and history, and lists of people."""

from functools import cache
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from services.ladder import cursors
from services.ladder.answers import Customer, History, Member, People, Transition, WordByHand
from services.ladder.core import fold
from services.ladder.core.explain import Explanation, explain
from services.ladder.core.rules import Rules
from services.ladder.core.standing import Phase, Stage, Standing, decode
from services.ladder.cursors import HistoryCursor, PeopleCursor
from services.ladder.queries import Found, Queries
from services.ladder.reading import read_journal
from services.ladder.rulebook.book import Book
from shared import instants
from shared.events import BY_HAND, Overriding, PhaseName, RungOverridden, RungOverrideLifted, type_of
from shared.http import Problem
from shared.log.partitioner import lane_of

_LAST = HistoryCursor(2**63 - 1)
_FIRST = PeopleCursor(-1, "")
_WORDS = 100
"""So many of the newest words by hand are shown."""


class Stands(NamedTuple):
    """A standing, the instant it is as of, how many facts wait, and by which rules it is so."""

    standing: Standing
    at: int
    parked: int
    rules: Rules


class Registry:
    """Who is known, and how they stand."""

    def __init__(self, queries: Queries, book: Book, lanes: int) -> None:
        self._queries = queries
        self._book = book
        self._lanes = lanes

    async def customer(self, person: str, as_of: int | None, version: int | None = None) -> Customer:
        """The person's standing at an instant, or now, by a version of the rules, or the one they are folded by.

        Raises Problem 404 where there was none, or no such version.
        """
        found = await self.standing(person, as_of, version)
        return _answer(person, explain(found.standing, found.at, found.rules), found.parked)

    async def standing(self, person: str, as_of: int | None = None, version: int | None = None) -> Stands:
        """Where the person stands, stood, or would stand. Raises Problem 404 as `customer`."""
        lane = lane_of(person, self._lanes)
        found = await self._queries.person(lane, person)
        if found is None:
            raise _unknown()
        at = found.now if as_of is None else as_of
        rules = await self._rules(found.version if version is None else version)
        told_anew = as_of is not None or (version is not None and version != found.version)
        standing = await self._standing(lane, person, found, at, rules, exact=told_anew)
        if standing is None:
            raise _unknown(f"Nothing that is known of this person happened up to {instants.text(at)}.")
        return Stands(standing, at, found.parked, rules)

    async def _rules(self, version: int | None) -> Rules:
        """While the lanes go over to another version some people are folded by that already."""
        rules = self._book.rules
        if version is None or version == rules.version:
            return rules
        text = await self._queries.rules(version)
        if text is None:
            raise Problem(404, "unknown-rules", "There is no such version of the rules")
        return self._book.version(text)

    async def friends(self, person: str) -> list[Standing]:
        """Those whose purchases are credited to this person, as they stand."""
        return [decode(state) for state in await self._queries.friends(lane_of(person, self._lanes), person)]

    async def _standing(
        self, lane: int, person: str, found: Found, at: int, rules: Rules, *, exact: bool
    ) -> Standing | None:
        """The stored standing where it has no step behind `at`; else the person is folded anew from the journal."""
        stored = decode(found.state)
        if not exact and stored.step_at <= at:
            return stored
        facts = [read_journal(body) for body in await self._queries.facts(lane, person)]
        return fold.as_of(facts, rules, at)

    async def history(self, person: str, after: str | None, limit: int) -> History:
        """The person's transitions, newest first. Raises Problem 400 and 404."""
        lane = lane_of(person, self._lanes)
        cursor = cursors.decode(after, HistoryCursor) if after is not None else _LAST
        rows = await self._queries.history(lane, person, cursor.seq, limit + 1)
        if not rows and await self._queries.person(lane, person) is None:
            raise _unknown()
        shown = rows[:limit]
        further = cursors.encode(HistoryCursor(shown[-1].seq)) if len(rows) > limit else None
        history = History(items=[_transition(row) for row in shown], next=further)
        if after is None:
            history.overrides = await self._by_hand(lane, person)
        return history

    async def _by_hand(self, lane: int, person: str) -> list[WordByHand]:
        told = map(read_journal, await self._queries.facts_from(lane, person, BY_HAND, _WORDS))
        return [_word(each) for each in told if isinstance(each, RungOverridden | RungOverrideLifted)]

    async def people(
        self, rung: int | None, phase: Phase | None, stage: Stage | None, after: str | None, limit: int
    ) -> People:
        """People on a rung, in a phase, in a stage. Raises Problem 400."""
        cursor = cursors.decode(after, PeopleCursor) if after is not None else _FIRST
        rows = await self._queries.people(cursor, rung, phase, stage, limit + 1)
        shown = rows[:limit]
        further = cursors.encode(PeopleCursor(shown[-1].lane, shown[-1].person)) if len(rows) > limit else None
        return People(items=[_member(row) for row in shown], next=further)


def _unknown(detail: str | None = None) -> Problem:
    return Problem(404, "unknown-customer", "Nobody is known by this id", detail=detail)


def _answer(person: str, explanation: Explanation, parked: int) -> Customer:
    parts = {name: getattr(explanation, name) for name in _explained()}
    return Customer(customer=person, parked=parked or UNSET, **parts)


@cache
def _explained() -> tuple[str, ...]:
    return tuple(part.name for part in msgspec.structs.fields(Explanation))


class _Data(Struct):
    """The data of an announcement, whatever its type."""

    recorded_at: str
    cause: dict[str, str]
    to: int | PhaseName | str
    from_: int | PhaseName | None = field(name="from", default=None)
    historical: bool | UnsetType = UNSET


_data = msgspec.json.Decoder(_Data)


def _transition(row: Any) -> Transition:
    data = _data.decode(row.data)
    return Transition(
        id=row.id,
        type=row.type,
        time=instants.text(row.at),
        recorded_at=data.recorded_at,
        from_=data.from_,
        to=data.to,
        cause=data.cause,
        correction=row.correction,
        rules_version=row.rules_version,
        historical=data.historical,
    )


def _word(told: RungOverridden | RungOverrideLifted) -> WordByHand:
    data = told.data
    word = WordByHand(id=told.id, type=type_of(told), time=told.time, by=data.by, reason=data.reason)
    if isinstance(data, Overriding):
        word.rung, word.kind, word.until = data.rung, data.kind, data.until
    return word


def _member(row: Any) -> Member:
    since = instants.text(row.since)
    return Member(customer=row.person, rung=row.rung, phase=row.phase, stage=row.stage, since=since)
