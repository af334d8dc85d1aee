"""A subscription: who wants which announcements, and how far it may be called now."""

from enum import StrEnum
from typing import Final

import msgspec

from shared.events import ANNOUNCEMENT_TYPES, type_of
from shared.notices import NOTICE_TYPES, SubscriptionSwitchedOff

SWITCHED_OFF: Final = type_of(SubscriptionSwitchedOff)
ALL_TYPES: Final = tuple(type_of(kind) for kind in (*ANNOUNCEMENT_TYPES, *NOTICE_TYPES))
"""What can be subscribed to: what the ladder announces and what the notifier tells."""


class State(StrEnum):
    """Whether a subscription is called."""

    ON = "on"
    OFF = "off"


class OffReason(StrEnum):
    """Why a subscription is off."""

    ASKED = "asked"
    GONE = "gone"
    """The receiver answered 410."""
    FAILING = "failing"
    """Nothing but failures for five days."""


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a subscription besides its secrets; instants in µs.

    No `types` means all of them, no `rungs` people on any rung and news of nobody's rung.
    """

    id: str
    url: str
    description: str
    types: tuple[str, ...]
    rungs: tuple[int, ...]
    historical: bool
    state: State
    off_reason: OffReason | None
    created_at: int
    failing_since: int | None = None
    paused_until: int = 0
    slowed: int = 0
    """How many times in a row the receiver asked to slow down."""

    def wants(self, type_: str, rung: int | None, *, historical: bool) -> bool:
        """Whether it is to get an announcement like this; `rung`: of the standing that it tells of."""
        if self.types and type_ not in self.types:
            return False
        if self.rungs and rung not in self.rungs:
            return False
        return self.historical or not historical


class DeliveryState(StrEnum):
    """What has become of an announcement for a subscription."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Every attempt was in vain."""
    DROPPED = "dropped"
    """The subscription was switched off before it was delivered."""
    RECORDED = "recorded"
    """Under CLOCK=facts: it would have been posted."""
