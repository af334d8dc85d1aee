"""The decisions of one batch, in memory: what is loaded goes in, what is to be written comes out. No I/O."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from services.notifier import telling
from services.notifier.consent.confirmation.asking import ANYBODY, House
from services.notifier.content.shelf import Shelf
from services.notifier.experiments.holding import Experiments
from services.notifier.measure.measured import Circumstances, measured
from services.notifier.measure.rules import NO_MEASURE, Measure
from services.notifier.message import Message, Reason, State, Way
from services.notifier.offers.voucher import Wanted
from services.notifier.plays import groups, occasions
from services.notifier.plays.book import Book
from services.notifier.plays.carriers import MAIL_ONLY, Carriers
from services.notifier.plays.deciding import Cue, decide, learn, next_at, pass_time
from services.notifier.plays.moments import REFERRED
from services.notifier.plays.person import Decision, Heard, Moment, Person, Run, after
from services.notifier.plays.rhythm import Rhythm
from services.notifier.plays.weighing import as_service
from services.notifier.plays.yearly import Mark
from shared import instants
from shared.events import ReferralConverted, Standing, Tick
from shared.lanes import OutboxRow

UTC: Final = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Manner:
    """What is the same for every batch."""

    book: Book
    secret: bytes
    lanes: int
    currency: str
    exponent: int
    by_facts: bool
    """Whether the facts tell the time (`CLOCK=facts`)."""
    history: bool
    """Whether all that is told now is history: profiles and consents are kept, nothing is decided."""
    experiments: Experiments = field(default_factory=lambda: Experiments(b""))
    """Who is held out; by default nobody."""
    wake: Callable[[], None] = lambda: None
    """Called when there may be something to send."""
    measure: Measure = NO_MEASURE
    zone: ZoneInfo = UTC
    """The shop's, for those whose own is not known."""
    house: House = ANYBODY
    named: bool = True
    """Whether the settings say who writes."""
    shelf: Shelf = field(default_factory=Shelf)
    """Useful content for mail; by default there is none."""
    carriers: Carriers = MAIL_ONLY

    def moment(self, now: int, *, played: bool = False) -> Moment:
        """An instant at which something is decided."""
        return Moment(now, played, self.named, self.carriers)


class Turn:
    """Decides on a batch, one thing after the other; `persons` are those it may be about."""

    def __init__(self, manner: Manner, lane: int, now: int, tick: int | None) -> None:
        self._manner = manner
        self.lane = lane
        self.now = now
        self.tick = tick
        """The greatest tick so far: the notifier's time in this lane under `CLOCK=facts`."""
        self._new: dict[str, Message] = {}
        self._revised: dict[str, Message] = {}
        self.wanted: list[Wanted] = []
        """Offers that new messages are to bring."""
        self._runs: dict[tuple[str, str, str], tuple[str, Run]] = {}
        self.closed: list[tuple[str, str, str]] = []
        """Facts, (person, source, id) each, that have been decided on."""
        self.marks: dict[tuple[str, str], Mark] = {}
        """How far yearly moments have been kept, by person and kind."""
        self.referred: list[tuple[str, Heard]] = []
        """Friends who came by a referral, for their own lanes."""
        self.standings: dict[str, Standing] = {}
        self.perks: list[tuple[str, int, int, int | None]] = []
        self.outbox: list[OutboxRow] = []
        self.asked: list[Message] = []
        """Mails that ask to confirm."""

    @property
    def messages(self) -> list[Message]:
        """New messages as they are after the whole batch."""
        return [*self._new.values()]

    @property
    def revised(self) -> list[Message]:
        """Older messages that were changed."""
        return [*self._revised.values()]

    @property
    def runs(self) -> list[tuple[str, Run]]:
        """Places in series that are new or have changed, with their persons."""
        return [*self._runs.values()]

    def add(self, messages: Iterable[Message]) -> None:
        """Messages that are written down already."""
        for message in messages:
            self.asked.append(message)
            self._tell_held_back(message)

    # -- what comes ----------------------------------------------------------------------------------------------

    def pass_by(self, cues: Iterable[Cue | Tick]) -> None:
        """Let time pass and note where persons stand, decide nothing."""
        for cue in cues:
            if isinstance(cue, Tick):
                self.tick = max(self.tick or 0, cue.at)
            else:
                self.standings[cue.subject] = cue.data.standing

    def learn(self, facts: Sequence[tuple[str, Heard]], persons: dict[str, Person]) -> None:
        """By the wall clock a fact counts once it is known; whoever is not in `persons` it does not concern."""
        for who, fact in facts:
            if who in persons:
                decision = learn(fact, persons[who], self._manner.moment(self.now), self._manner.book)
                self._note(persons, who, decision, fact.id, self.now)

    def take(self, cues: Iterable[Cue | Tick], new: set[tuple[str, str]], persons: dict[str, Person]) -> None:
        """Decide on each announcement in `new`, once; each decision knows those before it."""
        fresh = set(new)
        for cue in cues:
            self.pass_by([cue])
            if isinstance(cue, Tick) or cue.subject not in persons:
                continue
            moment = self._moment(cue)
            if moment.played:
                self._catch_up(cue.subject, moment.now, persons)
            persons[cue.subject] = replace(persons[cue.subject], standing=cue.data.standing)
            if (cue.subject, cue.id) in fresh:
                fresh.remove((cue.subject, cue.id))
                decision = decide(cue, persons[cue.subject], moment, self._manner.book)
                self._note(persons, cue.subject, decision, cue.id, moment.now)
                if isinstance(cue, ReferralConverted):
                    self._pass_on(cue)

    def _pass_on(self, cue: ReferralConverted) -> None:
        """What is a conversion for one is for the other that they came by a referral."""
        starts = tuple(play.id for play in self._manner.book.play if REFERRED in play.on)
        if starts:
            heard = Heard(cue.source, cue.id, REFERRED, instants.parse(cue.time), starts, open=True)
            self.referred.append((cue.data.to, heard))

    def sweep(self, until: int, persons: dict[str, Person]) -> None:
        """Let the time pass for these persons: what another lane told counts, series go on whose wait is over."""
        for who in [*persons]:
            if self._manner.by_facts:
                self._catch_up(who, until, persons)
            else:
                moment = self._manner.moment(self.now)
                self._learn_open(who, [each for each in persons[who].heard if each.open], persons, moment)
                self._pass_time(who, persons, moment)

    def _catch_up(self, who: str, until: int, persons: dict[str, Person]) -> None:
        """While a history is played: facts and the ends of waits up to then, each at its own instant, facts first."""
        while (at := next_at(persons[who], until)) is not None:
            moment = self._manner.moment(at, played=True)
            self._learn_open(who, [each for each in persons[who].heard if each.open and each.at == at], persons, moment)
            self._pass_time(who, persons, moment)

    def _learn_open(self, who: str, facts: Sequence[Heard], persons: dict[str, Person], moment: Moment) -> None:
        self._close(who, facts, persons)
        for fact in sorted(facts, key=_order):
            self._note(persons, who, learn(fact, persons[who], moment, self._manner.book), fact.id, moment.now)

    def _pass_time(self, who: str, persons: dict[str, Person], moment: Moment) -> None:
        book, zone = self._manner.book, self._manner.zone
        self._note(persons, who, pass_time(persons[who], moment, book), "", moment.now)
        self._note(persons, who, occasions.keep(persons[who], moment, book, zone), "", moment.now)
        seal = groups.Seal(self._manner.secret, zone)
        self._note(persons, who, groups.keep(persons[who], moment, book, seal), "", moment.now)
        rhythm = Rhythm(self._manner.shelf, self._manner.secret, zone)
        self._note(persons, who, rhythm.keep(persons[who], moment, book), "", moment.now)

    def _close(self, who: str, facts: Sequence[Heard], persons: dict[str, Person]) -> None:
        keys = {(each.source, each.id) for each in facts}
        self.closed += [(who, *key) for key in keys]
        heard = tuple(
            each._replace(open=False) if (each.source, each.id) in keys else each for each in persons[who].heard
        )
        persons[who] = replace(persons[who], heard=heard)

    def _moment(self, cue: Cue) -> Moment:
        """By the facts it is the instant at which the change could first be known, wherever the ticks stand.

        They come behind the announcements of their time, and that is as the ladder's batches were cut.
        """
        if not self._manner.by_facts:
            return self._manner.moment(self.now)
        known_at = max(instants.parse(cue.data.recorded_at), instants.parse(cue.time))
        return self._manner.moment(known_at, played=True)

    # -- what follows --------------------------------------------------------------------------------------------

    def _note(self, persons: dict[str, Person], who: str, decision: Decision, cause: str, at: int) -> None:
        decision = self._measured(persons[who], self._held_out(persons[who], decision, at), at)
        decision = replace(decision, messages=tuple(_opened(each, at) for each in decision.messages))
        person = persons[who] = after(persons[who], decision)
        for run in decision.runs:
            self._runs[who, *run.key] = (who, run)
        for mark in decision.marks:
            self.marks[who, mark.kind] = mark
        for message in decision.revised:
            (self._new if message.id in self._new else self._revised)[message.id] = message
            self._tell_held_back(message)
        for message in decision.messages:
            self._new[message.id] = message
            self._tell_held_back(message)
            if message.offer is not None and message.state is State.PENDING:
                self.wanted.append(self._want(person, message, message.offer))
        for rung in decision.granted:
            self._change_perk("perk.granted", who, cause, rung, at, None)
        for rung in decision.withdrawn:
            self._change_perk("perk.withdrawn", who, cause, rung, at, at)

    def _want(self, person: Person, message: Message, offer: str) -> Wanted:
        profile = person.profile(Moment(message.at, self._manner.by_facts))
        rung = person.standing.rung if person.standing else 0
        about = groups.Seal(self._manner.secret, self._manner.zone).opened(message.cause, person.id, profile)
        likes, ends_at = frozenset(profile.interests or ()), about.ends_at if about else None
        return Wanted(message.id, message.person, message.play, offer, message.at, rung, likes, ends_at)

    def _tell_held_back(self, message: Message) -> None:
        if message.state is State.HELD_BACK:
            self.outbox.append(telling.message_row(self.lane, message, message.at))

    def _measured(self, person: Person, decision: Decision, at: int) -> Decision:
        """The decision with the instant of each message, without those for which there is no room."""
        if not decision.messages:
            return decision
        manner = self._manner
        moment = Moment(at, played=manner.by_facts)
        rung = person.standing.rung if person.standing else 1
        around = Circumstances(rung, person.profile(moment), at, manner.zone, manner.book.priority, moment.played)
        known = after(person, replace(decision, messages=())).messages.values()
        new, displaced = measured(decision.messages, known, manner.measure, around)
        return replace(decision, messages=tuple(new), revised=(*decision.revised, *displaced))

    def _held_out(self, person: Person, decision: Decision, at: int) -> Decision:
        """The decision without what would go to those held out; what may also be service, an apology, goes as that."""
        return replace(decision, messages=tuple(self._if_treated(person, each, at) for each in decision.messages))

    def _if_treated(self, person: Person, message: Message, at: int) -> Message:
        weighed = self._manner.experiments.weighed(message)
        if weighed.reason is Reason.HELD_OUT and self._manner.book.may_be_service(message):
            return as_service(message, person, self._manner.moment(message.at, played=self._manner.by_facts))
        if weighed.reason is not Reason.HELD_OUT:
            return weighed
        (alone,) = self._measured(person, Decision(messages=(message,)), at).messages
        return (
            alone if alone.state is State.HELD_BACK else weighed
        )  # caps come first: they are the same for both groups

    def _change_perk(self, kind: str, who: str, cause: str, rung: int, at: int, withdrawn_at: int | None) -> None:
        perk = self._manner.book.perk_on(rung)
        self.perks.append((who, rung, at, withdrawn_at))
        key = perk.key if perk else None
        self.outbox.append(telling.perk_row(self.lane, kind, who, rung, key, cause, at))


def _opened(message: Message, at: int) -> Message:
    """A task that need not wait is there for staff with this decision."""
    waits = message.way is not Way.TASK or message.state is not State.PENDING or message.goes_at > at
    return message if waits else msgspec.structs.replace(message, state=State.OPEN)


def _order(fact: Heard) -> tuple[int, str, str]:
    return fact.at, fact.id, fact.source
