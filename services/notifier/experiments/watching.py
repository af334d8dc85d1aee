"""What is kept of a batch for its trials: to whom plays came, and what became of persons."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from services.notifier.experiments import store
from services.notifier.experiments.holding import WHOLE, Experiments
from services.notifier.experiments.store import Exposure, Milestone
from services.notifier.message import Message, Purpose, Reason, State
from shared import instants
from shared.db import Connection
from shared.events import CustomerLapsed, RungPromoted


async def watch(
    tx: Connection, lane: int, experiments: Experiments, messages: Sequence[Message], cues: Iterable[msgspec.Struct]
) -> None:
    """Keep what new messages and announcements say about the trials; without any trial nothing is kept."""
    if not experiments.trials and experiments.whole is None:
        return
    await store.expose(tx, lane, exposures(experiments, messages))
    await store.reach(tx, lane, milestones(cues))


def exposures(experiments: Experiments, messages: Iterable[Message]) -> Iterator[Exposure]:
    """To whom plays on trial came: who is written to, and who only chance keeps from it."""
    whole = {WHOLE} if experiments.whole is not None else set()
    for message in messages:
        comes = message.state in (State.PENDING, State.OPEN) or message.reason is Reason.HELD_OUT
        if comes and message.purpose is Purpose.MARKETING:
            for play in whole | (experiments.trials.keys() & {message.play}):
                arm = experiments.arm(message.person, play)
                yield Exposure(play, message.person, arm, message.at, message.id)


def milestones(cues: Iterable[msgspec.Struct]) -> Iterator[Milestone]:
    """The rises and lapses among these announcements."""
    for cue in cues:
        match cue:
            case RungPromoted():
                yield Milestone(cue.subject, "promotion", cue.id, instants.parse(cue.time))
            case CustomerLapsed():
                yield Milestone(cue.subject, "lapse", cue.id, instants.parse(cue.time))
            case _:
                pass
