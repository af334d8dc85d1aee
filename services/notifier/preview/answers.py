"""The lines that a preview of plays answers with."""

from decimal import Decimal

from msgspec import Struct


class PlaysProgress(Struct, kw_only=True):
    """How many people have been looked at, of how many."""

    people: int
    of: int


class WouldGo(Struct, kw_only=True):
    """Messages of one step that would have gone; `customers` are some of those who would have got them."""

    play: str
    step: int
    mail: str
    way: str
    channel: str | None
    purpose: str
    messages: int
    customers: list[str]


class WouldNotGo(Struct, kw_only=True):
    """Messages of one step that would have been held back for one reason."""

    play: str
    step: int
    mail: str
    reason: str
    messages: int
    customers: list[str]


class WouldGive(Struct, kw_only=True):
    """An offer that would have come with messages; `cost` by the book of offers, where it names one."""

    play: str
    offer: str
    given: int
    cost: Decimal | None


class WouldWithhold(Struct, kw_only=True):
    """Messages that would have gone without the offer or choice of offers that they name, and why."""

    play: str
    offer: str
    reason: str
    messages: int


class PlaysResult(Struct, kw_only=True):
    """What would have been sent from `since` to `as_of`."""

    as_of: str
    since: str
    version: int
    people: int
    """Those who were looked at."""
    announcements: int
    complete: bool
    """Whether the log still has all of that time; else what it has lost is missing here."""
    currency: str
    go: list[WouldGo]
    held_back: list[WouldNotGo]
    offers: list[WouldGive]
    withheld: list[WouldWithhold]


class RetoldMessage(Struct, kw_only=True):
    """One message; without a `reason` it would have gone, at that time if not later for quiet hours (`due`)."""

    id: str
    customer: str
    play: str
    step: int
    mail: str
    way: str
    channel: str | None
    purpose: str
    cause: str
    at: str
    due: str | None
    reason: str | None
    basis: str | None
    offer: str | None


class PlaysLine(Struct, kw_only=True, omit_defaults=True):
    """One line of the answer: some with the progress, the last one with the result."""

    progress: PlaysProgress | None = None
    message: RetoldMessage | None = None
    result: PlaysResult | None = None
