"""One batch of one lane, folded in memory: what is loaded goes in, what is to be written comes out. No I/O."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from services.ladder import friends
from services.ladder.announce import announce
from services.ladder.core import fold
from services.ladder.core.decide import Change, DeadlineCause, decide
from services.ladder.core.facts import key
from services.ladder.core.past import Past
from services.ladder.core.referrals import credit_of
from services.ladder.core.rules import Rules
from services.ladder.core.standing import Standing, decode, due_at, encode
from services.ladder.reading import claim_of, read_journal
from services.ladder.store import FactRow, ParkedRow, StandingRow, Stored, TransitionRow
from shared.events import (
    LADDER_EVENTS,
    Fact,
    Internal,
    PurchaseCompleted,
    PurchaseRefunded,
    ReferralCredited,
    ReferralMade,
    ReferralNamed,
)
from shared.lanes import OutboxRow

_log = structlog.get_logger("ladder")

Folded = Fact | ReferralCredited

A_DEADLINE = b""
"""Stands among the parked facts for a deadline that could not be folded."""

RULES_CHANGED = "rules_changed"
"""The cause of what `refold --emit` announces."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What is the same for every batch."""

    rules: Rules
    lane_of: Callable[[str], int]
    by_facts: bool
    """Whether the facts tell the time (`CLOCK=facts`)."""
    history: bool
    """Whether all that is told now is history."""
    announce_within: int
    """µs; what is recorded later than this after its time is historical."""


@dataclass(slots=True)
class Person:
    """A person while a batch is folded."""

    id: str
    stored: Stored
    """As before the batch."""
    standing: Standing | None
    friend: friends.Friend | None
    past: Past | None = None
    """All that is known of them; None where nobody needs it."""
    ids: set[tuple[str, str]] = field(default_factory=set)
    claims: set[str] = field(default_factory=set)
    before: tuple[str, str, int] | None = None
    """(rung, stage, spent) as they are counted in the tallies."""
    changed: bool = False
    friend_changed: bool = False


@dataclass(slots=True)
class Turn:
    """The folding of one batch and its results."""

    manner: Manner
    lane: int
    seq: int
    now: int
    times: Sequence[int] = ()
    people: dict[str, Person] = field(default_factory=dict)
    parked: set[str] = field(default_factory=set)
    facts: list[FactRow] = field(default_factory=list)
    outbox: list[OutboxRow] = field(default_factory=list)
    transitions: list[TransitionRow] = field(default_factory=list)
    waiting: list[ParkedRow] = field(default_factory=list)
    duplicates: int = 0
    unfinished: bool = False
    """Whether the sweep stopped at its limit."""
    tick_owed: bool = False
    """Whether a tick has been read that the lane has not yet passed on."""
    _rows: list[StandingRow] | None = None

    # -- loading -------------------------------------------------------------------------------------------------

    def know(self, person: str, stored: Stored) -> None:
        """Take in what is stored of a person."""
        standing = decode(stored.state) if stored.state is not None else None
        friend = friends.decode(stored.friend) if stored.friend is not None else None
        self.people[person] = Person(person, stored, standing, friend, before=_counted(standing))

    def know_facts(self, person: str, rows: Iterable[FactRow]) -> None:
        """Take in a person's journal."""
        known = self.people[person]
        facts: list[Folded] = []
        for row in rows:
            facts.append(read_journal(row.body))
            known.ids.add((row.source, row.id))
            if row.key is not None:
                known.claims.add(row.key)
        known.past = Past(facts, self.manner.rules)

    # -- folding -------------------------------------------------------------------------------------------------

    def take(self, message: Fact | Internal, body: bytes, time: int) -> None:
        """Fold one message; on an error its person is parked, and later facts of theirs wait."""
        person = self.people[message.subject]
        if person.id in self.parked:
            self._wait(person, body, "waits behind a fact on which the fold failed")
            return
        before, written = person.standing, (len(self.facts), len(self.outbox), len(self.transitions))
        try:
            self._fold(person, message, body, time)
        except Exception as error:
            _log.exception("ladder.parked", lane=self.lane, fact=message.id, source=message.source)
            person.standing = before
            del self.facts[written[0] :], self.outbox[written[1] :], self.transitions[written[2] :]
            self.parked.add(person.id)
            self._wait(person, body, repr(error))

    def _wait(self, person: Person, body: bytes, reason: str) -> None:
        self.waiting.append(ParkedRow(person.id, self.now + len(self.waiting), reason, body))

    def _fold(self, person: Person, message: Fact | Internal, body: bytes, time: int) -> None:
        if type(message) is ReferralNamed:
            self._name(person, message)
            return
        if (message.source, message.id) in person.ids:
            self.duplicates += 1
            return
        claim = claim_of(message)
        first = claim is None or claim not in person.claims
        standing, changes, late = self._stood(person, message, first=first)
        person.standing, person.changed = standing, True
        person.ids.add((message.source, message.id))
        if claim is not None:
            person.claims.add(claim)
        self.facts.append(FactRow(person.id, message.source, message.id, message.at, claim if first else None, body))
        self._announce(person.id, changes, time, correction=late, via=_via(message))
        self._refer(person, message)

    def _stood(self, person: Person, message: Folded, *, first: bool) -> tuple[Standing, list[Change], bool]:
        """(the standing after the message, what changed, whether the past had to be told anew)."""
        rules = self.manner.rules
        if person.past is not None:
            person.past.learn(message)
        if person.standing is None and person.past is None:
            return *fold.step(None, message, rules), False
        if first and _in_order(_step(person), message):
            return *fold.step(person.standing, message, rules), False
        assert person.past is not None, "the journal of whoever must be refolded has been loaded"
        return *fold.correct(person.standing, person.past, message, rules), True

    # -- referrals -----------------------------------------------------------------------------------------------

    def _name(self, person: Person, message: ReferralNamed) -> None:
        friend = person.friend or friends.Friend()
        if friend.heard_of(message):
            self.duplicates += 1
            return
        friend.namings = [*friend.namings, message]
        person.friend, person.friend_changed = friend, True
        self._recredit(person, message)

    def _refer(self, person: Person, message: Folded) -> None:
        if type(message) is ReferralMade and (row := friends.naming_row(message, self.manner.lane_of)):
            self.outbox.append(row)
        if person.friend is not None and person.past is not None and type(message) is not ReferralCredited:
            self._recredit(person, message)

    def _recredit(self, person: Person, message: Fact | Internal) -> None:
        assert person.friend is not None
        assert person.past is not None, "the journal of a person whose credit may change has been loaded"
        facts = [fact for fact in person.past.known if type(fact) is not ReferralCredited]
        credit = credit_of(person.id, facts, person.friend.namings, self.manner.rules)
        rows = friends.recredit(person.friend, person.id, credit, friends.cause_of(message), self.manner.lane_of)
        person.friend_changed = person.friend_changed or bool(rows)
        self.outbox.extend(rows)

    # -- sweeping ------------------------------------------------------------------------------------------------

    def sweep(self, person: str, until: int) -> None:
        """Let this person's deadlines up to `until` fire, each at its own instant; on an error they are parked."""
        known = self.people[person]
        if known.standing is None or person in self.parked:
            return
        try:
            standing, changes = fold.sweep(known.standing, until, self.manner.rules)
        except Exception as error:
            _log.exception("ladder.parked", lane=self.lane, deadline=known.standing.due)
            self.parked.add(person)
            self._wait(known, A_DEADLINE, repr(error))
            return
        known.standing, known.changed = standing, True
        self._announce(person, changes, until, correction=False)

    def refold(self, person: str, until: int, *, emit: bool) -> None:
        """Fold a person from nothing up to `until`; `emit`: announce what that changes."""
        known = self.people[person]
        before, past = known.standing, known.past
        assert past is not None
        standing = fold.refold(past.known, self.manner.rules)
        assert standing is not None, "who stands somewhere has a fact of their own"
        known.standing, known.changed = fold.sweep(standing, until, self.manner.rules)[0], True
        if emit and known.standing is not None:
            changes = decide(before, known.standing, DeadlineCause(name=RULES_CHANGED, at=until), until)
            self._announce(person, changes, until, correction=True)

    # -- announcing ----------------------------------------------------------------------------------------------

    def _announce(self, person: str, changes: Sequence[Change], time: int, *, correction: bool, via: str = "") -> None:
        manner, outbox = self.manner, self.outbox
        for change in changes:
            at, type_ = change.at, change.type
            recorded_at = self._recorded_at(change, time)
            historical = manner.history or recorded_at - at > manner.announce_within
            told = announce(person, change, recorded_at, historical=historical, via=via)
            outbox.append(OutboxRow(LADDER_EVENTS, self.lane, person, told.id, type_, at, told.message))
            self.transitions.append(
                TransitionRow(person, self.seq + len(outbox), told.id, type_, at, recorded_at, correction, told.data)
            )

    def _recorded_at(self, change: Change, time: int) -> int:
        """Under `CLOCK=facts` the lane's time at which the change could first be known, however the log was cut."""
        if not self.manner.by_facts:
            return self.now
        if type(change.cause) is DeadlineCause:
            place = bisect_left(self.times, change.at)
            time = min(self.times[place], time) if place < len(self.times) else time
        return max(time, change.at)

    # -- results -------------------------------------------------------------------------------------------------

    def standings(self) -> list[StandingRow]:
        """The rows of those whose standing changed."""
        if self._rows is None:
            self._rows = [
                self._row(person) for person in self.people.values() if person.changed and person.standing is not None
            ]
        return self._rows

    def _row(self, person: Person) -> StandingRow:
        standing = person.standing
        assert standing is not None
        since = max(standing.rung_since, standing.phase_since)
        due = due_at(standing)
        return StandingRow(person.id, standing.rung, standing.phase, standing.stage, since, due, encode(standing))

    def stored(self) -> Iterable[tuple[str, Stored]]:
        """Everybody of the batch as they are stored now."""
        states = {row.person: row.state for row in self.standings()}
        friends = self.friends()
        for person in self.people.values():
            before = person.stored
            yield person.id, Stored(states.get(person.id, before.state), friends.get(person.id, before.friend))

    def friends(self) -> dict[str, bytes]:
        """The states of those whose side of a referral changed."""
        return {
            person.id: friends.encoded(person.friend)
            for person in self.people.values()
            if person.friend_changed and person.friend is not None
        }

    def tallies(self) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
        """The differences in (people, money spent in minor units) by (kind, key)."""
        people = Counter(("announced", row.type) for row in self.transitions)
        spent: Counter[tuple[str, str]] = Counter()
        for person in self.people.values():
            if person.changed:
                _add(people, spent, person.before, -1)
                _add(people, spent, _counted(person.standing), +1)
        return people, spent


def _via(message: Folded) -> str:
    return message.id if type(message) is ReferralCredited else ""


def _counted(standing: Standing | None) -> tuple[str, str, int] | None:
    return (str(standing.rung), f"{standing.phase}/{standing.stage}", standing.spent) if standing is not None else None


def _add(
    people: Counter[tuple[str, str]],
    spent: Counter[tuple[str, str]],
    counted: tuple[str, str, int] | None,
    sign: int,
) -> None:
    if counted is None:
        return
    rung, stage, money = counted
    people["rung", rung] += sign
    spent["rung", rung] += sign * money
    people["stage", stage] += sign


def needs_journal(person: Person, messages: Sequence[Fact | Internal], claimed: set[tuple[str, str]]) -> bool:
    """Whether folding these messages of one person, in this order, takes all their facts.

    `claimed`: (person, claim) pairs known to be in the journal already.
    """
    newest = _step(person)
    claims: set[str] = set()
    for message in messages:
        if _about_credit(person, message):
            return True
        if type(message) is ReferralNamed:
            continue
        claim = claim_of(message)
        if claim is not None and (claim in claims or (person.id, claim) in claimed):
            return True
        if not _in_order(newest, message):
            return True
        newest = key(message)
        if claim is not None:
            claims.add(claim)
    return False


def _step(person: Person) -> tuple[int, str, str] | None:
    return person.standing.step if person.standing is not None else None


def _in_order(newest: tuple[int, str, str] | None, message: Folded) -> bool:
    """Whether a message of somebody whose newest step is `newest` leaves their past as it is."""
    if newest is None:
        return True
    if type(message) is PurchaseRefunded:
        return False
    if type(message) is ReferralCredited and message.data.converted is None:
        return False
    return key(message) >= newest


def _about_credit(person: Person, message: Fact | Internal) -> bool:
    """Whether the message may change what this person's referrer is credited with."""
    if type(message) is ReferralNamed:
        return True
    if person.friend is None:
        return False
    if type(message) is ReferralMade:
        return True
    return type(message) is PurchaseCompleted and (person.standing is None or person.standing.purchases == 0)
