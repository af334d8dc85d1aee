"""How a task stands, and how it ended, as staff sees it. The states of messages say the same in their own words."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from services.notifier.message import State


class TaskState(StrEnum):
    """Where a task stands."""

    PENDING = "pending"
    """It waits for the end of quiet hours."""
    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"
    """It is not to be done, or never was: the reason says why."""


class Outcome(StrEnum):
    """What came of a task that was done."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    """It was tried, and nobody was reached: no appreciation, and no slot of the measure is filled."""
    WRITTEN = "written"


STATES: Final[Mapping[TaskState, tuple[State, ...]]] = {
    TaskState.PENDING: (State.PENDING,),
    TaskState.OPEN: (State.OPEN,),
    TaskState.DONE: (State.SENT, State.FAILED),
    TaskState.DROPPED: (State.HELD_BACK,),
}
"""A task that was done is a message that was sent; where nobody was reached, one that has failed."""
_SEEN: Final = {state: task for task, states in STATES.items() for state in states}


def state_of(state: State) -> TaskState:
    """The state of a task's message as staff sees it."""
    return _SEEN[state]


def ended_as(outcome: Outcome | None) -> State:
    """The state of the message of a task that was done."""
    return State.FAILED if outcome is Outcome.NOT_REACHED else State.SENT
