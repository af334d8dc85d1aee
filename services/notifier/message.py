"""A message: one mail, letter or task about one person because of one play, cause and step, and its states."""

from enum import StrEnum
from typing import Final

import msgspec

from shared.events import derived_id


class State(StrEnum):
    """Where a message stands."""

    PENDING = "pending"
    OPEN = "open"
    """A task that waits for staff; once ticked off it is sent, or failed where nobody was reached."""
    SENDING = "sending"
    """The mail server is being given the text; committed before it is, so that a crash cannot send it twice."""
    SENT = "sent"
    RETRY = "retry"
    BOUNCED = "bounced"
    """Refused for good."""
    FAILED = "failed"
    """Tried for days in vain, or refused by the program that was to carry it."""
    AMBIGUOUS = "ambiguous"
    """Connection or program broke in the middle of the text: it may have arrived. Never sent again by itself."""
    HELD_BACK = "held_back"


UNSENT: Final = frozenset({State.PENDING, State.RETRY})
"""May still be dropped, or make room for another."""


class Reason(StrEnum):
    """Why a message was held back."""

    NO_ADDRESS = "no_address"
    NO_CHANNEL = "no_channel"
    """Nobody carries messages there: the settings name none."""
    NO_BASIS = "no_basis"
    OBJECTED = "objected"
    CAPPED = "capped"
    QUIET_HOURS = "quiet_hours"
    HELD_OUT = "held_out"
    CANCELLED = "cancelled"
    OUTRANKED = "outranked"
    TOO_OLD = "too_old"
    DUPLICATE = "duplicate"
    BOUNCED = "bounced"
    DROPPED = "dropped"
    """Staff has put the task aside."""


class Channel(StrEnum):
    """Where a message ends, whoever carries it there."""

    EMAIL = "email"
    POST = "post"
    PHONE = "phone"
    SMS = "sms"
    PUSH = "push"


class Purpose(StrEnum):
    """What a message is for. One with any advertising in it is marketing."""

    SERVICE = "service"
    MARKETING = "marketing"


class Way(StrEnum):
    """Who carries a message to its channel: our mail, a letter from the print shop, staff, or another program."""

    MAIL = "mail"
    LETTER = "letter"
    TASK = "task"
    WEBHOOK = "webhook"


WAYS: Final = {
    Channel.EMAIL: Way.MAIL,
    Channel.POST: Way.LETTER,
    **dict.fromkeys((Channel.PHONE, Channel.SMS, Channel.PUSH), Way.WEBHOOK),
}
"""Who carries what a play sends; where staff is to do it, the step is a task."""


class Mail(StrEnum):
    """Names of templates; the book of plays names others."""

    THANK_YOU = "thank_you"
    WIN_BACK = "win_back"
    PERK_GRANTED = "perk_granted"
    PERK_WITHDRAWN = "perk_withdrawn"
    CONFIRMATION = "confirmation"
    """Asks whether a consent was meant."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A decided message, `mail` the name of its templates. Instants: `cause_at`, and `at`, when it was decided.

    `cause` is the announcement's id, or the source and id of the fact.
    `rungs` are what it is about: the rung reached, or those whose perks it tells of. `step` is the place in the play's
    series that it belongs to, `offer` the offer of the book that comes with it.
    """

    id: str
    person: str
    play: str
    mail: str
    cause: str
    cause_at: int
    at: int
    step: int = 0
    channel: Channel | None = Channel.EMAIL
    """None: a task that is done in the house, with nobody told."""
    purpose: Purpose = Purpose.MARKETING
    way: Way = Way.MAIL
    offer: str | None = None
    rungs: tuple[int, ...] = ()
    due_at: int | None = None
    """When it may go at the earliest, if that is not at once."""
    do_by: int | None = None
    """Until when staff should have done it."""
    expires_at: int | None = None
    """From then on a task is not worth doing."""
    sent_at: int | None = None
    state: State = State.PENDING
    reason: Reason | None = None
    basis: str | None = None
    """What it stands on: a `Ground`."""
    basis_fact: str | None = None
    """The id of the consent, or of the order, that this is."""
    friend: str | None = None
    """Whose purchase it thanks for: when all of that is given back before it goes, it does not go."""

    @property
    def goes_at(self) -> int:
        """The instant from which it may go."""
        return self.at if self.due_at is None else self.due_at

    def held_back(self, reason: Reason) -> "Message":
        """The same message, not to be sent."""
        return msgspec.structs.replace(self, state=State.HELD_BACK, reason=reason)


def message_id(play: str, person: str, cause: str, step: int = 0) -> str:
    """One message per (person, play, cause, step): the id is made of nothing else."""
    return derived_id("message", play, person, cause, *([str(step)] if step else []))
