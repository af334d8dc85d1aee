"""The decisions of one batch, in memory: what is loaded goes in, what is to be written comes out. No I/O."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final
from zoneinfo import ZoneInfo

from services.notifier import telling
from services.notifier.consent.confirmation.asking import ANYBODY, House
from services.notifier.decide import Cue, Decision, Moment, Person, after, decide
from services.notifier.experiments.holding import Experiments
from services.notifier.measure.measured import Circumstances, measured
from services.notifier.measure.rules import NO_MEASURE, Measure
from services.notifier.message import Message, State
from services.notifier.offers.voucher import Wanted
from services.notifier.plays import Book, priority
from services.notifier.profile import newest_profile
from shared import instants
from shared.events import Tick
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


class Turn:
    """Decides on a batch, announcement after announcement."""

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

    def add(self, messages: Iterable[Message]) -> None:
        """Messages that are written down already."""
        for message in messages:
            self.asked.append(message)
            self._tell_held_back(message)

    def pass_by(self, cues: Iterable[Cue | Tick]) -> None:
        """Let time pass, decide nothing."""
        for cue in cues:
            if isinstance(cue, Tick):
                self.tick = max(self.tick or 0, cue.at)

    def take(self, cues: Iterable[Cue | Tick], new: set[tuple[str, str]], persons: dict[str, Person]) -> None:
        """Decide on each announcement in `new`, once; each decision knows those before it."""
        fresh = set(new)
        for cue in cues:
            if isinstance(cue, Tick):
                self.pass_by([cue])
            elif (cue.subject, cue.id) in fresh:
                fresh.remove((cue.subject, cue.id))
                person = persons[cue.subject]
                decision = self._measured(
                    cue, person, self._held_out(decide(cue, person, self._moment(cue), self._manner.book))
                )
                persons[cue.subject] = after(person, decision)
                self._note(cue, person, decision)

    def _moment(self, cue: Cue) -> Moment:
        """By the facts it is the instant at which the change could first be known, wherever the ticks stand.

        They come behind the announcements of their time, and that is as the ladder's batches were cut.
        """
        if not self._manner.by_facts:
            return Moment(self.now, named=self._manner.named)
        return Moment(
            max(instants.parse(cue.data.recorded_at), instants.parse(cue.time)), played=True, named=self._manner.named
        )

    def _held_out(self, decision: Decision) -> Decision:
        """The decision without what would go to those held out."""
        return replace(decision, messages=tuple(map(self._manner.experiments.weighed, decision.messages)))

    def _measured(self, cue: Cue, person: Person, decision: Decision) -> Decision:
        """The decision with the instant of each message, without those for which there is no room."""
        moment, manner = self._moment(cue), self._manner
        profile = newest_profile(person.profiles, moment.known_until)
        around = Circumstances(cue.data.standing.rung, profile, moment.now, manner.zone, priority, moment.played)
        known = after(person, replace(decision, messages=())).messages.values()
        new, displaced = measured(decision.messages, known, manner.measure, around)
        return replace(decision, messages=tuple(new), revised=(*decision.revised, *displaced))

    def _note(self, cue: Cue, person: Person, decision: Decision) -> None:
        for message in decision.revised:
            (self._new if message.id in self._new else self._revised)[message.id] = message
            self._tell_held_back(message)
        for message in decision.messages:
            self._new[message.id] = message
            self._tell_held_back(message)
            if message.offer is not None and message.state is State.PENDING:
                self.wanted.append(self._want(cue, person, message, message.offer))
        at = self._moment(cue).now
        for rung in decision.granted:
            self._change_perk("perk.granted", cue, rung, at, None)
        for rung in decision.withdrawn:
            self._change_perk("perk.withdrawn", cue, rung, at, at)

    def _tell_held_back(self, message: Message) -> None:
        if message.state is State.HELD_BACK:
            self.outbox.append(telling.message_row(self.lane, message, message.at))

    def _want(self, cue: Cue, person: Person, message: Message, offer: str) -> Wanted:
        likes = newest_profile(person.profiles, self._moment(cue).known_until).interests or ()
        rung = cue.data.standing.rung
        return Wanted(message.id, message.person, message.play, offer, message.at, rung, frozenset(likes))

    def _change_perk(self, kind: str, cue: Cue, rung: int, at: int, withdrawn_at: int | None) -> None:
        rules = self._manner.book.loyalty_perk
        perk = rules.on(rung) if rules else None
        self.perks.append((cue.subject, rung, at, withdrawn_at))
        key = perk.key if perk else None
        self.outbox.append(telling.perk_row(self.lane, kind, cue.subject, rung, key, cue.id, at))
