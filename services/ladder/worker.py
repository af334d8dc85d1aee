"""The ladder's side of a lane: records in, one transaction's worth of rows out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import asyncpg

from services.ladder import reading, store, sweep
from services.ladder.announce import tick_row
from services.ladder.reading import Shop, claim_of
from services.ladder.rulebook import handover
from services.ladder.rulebook.book import Book
from services.ladder.rulebook.handover import Course
from services.ladder.store import Stored
from services.ladder.turn import A_DEADLINE, Manner, Turn, needs_journal
from services.ladder.writing import write
from shared import telemetry
from shared.db import Connection
from shared.events import Fact, Internal
from shared.lanes import Batch, Outcome, TryAgainError

CAREFUL_BATCHES = 20
"""So many batches look up what is known already, after one has met a fact that was."""

RETRIED = 1_000
"""Parked facts that are tried again in one transaction at most."""

Messages = Sequence[tuple[Fact | Internal, bytes, int]]
ByPerson = Mapping[str, list[Fact | Internal]]


class Behind(NamedTuple):
    """How far a new owner has come in trying again what was parked before it came, at the instant `before`."""

    person: str
    number: int
    before: int


class LadderLane:
    """Folds the facts of one owned lane; see `shared.lanes.LaneHandler`.

    What is known already is not looked up: the journal's keys refuse what was taken before, and only then does the
    lane look. Standings of active persons are kept at hand as they are stored, in bytes.
    """

    def __init__(self, lane: int, manner: Manner, shop: Shop, cached_persons: int, book: Book) -> None:
        self._lane = lane
        self._manner = manner
        self._book = book
        self._course = self._next_course = Course(manner.rules)
        """Which rules hold, and which once the transaction under way has committed."""
        self._swept_to = 0
        """Up to here everything that was due has fired, by the wall clock."""
        self._shop = shop
        self._cached_persons = cached_persons
        self._cache: dict[str, Stored] = {}
        self._parked: frozenset[str] = frozenset()
        """Whose facts wait."""
        self._begun = False
        self._behind: Behind | None = None
        """Where what an earlier owner parked is still to be tried again; None: nowhere any more."""
        self._next: Behind | None = None
        """The same once the transaction under way has committed."""
        self._careful = 0
        self._tick_owed = manner.by_facts
        self._times: Sequence[int] = ()
        """When the lane's time moved on in the batch whose sweep is not through yet."""
        self._turn = Turn(manner, lane, 0, 0)
        self._page: Turn | None = None
        """People who have gone over to other rules in the transaction under way."""

    async def process(self, tx: Connection, batch: Batch) -> Outcome:
        """Fold the batch, then let deadlines fire as far as the lane may be swept."""
        read = reading.read(batch.records, self._shop, batch.time or 0)
        time = read.times[-1] if read.times else batch.time
        course = await self._begin(tx)
        turn = self._turn = Turn(self._manner_by(course), self._lane, batch.seq, batch.now, read.times or self._times)
        messages: Messages = read.messages
        by_person: ByPerson = read.by_person
        if retried := await self._retried(tx, batch, time or 0):
            messages = [*retried, *messages]
            by_person = _by_person(messages)
        await self._load(tx, turn, by_person)
        for message, body, at in messages:
            turn.take(message, body, at)
        until = time if self._manner.by_facts else batch.sweep_to
        if self._next is not None:  # nobody is swept past facts that wait
            until, more_due = None, True
        else:
            more_due = until is not None and await sweep.sweep(tx, turn, until)
        turn.unfinished = more_due
        turn.tick_owed = read.ticked or self._tick_owed
        if turn.tick_owed and until is not None and not more_due:
            turn.outbox.append(tick_row(self._lane, until))
            turn.tick_owed = False
        await self._write(tx, turn)
        if course.coming is not None and self._next is None and not more_due:
            await self._go_over(tx, batch, course, time)
        outbox = turn.outbox if self._page is None else turn.outbox + self._page.outbox
        return Outcome(outbox, read.dead, time if self._manner.by_facts else None, more_due)

    def committed(self) -> None:
        """Remember what was just written."""
        turn, page = self._turn, self._page
        self._course, self._page = self._next_course, None
        self._careful = max(0, self._careful - 1)
        self._parked = frozenset(turn.parked if page is None else page.parked)
        self._begun, self._behind = True, self._next
        self._tick_owed = turn.tick_owed and self._manner.by_facts
        self._times = turn.times if turn.unfinished else ()
        for person, stored in turn.stored():
            self._cache.pop(person, None)
            self._cache[person] = stored
        if page is not None:
            self._cache.update((person, stored) for person, stored in page.stored() if person in self._cache)
        for person in [*islice(self._cache, max(0, len(self._cache) - self._cached_persons))]:
            del self._cache[person]
        telemetry.DUPLICATES.labels("ladder").inc(turn.duplicates)
        self._turn = Turn(self._manner, self._lane, 0, 0)  # a batch is much, and this lane may have to wait now

    def unfinished(self) -> bool:
        """Whether another version of the rules has been activated; by the wall clock once the lane has been swept."""
        goes_over = self._course.coming is not None or self._book.target != self._course.rules.version
        return self._begun and goes_over and (self._manner.by_facts or self._swept_to > 0)

    async def due(self, connection: Connection, until: int) -> bool:
        """Whether any deadline of this lane is at or before `until`."""
        self._swept_to = until
        return await store.any_due(connection, self._lane, until)

    # -- loading -------------------------------------------------------------------------------------------------

    async def _retried(self, tx: Connection, batch: Batch, time: int) -> Messages:
        """Once per ownership, all facts that were parked, some at a time: other code may fold them.

        The lane asks for no records before they are through; if it did, they would all come before those.
        """
        self._turn.parked.update(self._parked)
        self._next = None
        behind = self._behind
        if not self._begun:
            behind = Behind("", 0, batch.now)
        if behind is None:
            return []
        limit = None if batch.records else RETRIED
        rows = await store.unpark(tx, self._lane, (behind.person, behind.number), behind.before, limit)
        if len(rows) == limit:
            self._next = Behind(rows[-1].person, rows[-1].number, behind.before)
        return [(reading.read_any(row.body), row.body, time) for row in rows if row.body != A_DEADLINE]

    # -- the rules -----------------------------------------------------------------------------------------------

    async def _begin(self, tx: Connection) -> Course:
        """Which rules hold in this transaction. Raises RefusedError."""
        self._page = None
        course = self._course if self._begun else await handover.course_of(tx, self._lane, self._book)
        if course.coming is None and course.rules.version != self._book.target:
            course = await handover.turned(tx, course, self._book)
        self._next_course = course
        return course

    def _manner_by(self, course: Course) -> Manner:
        return replace(self._manner, rules=course.rules, coming=course.coming)

    async def _go_over(self, tx: Connection, batch: Batch, course: Course, time: int | None) -> None:
        """One page of people, behind all that the batch has written of them."""
        until = (time or 0) if self._manner.by_facts else self._swept_to
        seq = batch.seq + len(self._turn.outbox)
        self._page = page = Turn(self._manner_by(course), self._lane, seq, batch.now, self._turn.times)
        page.parked.update(self._turn.parked)
        self._next_course = await handover.go_over(tx, page, course, until)
        await write(tx, page)

    # -- loading of persons --------------------------------------------------------------------------------------

    async def _load(self, tx: Connection, turn: Turn, by_person: ByPerson) -> None:
        await self._load_stored(tx, turn, list(by_person))
        claimed = await self._look_up(tx, turn, by_person) if self._careful else set()
        refolded = [person for person, told in by_person.items() if needs_journal(turn.people[person], told, claimed)]
        if refolded:
            for person, rows in (await store.facts(tx, self._lane, refolded)).items():
                turn.know_facts(person, rows)

    async def _load_stored(self, tx: Connection, turn: Turn, persons: Sequence[str]) -> None:
        cache = self._cache
        strangers = [person for person in persons if person not in cache]
        found = await store.load(tx, self._lane, strangers) if strangers else {}
        for person in persons:
            turn.know(person, cache.get(person) or found[person])

    async def _look_up(self, tx: Connection, turn: Turn, by_person: ByPerson) -> set[tuple[str, str]]:
        """Which facts and claims of the batch the journal has already; returns the claims."""
        told = [(person, message) for person, messages in by_person.items() for message in messages]
        ids = [(person, message.source, message.id) for person, message in told]
        turn.ids |= await store.known_ids(tx, self._lane, ids)
        claims = [(person, claim) for person, message in told if (claim := claim_of(message)) is not None]
        return await store.known_claims(tx, self._lane, claims)

    # -- writing -------------------------------------------------------------------------------------------------

    async def _write(self, tx: Connection, turn: Turn) -> None:
        try:
            await write(tx, turn)
        except asyncpg.UniqueViolationError as known:
            if self._careful:
                raise
            self._careful = CAREFUL_BATCHES
            raise TryAgainError from known


def _by_person(messages: Messages) -> ByPerson:
    grouped: defaultdict[str, list[Fact | Internal]] = defaultdict(list)
    for message, _, _ in messages:
        grouped[message.subject].append(message)
    return grouped
