"""What the notifier's HTTP side answers."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel

from services.notifier.message import Reason, State
from services.notifier.plays import Play


class MessageItem(BaseModel):
    """A decision to write, and what became of it; times are RFC 3339. `cause` is the announcement's id."""

    id: str
    customer: str
    play: Play
    cause: str
    state: State
    reason: Reason | None = None
    at: str
    sent_at: str | None = None
    rungs: list[int] | None = None


class Messages(BaseModel):
    """A page of messages, newest first."""

    items: list[MessageItem]
    next: str | None


class MessageText(MessageItem):
    """A message with the text that the person reads."""

    language: str
    subject: str
    text: str
    html: str


class VoucherAnswer(BaseModel):
    """A voucher; `minimum` is the least value of the order, null for none. `void`: its message was never sent."""

    code: str
    state: Literal["valid", "expired", "void"]
    customer: str
    message: str
    percent: int
    minimum: Decimal | None
    currency: str
    issued_at: str
    valid_until: str


class PerkItem(BaseModel):
    """A perk that a person has, or had until `withdrawn_at`; `perk` null: the book of plays has it no more."""

    rung: int
    perk: str | None
    granted_at: str
    withdrawn_at: str | None = None


class Perks(BaseModel):
    """All perks of a person."""

    items: list[PerkItem]
    next: None = None
