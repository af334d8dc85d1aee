"""Who carries messages of one kind: what is written for them, and how it is handed over."""

from collections.abc import Callable
from typing import NamedTuple

from services.notifier import channels
from services.notifier.mail import Letter
from services.notifier.message import Channel, Message
from services.notifier.offers import Voucher
from shared.events import Profile

Write = Callable[[Message, Profile, Voucher | None, int], Letter]
"""Writes a message, with its offer, dated with an instant. Raises UnwrittenError."""


class Carrier(NamedTuple):
    """Carries what is meant for `kind`, wherever that ends, over a channel of its own."""

    kind: Channel
    write: Write
    channel: channels.Channel
