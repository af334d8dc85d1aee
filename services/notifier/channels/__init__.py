"""Ways to hand a finished message over, and how that can end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from services.notifier.mail import Letter
from services.notifier.message import Reason

Begin = Callable[[], Awaitable[bool]]
"""Called right before the text is given away; False: do not."""


@dataclass(frozen=True, slots=True)
class Sent:
    """It was taken."""


@dataclass(frozen=True, slots=True)
class PutOff:
    """It was not taken, for now; `detail` is for operators, `seconds` what the receiver wants to be left alone for."""

    detail: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Bounced:
    """The mailbox or its server refused it for good."""

    detail: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The program that was to carry it refused it for good; that says nothing of the person's number."""

    detail: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """It is not to be given away at all."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The connection broke after the text had been begun: it may have been taken."""

    detail: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """`begin` said no."""


Delivery = Sent | PutOff | Bounced | Refused | Ambiguous | Withheld | Dropped
SENT: Final = Sent()
DROPPED: Final = Dropped()


class Channel(Protocol):
    """Hands letters over."""

    repeatable: bool
    """Whether the same letter may be handed over twice, because the second time makes no difference."""
    at_once: int
    """How many deliveries at a time it takes."""

    async def deliver(self, letter: Letter, begin: Begin) -> Delivery:
        """Hand it over. Whatever fails is an answer; nothing is given away unless `begin` said yes."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
