"""Who is held out: a keyed hash of person and play, so that it is by chance, stable, and nobody's choice. Pure."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from services.notifier.experiments.trial import Aim, Trial
from services.notifier.message import Message, Purpose, Reason, State

_SPAN = 2**64

WHOLE: Final = ""
"""In place of a play: all advertising together."""


class Arm(StrEnum):
    """The group a person is in, for one play."""

    TREATED = "treated"
    HELD_OUT = "held_out"
    """Gets nothing of this play."""
    CONTROL = "control"
    """Gets no advertising of any play."""


def place(secret: bytes, *what: str) -> float:
    """A number from 0 to below 1 that is as good as chance, and the same each time."""
    text = "\x1f".join(("experiment", *what)).encode()
    return int.from_bytes(hmac.digest(secret, text, hashlib.sha256)[:8], "big") / _SPAN


@dataclass(frozen=True, slots=True)
class Experiments:
    """Which plays are on trial, and the share of all persons that gets no advertising at all.

    A share that is raised keeps everybody who was held out, one that is lowered holds out nobody new.
    """

    secret: bytes
    control: float = 0.0
    trials: Mapping[str, Trial] = field(default_factory=dict)
    whole: Aim | None = None
    """What all advertising together is to reach; None: that is not watched."""

    def in_control(self, person: str) -> bool:
        """Whether this person is in the group that gets no advertising of any play."""
        return place(self.secret, "control", person) < self.control

    def arm(self, person: str, play: str) -> Arm:
        """The group this person is in, whether or not the play has ever come to them."""
        if self.in_control(person):
            return Arm.CONTROL
        if play == WHOLE:
            return Arm.TREATED
        trial = self.trials.get(play)
        held_out = trial is not None and place(self.secret, "play", play, person) < trial.held_out
        return Arm.HELD_OUT if held_out else Arm.TREATED

    def weighed(self, message: Message) -> Message:
        """The message, held back if its person is held out. Asked last: both groups could have been written to.

        Service is owed to everybody.
        """
        if message.state is not State.PENDING or message.purpose is Purpose.SERVICE:
            return message
        treated = self.arm(message.person, message.play) is Arm.TREATED
        return message if treated else message.held_back(Reason.HELD_OUT)
