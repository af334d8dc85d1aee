"""The notifier's side of a lane: records in, decisions written, news told."""

from collections import Counter

from services.notifier import reading, store, telling
from services.notifier.consent import store as consents
from services.notifier.consent.confirmation.asking import ask_to_confirm
from services.notifier.decide import Cue
from services.notifier.experiments.watching import watch
from services.notifier.metrics import MESSAGES
from services.notifier.offers import store as offers
from services.notifier.offers.checkout import OrderBook
from services.notifier.offers.desk import Desk
from services.notifier.turn import Manner, Turn
from shared import telemetry
from shared.db import Connection
from shared.events import Tick
from shared.lanes import Batch, Outcome

TOLD_AT_ONCE = 1_000
"""News in one transaction at most."""


class NotifierLane:
    """Decides on the announcements of one owned lane; see `shared.lanes.LaneHandler`.

    Three write messages: this lane decides and drops them, the sender sends them, a person's click adds an objection.
    They meet on the rows: each changes a row only from the states it may change, so none needs the lane for it. But
    only the lane numbers its outbox. What the other two did is therefore marked `untold`, and told with the lane's
    next transaction, for which `due` asks.
    """

    def __init__(self, lane: int, manner: Manner, desk: Desk) -> None:
        self._lane = lane
        self._manner = manner
        self._desk = desk
        self._orders = OrderBook(desk.teller, desk.exponent)
        self._decided: Counter[tuple[str, str]] = Counter()
        self._repeated = 0

    async def process(self, tx: Connection, batch: Batch) -> Outcome:
        """Keep what is said of persons, then decide on the announcements in their order, then tell the news."""
        read = reading.read(batch.records, self._manner.lanes)
        simulated = self._manner.by_facts and not self._manner.history
        await store.keep_profiles(tx, self._lane, read.profiles, newest_only=not simulated)
        await consents.keep_statements(tx, self._lane, read.statements)
        await consents.keep_sales(tx, self._lane, read.orders)
        turn = Turn(self._manner, self._lane, batch.now, batch.time)
        self._decided.clear()
        if self._manner.history:
            turn.pass_by(read.cues)
        else:
            turn.outbox += await self._orders.enter(tx, self._lane, read.orders)
            turn.add(await ask_to_confirm(tx, self._lane, read.statements, turn.now, self._manner.house))
            self._repeated = await _decide(tx, turn, read.cues)
            turn.outbox += await self._desk.give(tx, self._lane, turn.wanted)
            await watch(tx, self._lane, self._manner.experiments, turn.messages, read.cues)
            self._decided.update((each.play, each.state) for each in turn.messages + turn.revised + turn.asked)
        more = await self._tell(tx, turn)
        return Outcome(turn.outbox, read.dead, turn.tick if self._manner.by_facts else None, more_due=more)

    async def _tell(self, tx: Connection, turn: Turn) -> bool:
        for person, statement in await consents.tell_statements(tx, self._lane):
            turn.outbox.append(telling.statement_row(self._lane, person, statement))
        for used in await offers.tell(tx, self._lane):
            turn.outbox += self._desk.teller.used(self._lane, used)
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


async def _decide(tx: Connection, turn: Turn, cues: list[Cue | Tick]) -> int:
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


async def _write(tx: Connection, turn: Turn) -> None:
    lane = turn.lane
    if turn.messages:
        await store.add_messages(tx, lane, turn.messages, turn.now)
    if turn.revised:
        await store.revise(tx, lane, turn.revised)
    if turn.perks:
        await store.set_perks(tx, lane, turn.perks)
