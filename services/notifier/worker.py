"""The notifier's side of a lane: records in, decisions written, news told."""

from collections import Counter
from collections.abc import Iterable, Iterator

from services.notifier import reading, store, telling
from services.notifier.consent import store as consents
from services.notifier.consent.confirmation.asking import ask_to_confirm
from services.notifier.consent.sales import sale_of
from services.notifier.experiments.watching import watch
from services.notifier.message import Message, State
from services.notifier.metrics import MESSAGES
from services.notifier.offers import store as offers
from services.notifier.offers.checkout import OrderBook
from services.notifier.offers.desk import Desk
from services.notifier.plays import groups, marks, occasions, rhythm
from services.notifier.plays import store as plays
from services.notifier.plays.deciding import Cue
from services.notifier.plays.moments import COMPLAINED, ENDED, SERVED, STARTED
from services.notifier.plays.person import Heard
from services.notifier.plays.yearly import Mark
from services.notifier.ratings import store as ratings
from services.notifier.reading import Read
from services.notifier.referrals import codes
from services.notifier.sealed import referral_code
from services.notifier.subscriptions import queueing
from services.notifier.subscriptions.store import any_untold as switched_off
from services.notifier.tasks import keeping as tasks
from services.notifier.tasks.store import any_due as task_due
from services.notifier.turn import Manner, Turn
from shared import telemetry
from shared.db import Connection
from shared.events import PurchaseRefunded, Tick
from shared.instants import DAY
from shared.lanes import Batch, Outcome
from shared.log.partitioner import lane_of

TOLD_AT_ONCE = 1_000
"""News in one transaction at most."""
SWEPT_AT_ONCE = 500
"""Persons whose series go on in one transaction, at most."""


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
        """Keep what is said of persons, decide on facts and announcements, let series go on, then tell the news."""
        manner = self._manner
        read = reading.read(batch.records, manner.lanes, manner.book)
        simulated = manner.by_facts and not manner.history
        await store.keep_profiles(tx, self._lane, read.profiles, newest_only=not simulated)
        await consents.keep_statements(tx, self._lane, read.statements)
        await consents.keep_sales(tx, self._lane, read.orders)
        await marks.note(tx, self._lane, _noted(read, manner, None if simulated else batch.now))
        turn = Turn(manner, self._lane, batch.now, batch.time)
        self._decided.clear()
        more = False
        if manner.history:
            turn.pass_by(read.cues)
            await plays.save_standings(tx, self._lane, turn.standings)
            await plays.keep_facts(tx, self._lane, _of_a_history(read), stay_open=False)
        else:
            turn.outbox += await self._orders.enter(tx, self._lane, read.orders)
            turn.add(await ask_to_confirm(tx, self._lane, read.statements, turn.now, manner.house))
            self._repeated = await _decide(tx, turn, read, manner)
            await self._follow(tx, turn, _news(read.cues))
            await self._look_again(tx, turn, read)
            more = await self._sweep(tx, turn, batch)
        more = await self._tell(tx, turn) or more
        turn.outbox += await queueing.tell(tx, batch)
        await queueing.queue(tx, batch, turn.outbox, by_facts=manner.by_facts)
        return Outcome(turn.outbox, read.dead, turn.tick if manner.by_facts else None, more_due=more)

    async def _sweep(self, tx: Connection, turn: Turn, batch: Batch) -> bool:
        """Let series go on up to the lane's time, or as far as it may be swept; returns whether there are more."""
        by_facts = self._manner.by_facts
        until = turn.tick if by_facts else batch.sweep_to
        if until is None:
            return False
        persons = await plays.due(tx, self._lane, until, SWEPT_AT_ONCE)
        if persons:
            swept = Turn(self._manner, self._lane, batch.now, turn.tick)
            swept.sweep(until, await store.load(tx, self._lane, persons, self._manner.lanes))
            await _write(tx, swept, self._manner.lanes)
            await self._follow(tx, swept, [])
            turn.outbox += swept.outbox
        moment = self._manner.moment(turn.now, played=by_facts)
        opened = await tasks.pass_time(tx, self._lane, until, moment, self._manner.lanes)
        self._note_tasks(turn, opened)
        return len(persons) == SWEPT_AT_ONCE or len(opened) >= tasks.AT_ONCE

    async def _look_again(self, tx: Connection, turn: Turn, read: Read) -> None:
        """A task ends the moment it is known that its person may be reached no more; a history looks when it is asked.

        There what is said is read ahead of its time.
        """
        told = [person for person, _ in read.profiles] + [each.person for each in read.statements]
        told += [each.subject for each in read.orders if isinstance(each, PurchaseRefunded)]
        if told and not self._manner.by_facts:
            moment = self._manner.moment(turn.now)
            self._note_tasks(turn, await tasks.look_again(tx, self._lane, told, moment, self._manner.lanes))

    def _note_tasks(self, turn: Turn, changed: list[Message]) -> None:
        turn.outbox += [
            telling.message_row(self._lane, each, turn.now) for each in changed if each.state is State.HELD_BACK
        ]
        self._decided.update((each.play, each.state) for each in changed)

    async def _follow(self, tx: Connection, turn: Turn, cues: list[Cue]) -> None:
        """What goes with the messages that were written: offers, trials, counts."""
        turn.outbox += await self._desk.give(tx, self._lane, turn.wanted)
        await codes.keep(tx, self._lane, _shown(turn.messages, self._manner))
        await watch(tx, self._lane, self._manner.experiments, turn.messages, cues)
        self._decided.update((each.play, each.state) for each in turn.messages + turn.revised + turn.asked)

    async def _tell(self, tx: Connection, turn: Turn) -> bool:
        for person, statement in await consents.tell_statements(tx, self._lane):
            turn.outbox.append(telling.statement_row(self._lane, person, statement))
        turn.outbox += [telling.rating_row(self._lane, rating) for rating in await ratings.tell(tx, self._lane)]
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

    def unfinished(self) -> bool:
        """Never: what waits here is due at an instant."""
        return False

    async def due(self, connection: Connection, until: int) -> bool:
        """Whether there are news to tell, or a wait is over; under `CLOCK=facts` that is for the ticks to say."""
        if await store.any_untold(connection, self._lane) or await switched_off(connection, self._lane):
            return True
        if self._manner.by_facts:
            return False
        return await plays.any_due(connection, self._lane, until) or await task_due(connection, self._lane, until)


def _noted(read: Read, manner: Manner, now: int | None) -> Iterator[tuple[str, Mark]]:
    orders = [(fact.subject, sale_of(fact)) for fact in read.orders]
    yield from occasions.noted(read.profiles, orders, manner.zone, now)
    yield from groups.noted(read.profiles, now)
    if manner.shelf.on and manner.book.has_rhythm:
        yield from rhythm.noted(orders, now)


def _of_a_history(read: Read) -> list[tuple[str, Heard]]:
    """Of a history only these are kept: memberships tell a renewal from a beginning, complaints whom to leave alone."""
    return [(person, each) for person, each in read.facts if each.type in (STARTED, ENDED, COMPLAINED, SERVED)]


def _shown(messages: Iterable[Message], manner: Manner) -> list[tuple[str, str]]:
    """The codes for referrals, (code, person) each, that these messages show."""
    return [
        (referral_code(manner.secret, each.person), each.person)
        for each in messages
        if each.state is not State.HELD_BACK and manner.book.shows_code(each)
    ]


async def _decide(tx: Connection, turn: Turn, read: Read, manner: Manner) -> int:
    """Decide on what was not heard before, and write it; returns how many announcements were repeated."""
    lane, by_facts = turn.lane, manner.by_facts
    announced = [(cue.subject, cue.id) for cue in _news(read.cues)]
    facts = await plays.keep_facts(tx, lane, read.facts, stay_open=by_facts)
    concerned = {person for person, _ in announced}
    if facts and not by_facts:
        told = [*{person for person, _ in facts}]
        concerned |= await plays.in_a_play(tx, lane, told) | {person for person, each in facts if each.starts}
        await plays.forget_facts(tx, lane, told, turn.now - plays.KEPT_DAYS * DAY)
    if not concerned:
        turn.pass_by(read.cues)
        await plays.save_standings(tx, lane, turn.standings)
        return 0
    new = await store.hear(tx, lane, announced, turn.now) if announced else set()
    persons = await store.load(tx, lane, sorted(concerned), manner.lanes)
    if not by_facts:
        turn.learn(facts, persons)
    turn.take(read.cues, new, persons)
    await _write(tx, turn, manner.lanes)
    return len(announced) - len(new)


def _news(cues: list[Cue | Tick]) -> list[Cue]:
    """Announcements without ticks and history, which is no reason to write to anybody."""
    return [cue for cue in cues if not isinstance(cue, Tick) and cue.data.historical is not True]


async def _write(tx: Connection, turn: Turn, lanes: int) -> None:
    lane = turn.lane
    if turn.messages:
        await store.add_messages(tx, lane, turn.messages, turn.now)
    if turn.revised:
        await store.revise(tx, lane, turn.revised)
    if turn.perks:
        await store.set_perks(tx, lane, turn.perks)
    if turn.runs:
        await plays.save_runs(tx, lane, turn.runs)
    if turn.closed:
        await plays.close_facts(tx, lane, turn.closed)
    await marks.save(tx, lane, turn.marks)
    if turn.referred:
        await plays.pass_on(tx, [(lane_of(friend, lanes), friend, each) for friend, each in turn.referred])
    await plays.save_standings(tx, lane, turn.standings)
