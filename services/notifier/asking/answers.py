"""What the notifier's HTTP side answers."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.notifier.message import Channel, Mail, Reason, State, Way
from services.notifier.offers.desk import Without


class MessageItem(BaseModel):
    """A decision to write, and what became of it; times are RFC 3339. `cause` is the announcement's id.

    Of what a fact caused it is the source and id of that, behind `#` which round of a play that repeats. `step`: which
    of the play's steps, left out for the first. `way` is left out for mail; a `task` is for staff, by this `channel`, a
    `webhook` for the program that carries it there, a `letter` for a print shop.

    `basis` is what it stands on, `basis_fact` the id of the consent or of the order that this is. `detail` is what the
    mail server said last, or which template could not be rendered, and why.
    """

    id: str
    customer: str
    play: str
    cause: str
    state: State
    reason: Reason | None = None
    basis: str | None = None
    basis_fact: str | None = None
    at: str
    sent_at: str | None = None
    detail: str | None = None
    rungs: list[int] | None = None
    step: int | None = None
    way: Way | None = None
    channel: Channel | None = None


class Draft(BaseModel):
    """Which text to render, for whom; `language` null: the person's."""

    model_config = ConfigDict(extra="forbid")

    mail: Mail
    customer: Annotated[str, Field(min_length=1, max_length=200, pattern="^[^\x00]*$")]
    language: Literal["de", "en"] | None = None
    rungs: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(max_length=7)] = [4]


class Preview(BaseModel):
    """A text as that person would read it."""

    language: str
    subject: str
    text: str
    html: str


class Messages(BaseModel):
    """A page of messages, newest first."""

    items: list[MessageItem]
    next: str | None


class ReasonItem(BaseModel):
    """How many messages of a play were not sent for a reason."""

    play: str
    reason: Reason
    messages: int


class Reasons(BaseModel):
    """Why messages were not sent, the most frequent reason first."""

    items: list[ReasonItem]
    next: None = None


class MessageText(MessageItem):
    """A message with the text that the person reads; `without_offer`: why it goes without the offer it was to bring."""

    language: str
    subject: str
    text: str
    html: str
    without_offer: Without | None = None


class PerkItem(BaseModel):
    """A perk that a person has, or had until `withdrawn_at`, which may be ahead where it was given for a time.

    `rung`: it comes with that rung. `perk` null: the book of plays has it no more.
    """

    rung: int | None = None
    perk: str | None
    granted_at: str
    withdrawn_at: str | None = None
    active: bool


class Perks(BaseModel):
    """All perks of a person."""

    items: list[PerkItem]
    next: None = None
