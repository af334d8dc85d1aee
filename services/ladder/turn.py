"""One batch of one lane, folded in memory: what is loaded goes in, what is to be written comes out. No I/O."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from services.ladder import friends, sales
from services.ladder.announce import announce
from services.ladder.core import fold
from services.ladder.core.decide import Change, DeadlineCause, decide
from services.ladder.core.facts import Known, key
from services.ladder.core.moves import Moves
from services.ladder.core.past import Past, makes_known
from services.ladder.core.referrals import credit_of
from services.ladder.core.rules import Rules
from services.ladder.core.standing import PHASE_OF, Stage, Standing, decode, due_at, encode
from services.ladder.figures.sums import Sums
from services.ladder.reading import claim_of, read_journal
from services.ladder.store import CreditRow, FactLine, FactRow, ParkedRow, StandingRow, Stored, TransitionLine
from shared.events import (
    LADDER_EVENTS,
    ContactIdentified,
    Fact,
    Internal,
    PurchaseCompleted,
    PurchaseRefunded,
    ReferralCredited,
    ReferralMade,
    ReferralNamed,
    ReferralSold,
)
from shared.lanes import OutboxRow

_log = structlog.get_logger("ladder")

A_DEADLINE = b""
"""Stands among the parked facts for a deadline that could not be folded."""

RULES_CHANGED = "rules_changed"
"""The cause of what `refold --emit` announces."""


Place = tuple[int, str] | None
"""Rung and stage; None: stands nowhere."""


class Coming(NamedTuple):
    """A version of the rules that a lane goes over to: persons up to `reached` are folded by it already."""

    rules: Rules
    reached: str
    name: str
    """Of this activation of it: the same version may be activated again."""
    emit: bool
    """Whether what it changes is announced."""


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
    page: int = 200
    """So many people go over to other rules in one transaction."""
    coming: Coming | None = None

    def rules_of(self, person: str) -> Rules:
        """By which rules this person is folded."""
        coming = self.coming
        return self.rules if coming is None or person > coming.reached else coming.rules


@dataclass(slots=True)
class Person:
    """A person while a batch is folded."""

    id: str
    stored: Stored
    """As before the batch."""
    standing: Standing | None
    friend: friends.Friend | None
    rules: Rules
    past: Past | None = None
    """All that is known of them; None where nobody needs it."""
    claims: set[str] | None = None
    """What their facts have claimed; None where nothing of the batch can claim it again (`needs_journal`)."""
    before: Standing | None = None
    """As before the batch."""
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
    ids: set[tuple[str, str, str]] = field(default_factory=set)
    """(person, source, id) of facts that are known."""
    facts: list[FactLine] = field(default_factory=list)
    outbox: list[OutboxRow] = field(default_factory=list)
    transitions: list[TransitionLine] = field(default_factory=list)
    credits: list[CreditRow] = field(default_factory=list)
    waiting: list[ParkedRow] = field(default_factory=list)
    figures: Sums = field(default_factory=Sums)
    moves: Moves = field(default_factory=Moves)
    """Of the fact that is being folded; counted once it has been."""
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
        rules = self.manner.rules_of(person)
        self.people[person] = Person(person, stored, standing, friend, rules, before=standing)

    def know_facts(self, person: str, rows: Iterable[FactRow]) -> None:
        """Take in a person's journal."""
        known = self.people[person]
        facts: list[Known] = []
        known.claims = claims = set()
        for row in rows:
            facts.append(read_journal(row.body))
            self.ids.add((person, row.source, row.id))
            if row.key is not None:
                claims.add(row.key)
        known.past = Past(facts, known.rules)

    # -- folding -------------------------------------------------------------------------------------------------

    def take(self, message: Fact | Internal, body: bytes, time: int) -> None:
        """Fold one message; on an error its person is parked, and later facts of theirs wait.

        Of a person whose past it changes (`needs_journal`) the journal must be known.
        """
        person = self.people[message.subject]
        if person.id in self.parked:
            self._wait(person, body, "waits behind a fact on which the fold failed")
            return
        before, facts, outbox, transitions = person.standing, len(self.facts), len(self.outbox), len(self.transitions)
        try:
            if type(message) is ReferralNamed:
                self._name(person, message)
            else:
                self._fold(person, message, body, time)
        except Exception as error:
            _log.exception("ladder.parked", lane=self.lane, fact=message.id, source=message.source)
            person.standing = before
            self.moves.clear()
            del self.facts[facts:], self.outbox[outbox:], self.transitions[transitions:]
            self.parked.add(person.id)
            self._wait(person, body, repr(error))

    def _wait(self, person: Person, body: bytes, reason: str) -> None:
        self.waiting.append(ParkedRow(person.id, self.now + len(self.waiting), reason, body))

    def _fold(self, person: Person, message: Known, body: bytes, time: int) -> None:
        known = (person.id, message.source, message.id)
        if known in self.ids:
            self.duplicates += 1
            return
        self.ids.add(known)
        former = self._sold(person) if person.friend is not None and type(message) in _MOVE_CREDIT else None
        claim = claim_of(message)
        if person.past is None:
            late = False
            standing, changes = fold.step(person.standing, message, person.rules, self.moves.made)
        else:
            first = person.claims is None or claim is None or claim not in person.claims
            standing, changes, late = self._retold(person, person.past, message, first=first)
            claim = claim if first else None
        self.facts.append((self.lane, *known, message.at, claim, body))
        self._stand(person, standing, changes, time, correction=late, via=_via(message))
        self._refer(person, message, former)
        if type(message) is ReferralCredited:
            self._credit(message)
        self.figures.count(self.moves)

    def _retold(
        self, person: Person, past: Past, message: Known, *, first: bool
    ) -> tuple[Standing, list[Change], bool]:
        """(the standing after the message, what changed, whether the past had to be told anew)."""
        rules = person.rules
        in_order, renamed = first and _in_order(_step(person), message, key(message)), past.renames(message)
        if renamed or not in_order:
            self.moves.undone += fold.counted_behind(person.standing, past, rules)
        past.learn(message)
        if first and person.claims is not None and (claim := claim_of(message)) is not None:
            person.claims.add(claim)
        if in_order and renamed:  # nothing else of the past is another
            past.fold(self.moves)
            return *fold.step(person.standing, message, rules), False
        if in_order:
            return *fold.step(person.standing, message, rules, self.moves.made), False
        return *fold.correct(person.standing, past, message, rules, self.moves), True

    def _stand(
        self,
        person: Person,
        standing: Standing | None,
        changes: Sequence[Change],
        time: int,
        *,
        correction: bool,
        via: str = "",
    ) -> None:
        """The one place where a standing becomes another; up to here `person` has the one before."""
        person.standing, person.changed = standing, True
        if changes:
            self._announce(person, changes, time, correction=correction, via=via)

    # -- referrals -----------------------------------------------------------------------------------------------

    def _name(self, person: Person, message: ReferralNamed) -> None:
        friend = person.friend or friends.Friend(sells=True)
        if friend.heard_of(message):
            self.duplicates += 1
            return
        friend.namings = [*friend.namings, message]
        person.friend, person.friend_changed = friend, True
        former = self._sold(person)
        assert former is not None, "the journal of a person whose credit may change has been loaded"
        self._recredit(person, message, former)

    def _refer(self, person: Person, message: Known, former: sales.Known | None) -> None:
        manner, friend = self.manner, person.friend
        if type(message) is ReferralMade and (row := friends.naming_row(message, manner.lane_of)):
            self.outbox.append(row)
        if former is not None:
            self._recredit(person, message, former)
        elif type(message) is PurchaseCompleted and friend is not None and friend.maker is not None:
            telling = sales.Telling(None, person.rules, manner.lane_of)
            net = person.rules.minor(message.data.amount)
            self.outbox.append(sales.told(friend.maker, friend.version, message, net, telling))

    def _sold(self, person: Person) -> sales.Known | None:
        """What the maker knows of this person's orders; None where that changes by a further order at most."""
        if person.past is None or person.friend is None:
            return None
        return sales.known(person.friend, _own(person.past), person.rules)

    def _recredit(self, person: Person, message: Fact | Internal, former: sales.Known) -> None:
        assert person.friend is not None
        assert person.past is not None
        manner, friend, facts, cause = self.manner, person.friend, _own(person.past), friends.cause_of(message)
        credit = credit_of(person.id, facts, friend.namings, person.rules)
        rows = friends.recredit(friend, person.id, credit, cause, manner.lane_of)
        now, telling = sales.known(friend, facts, person.rules), sales.Telling(cause, person.rules, manner.lane_of)
        rows += sales.retold(friend, former, now, telling, anew=bool(rows))
        person.friend_changed = person.friend_changed or bool(rows)
        self.outbox.extend(rows)

    def _sell(self, person: Person, past: Past) -> None:
        """Tell the maker of all orders, where an older program had told of none."""
        manner, friend = self.manner, person.friend
        if friend is None or friend.sells:
            return
        friend.sells = person.friend_changed = True
        now, telling = sales.known(friend, _own(past), person.rules), sales.Telling(None, person.rules, manner.lane_of)
        self.outbox.extend(sales.retold(friend, sales.NOBODY, now, telling, anew=True))

    def _credit(self, message: ReferralCredited) -> None:
        credit = message.data
        lane = self.manner.lane_of(credit.friend)
        row = CreditRow(message.subject, credit.friend, lane, credit.version, credit.converted is not None)
        self.credits.append(row)

    # -- sweeping ------------------------------------------------------------------------------------------------

    def sweep(self, person: str, until: int) -> None:
        """Let this person's deadlines up to `until` fire, each at its own instant; on an error they are parked."""
        known = self.people[person]
        if known.standing is None or person in self.parked:
            return
        try:
            standing, changes = fold.sweep(known.standing, until, known.rules, self.moves.made)
        except Exception as error:
            _log.exception("ladder.parked", lane=self.lane, deadline=known.standing.due)
            self.moves.clear()
            self.parked.add(person)
            self._wait(known, A_DEADLINE, repr(error))
            return
        self._stand(known, standing, changes, until, correction=False)
        self.figures.count(self.moves)

    def refold(self, person: str, until: int, *, emit: bool) -> None:
        """Fold a person from nothing up to `until`; `emit`: announce what that changes.

        Nothing is in the figures of them: the job has cleared those of the lane.
        """
        known = self.people[person]
        before, past, rules = known.standing, known.past, known.rules
        assert past is not None
        self._sell(known, past)
        standing = _through(past, until, rules, self.moves)
        for fact in past.known:
            if type(fact) is ReferralCredited:
                self._credit(fact)
        cause = DeadlineCause(name=RULES_CHANGED, at=until)
        changes = decide(before, standing, cause, until, rules) if emit else []
        self._stand(known, standing, changes, until, correction=True)
        self.figures.count(self.moves)

    def go_over(self, person: str, until: int, coming: Coming) -> None:
        """Decide a person anew by other rules, as of `until`.

        What has come due by the rules of before is told by those first. On an error the person is parked.
        """
        known = self.people[person]
        if person not in self.parked:
            self.sweep(person, until)
        if known.standing is None:
            return
        at = max(until, known.standing.step_at) if person not in self.parked else known.standing.step_at
        rules = coming.rules
        try:
            standing = self._decided_anew(known, at, rules)
            cause = DeadlineCause(RULES_CHANGED, at)
            changes = decide(known.standing, standing, cause, at, rules) if coming.emit else []
        except Exception as error:
            _log.exception("ladder.parked", lane=self.lane, rules=rules.version)
            self.moves.clear()
            if person not in self.parked:
                self.parked.add(person)
                self._wait(known, A_DEADLINE, repr(error))
            return
        known.rules = rules
        self._stand(known, standing, changes, at, correction=True, via=coming.name)
        self.figures.count(self.moves)

    def _decided_anew(self, known: Person, at: int, rules: Rules) -> Standing:
        """The whole timeline by the rules of before is taken from the figures, and that by the others put in."""
        past, moves = known.past, Moves()
        assert past is not None
        _through(past, at, known.rules, moves)
        self.moves.undone += moves.made
        return _through(Past(past.known, rules), at, rules, self.moves)

    # -- announcing ----------------------------------------------------------------------------------------------

    def _announce(
        self, told_of: Person, changes: Sequence[Change], time: int, *, correction: bool, via: str = ""
    ) -> None:
        manner, lane, outbox = self.manner, self.lane, self.outbox
        person, version = told_of.id, told_of.rules.version
        for change in changes:
            at, type_ = change.at, change.type
            recorded_at = self._recorded_at(change, time) if manner.by_facts else self.now
            historical = manner.history or recorded_at - at > manner.announce_within
            told_id, message, data = announce(person, change, recorded_at, historical=historical, via=via)
            outbox.append(OutboxRow(LADDER_EVENTS, lane, person, told_id, type_, at, message))
            self.transitions.append(
                (lane, person, self.seq + len(outbox), told_id, type_, at, recorded_at, correction, data, version)
            )

    def _recorded_at(self, change: Change, time: int) -> int:
        """Under `CLOCK=facts` the lane's time at which the change could first be known, however the log was cut."""
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
        stage = standing.stage
        return StandingRow(person.id, standing.rung, PHASE_OF[stage], stage, since, due_at(standing), encode(standing))

    def stored(self) -> Iterable[tuple[str, Stored]]:
        """Everybody of the batch as they are stored now."""
        states = {row.person: row.state for row in self.standings()}
        friends = self.friends()
        for name, person in self.people.items():
            if person.changed or person.friend_changed:
                before = person.stored
                yield name, Stored(states.get(name, before.state), friends.get(name, before.friend))
            else:
                yield name, person.stored

    def friends(self) -> dict[str, bytes]:
        """The states of those whose side of a referral changed."""
        return {
            person.id: friends.encoded(person.friend)
            for person in self.people.values()
            if person.friend_changed and person.friend is not None
        }

    def tallies(self) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
        """The differences in (people, money spent in minor units) by (kind, key)."""
        people = Counter(("announced", line[4]) for line in self.transitions)
        spent: Counter[tuple[str, str]] = Counter()
        for (before, after), (number, money_before, money_after) in self._moves().items():
            _add(people, spent, before, -number, -money_before)
            _add(people, spent, after, number, money_after)
        return people, spent

    def _moves(self) -> dict[tuple[Place, Place], list[int]]:
        """By where people stood before and after the batch: how many, and the money spent by them before and after."""
        moves: defaultdict[tuple[Place, Place], list[int]] = defaultdict(lambda: [0, 0, 0])
        for person in self.people.values():
            if person.changed:
                before, after = person.before, person.standing
                move = moves[_place(before), _place(after)]
                move[0] += 1
                move[1] += before.spent if before is not None else 0
                move[2] += after.spent if after is not None else 0
        return moves


_MOVE_CREDIT = frozenset({PurchaseCompleted, PurchaseRefunded, ReferralMade})
"""The facts of a friend that may change what their maker is credited with."""


def _through(past: Past, at: int, rules: Rules, moves: Moves) -> Standing:
    """Everything that is known, then the deadlines up to `at`."""
    standing = past.fold(moves)
    assert standing is not None, "who stands somewhere has a fact of their own"
    return fold.sweep(standing, at, rules, moves.made)[0]


def _own(past: Past) -> list[Fact]:
    return [fact for fact in past.known if makes_known(fact)]


def _place(standing: Standing | None) -> Place:
    return (standing.rung, standing.stage) if standing is not None else None


def _via(message: Known) -> str:
    return message.id if type(message) is ReferralCredited else ""


def _add(people: Counter[tuple[str, str]], spent: Counter[tuple[str, str]], at: Place, number: int, money: int) -> None:
    if at is None:
        return
    rung, stage = str(at[0]), f"{PHASE_OF[Stage(at[1])]}/{at[1]}"
    people["rung", rung] += number
    spent["rung", rung] += money
    people["stage", stage] += number
    people["place", f"{rung}/{stage}"] += number


def needs_journal(person: Person, messages: Sequence[Fact | Internal], claimed: set[tuple[str, str]]) -> bool:
    """Whether folding these messages of one person, in this order, takes all their facts.

    A first source that is named of somebody known is one of all that they have done: the figures follow.
    `claimed`: (person, claim) pairs known to be in the journal already.
    """
    newest = _step(person)
    named = person.standing is not None and person.standing.worth.source is not None
    claims: set[str] = set()
    for message in messages:
        if type(message) is ReferralNamed or (person.friend is not None and _about_credit(person, message)):
            return True
        place = key(message)
        if not _in_order(newest, message, place):
            return True
        if type(message) is ContactIdentified and message.data.source is not None and not named:
            if newest is not None:
                return True
            named = True
        if type(message) is not ReferralSold:  # which is noted and makes nothing late
            newest = place
        claim = claim_of(message)
        if claim is not None:
            if claim in claims or (person.id, claim) in claimed:
                return True
            claims.add(claim)
    return False


def _step(person: Person) -> tuple[int, str, str] | None:
    return person.standing.step if person.standing is not None else None


def _in_order(newest: tuple[int, str, str] | None, message: Known, place: tuple[int, str, str]) -> bool:
    """Whether a message with this place among facts leaves the past of somebody whose newest step is `newest`."""
    if newest is None:
        return True
    if type(message) is ReferralSold:
        return place[0] > newest[0]
    if type(message) is PurchaseRefunded:
        return False
    if type(message) is ReferralCredited and message.data.converted is None:
        return False
    return place >= newest


def _about_credit(person: Person, message: Known) -> bool:
    """Whether the message may change what the referrer of this person, whom somebody named, is credited with."""
    if type(message) is ReferralMade:
        return True
    return type(message) is PurchaseCompleted and (person.standing is None or person.standing.purchases == 0)
