"""Channels that end in the house: where nobody carries messages, and where nothing is to leave."""

from services.notifier.channels import DROPPED, SENT, Begin, Delivery, Withheld
from services.notifier.mail import Letter
from services.notifier.message import Reason


class NoChannel:
    """Of a channel that the settings do not name any more: what was decided for it is held back."""

    repeatable = True
    at_once = 8

    async def deliver(self, letter: Letter, begin: Begin) -> Delivery:  # noqa: ARG002 - nothing is given away
        """As `Channel.deliver`."""
        return Withheld(Reason.NO_CHANNEL)

    async def close(self) -> None:
        """Nothing is held."""


class Recorded:
    """Under CLOCK=facts: it counts as sent, and stays here."""

    repeatable = True
    at_once = 32

    async def deliver(self, letter: Letter, begin: Begin) -> Delivery:  # noqa: ARG002 - nothing is given away
        """As `Channel.deliver`."""
        return SENT if await begin() else DROPPED

    async def close(self) -> None:
        """Nothing is held."""
