"""The notifier's side of a lane: records in, decisions written, news told."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from services.notifier import reading, store, telling
from services.notifier.decide import Cue, Decision, Moment, Person, after, decide
from services.notifier.message import Message, State
from services.notifier.metrics import MESSAGES
from services.notifier.offers import voucher_for
from services.notifier.plays import Book, Play
from services.notifier.store import Voucher
from shared import instants, telemetry
from shared.db import Connection
from shared.events import Tick
from shared.lanes import Batch, OutboxRow, Outcome

TOLD_AT_ONCE = 1_000
"""News in one transaction at most."""


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
    wake: Callable[[], None] = lambda: None
    """Called when there may be something to send."""


class NotifierLane:
    """Decides on the announcements of one owned lane; see `shared.lanes.LaneHandler`.

    Three write messages: this lane decides and drops them, the sender sends them, a person's click adds an objection.
    They meet on the rows: each changes a row only from the states it may change, so none needs the lane for it. But
    only the lane numbers its outbox. What the other two did is therefore marked `untold`, and told with the lane's
    next transaction, for which `due` asks.
    """

    def __init__(self, lane: int, manner: Manner) -> None:
        self._lane = lane
        self._manner = manner
        self._decided: Counter[tuple[str, str]] = Counter()
        self._repeated = 0

    async def process(self, tx: Connection, batch: Batch) -> Outcome:
        """Keep what is said of persons, then decide on the announcements in their order, then tell the news."""
        read = reading.read(batch.records, self._manner.lanes)
        simulated = self._manner.by_facts and not self._manner.history
        await store.keep_profiles(tx, self._lane, read.profiles, newest_only=not simulated)
        await store.keep_statements(tx, self._lane, read.statements)
        turn = Turn(self._manner, self._lane, batch.now, batch.time)
        self._decided.clear()
        if self._manner.history:
            turn.pass_by(read.cues)
        else:
            self._repeated = await _decide(tx, turn, read.cues)
            self._decided.update((each.play, each.state) for each in turn.messages + turn.revised)
        more = await self._tell(tx, turn)
        return Outcome(turn.outbox, read.dead, turn.tick if self._manner.by_facts else None, more_due=more)

    async def _tell(self, tx: Connection, turn: "Turn") -> bool:
        for person, objection in await store.tell_objections(tx, self._lane):
            turn.outbox.append(telling.objection_row(self._lane, person, objection))
        news = await store.tell_messages(tx, self._lane, TOLD_AT_ONCE)
        turn.outbox += [telling.message_row(self._lane, message, at) for message, at in news]
        return len(news) == TOLD_AT_ONCE

    def committed(self) -> None:
        """Count what was decided, and let it be sent."""
        for (play, state), count in self._decided.items():
            MESSAGES.labels(play, state).inc(count)
        telemetry.DUPLICATES.labels("notifier").inc(self._repeated)
        self._repeated = 0
        self._manner.wake()

    async def due(self, connection: Connection, until: int) -> bool:  # noqa: ARG002 - news are told at once
        """Whether there are news to tell."""
        return await store.any_untold(connection, self._lane)


async def _decide(tx: Connection, turn: "Turn", cues: list[Cue | Tick]) -> int:
    """Decide on what was not heard before, and write it; returns how many announcements were repeated."""
    announced = [(cue.subject, cue.id) for cue in cues if not isinstance(cue, Tick)]
    if not announced:
        turn.pass_by(cues)
        return 0
    new = await store.hear(tx, turn.lane, announced, turn.now)
    persons = await store.load(tx, turn.lane, sorted({person for person, _ in announced}))
    turn.take(cues, new, persons)
    await _write(tx, turn)
    return len(announced) - len(new)


async def _write(tx: Connection, turn: "Turn") -> None:
    lane = turn.lane
    if turn.messages:
        await store.add_messages(tx, lane, turn.messages, turn.now)
    if turn.revised:
        await store.revise(tx, lane, turn.revised)
    if turn.vouchers:
        await store.add_vouchers(tx, lane, turn.vouchers)
    if turn.perks:
        await store.set_perks(tx, lane, turn.perks)


class Turn:
    """The decisions of one batch, in memory: what is loaded goes in, what is to be written comes out. No I/O."""

    def __init__(self, manner: Manner, lane: int, now: int, tick: int | None) -> None:
        self._manner = manner
        self.lane = lane
        self.now = now
        self.tick = tick
        """The greatest tick so far: the notifier's time in this lane under `CLOCK=facts`."""
        self._new: dict[str, Message] = {}
        self._revised: dict[str, Message] = {}
        self._vouchers: dict[str, Voucher] = {}
        self.perks: list[tuple[str, int, int, int | None]] = []
        self.outbox: list[OutboxRow] = []

    @property
    def messages(self) -> list[Message]:
        """New messages as they are after the whole batch."""
        return [*self._new.values()]

    @property
    def revised(self) -> list[Message]:
        """Older messages that were changed."""
        return [*self._revised.values()]

    @property
    def vouchers(self) -> list[Voucher]:
        """Vouchers of the new messages."""
        return [*self._vouchers.values()]

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
                decision = decide(cue, person, self._moment(cue), self._manner.book)
                persons[cue.subject] = after(person, decision)
                self._note(cue, decision)

    def _moment(self, cue: Cue) -> Moment:
        """By the facts it is at least as late as what has just been announced; the tick for it is yet to come."""
        if not self._manner.by_facts:
            return Moment(self.now)
        tick = self.tick or 0
        return Moment(max(tick, instants.parse(cue.time)), tick)

    def _note(self, cue: Cue, decision: Decision) -> None:
        for message in decision.revised:
            (self._new if message.id in self._new else self._revised)[message.id] = message
            self._tell_held_back(message)
        for message in decision.messages:
            self._new[message.id] = message
            self._tell_held_back(message)
            if message.play is Play.WIN_BACK and message.state is State.PENDING:
                self._issue(message)
        at = self._moment(cue).now
        for rung in decision.granted:
            self._change_perk("perk.granted", cue, rung, at, None)
        for rung in decision.withdrawn:
            self._change_perk("perk.withdrawn", cue, rung, at, at)

    def _tell_held_back(self, message: Message) -> None:
        if message.state is State.HELD_BACK:
            self.outbox.append(telling.message_row(self.lane, message, message.at))

    def _issue(self, message: Message) -> None:
        offer = self._manner.book.win_back
        assert offer is not None
        voucher = voucher_for(message, offer, self._manner.secret, self._manner.exponent)
        self._vouchers[message.id] = voucher
        self.outbox.append(telling.voucher_row(self.lane, voucher, self._manner.currency, self._manner.exponent))

    def _change_perk(self, kind: str, cue: Cue, rung: int, at: int, withdrawn_at: int | None) -> None:
        rules = self._manner.book.loyalty_perk
        perk = rules.on(rung) if rules else None
        self.perks.append((cue.subject, rung, at, withdrawn_at))
        key = perk.key if perk else None
        self.outbox.append(telling.perk_row(self.lane, kind, cue.subject, rung, key, cue.id, at))
