"""A trial as data: the share that gets nothing, the goal, and how long people are watched."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from shared.instants import DAY

Share = Annotated[float, Meta(ge=0, le=0.9)]


class Goal(StrEnum):
    """What a play is to bring about within the window."""

    REPEAT_PURCHASE = "repeat_purchase"
    """An order that was not given back in full."""
    PROMOTION = "promotion"
    """A rise on the ladder."""
    NOT_LAPSED = "not_lapsed"
    """Silence was not reached."""


class Aim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be reached. `worth` is the smallest difference in the goal's rate that would pay."""

    goal: Goal
    window_days: Annotated[int, Meta(ge=1, le=730)]
    worth: Annotated[float, Meta(gt=0, lt=1)] = 0.02

    @property
    def window(self) -> int:
        """µs."""
        return self.window_days * DAY


class Trial(Aim, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a play is evaluated."""

    held_out: Share
