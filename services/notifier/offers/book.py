"""The book of offers as data, read from `offers.toml`: terms, choices, budgets. Amounts in major units."""

import tomllib
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from services.notifier.offers.money import minor
from shared.instants import DAY
from shared.settings import RefusedError

Key = Annotated[str, Meta(pattern="^[a-z0-9_]{1,60}$")]
Days = Annotated[int, Meta(ge=1, le=3_650)]
Rung = Annotated[int, Meta(ge=1, le=7)]
Named = Annotated[str, Meta(min_length=1, max_length=200)]


class _Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class _Offer(_Data, frozen=True, kw_only=True, tag_field="kind"):
    key: Key
    valid_days: Days
    cost: Decimal = Decimal(0)
    """What one costs the shop by experience: this much of the play's budget is used when one is given."""

    @property
    def planned(self) -> Decimal:
        """What giving one uses up of the budget."""
        return self.cost

    @property
    def valid(self) -> int:
        """µs from its giving to its end."""
        return self.valid_days * DAY


class _OwnCode(_Offer, frozen=True, kw_only=True):
    """A voucher with a code of ours. `minimum`: least value of the order; `categories`: what it is for, none: all."""

    minimum: Decimal | None = None
    categories: tuple[Named, ...] = ()
    single_use: bool = True
    bound: bool = False
    """Whether only the person it was given to may redeem it."""


class Percent(_OwnCode, frozen=True, kw_only=True, tag="percent"):
    """So many percent off."""

    percent: Annotated[int, Meta(ge=1, le=100)]


class Amount(_OwnCode, frozen=True, kw_only=True, tag="amount"):
    """An amount off, at most what the order is worth."""

    amount: Decimal

    @property
    def planned(self) -> Decimal:
        """Its experience, or else the whole amount."""
        return self.cost or self.amount


class FreeShipping(_OwnCode, frozen=True, kw_only=True, tag="free_shipping"):
    """The order is sent for nothing."""


class Partner(_Offer, frozen=True, kw_only=True, tag="partner"):
    """A code of a partner's, out of a pool; it is redeemed there. `de` and `en` say what it is good for."""

    pool: Key
    de: Named
    en: Named


class Entitlement(_Offer, frozen=True, kw_only=True, tag="perk"):
    """A perk that the person has for `valid_days`, called `de` and `en`."""

    de: Named
    en: Named


Offer = Percent | Amount | FreeShipping | Partner | Entitlement
OwnCode = Percent | Amount | FreeShipping


class Candidate(_Data, frozen=True, kw_only=True):
    """An offer of a choice, and for whom: who is on one of `rungs` (none: all), likes one of `interests` (none: all).

    `cost_below`: as long as what was redeemed of it in this calendar month has cost less than that.
    """

    offer: Key
    rungs: frozenset[Rung] = frozenset()
    interests: frozenset[Named] = frozenset()
    cost_below: Decimal | None = None


class Choice(_Data, frozen=True, kw_only=True):
    """Offers in the order of preference: the first that fits is given."""

    key: Key
    of: Annotated[tuple[Candidate, ...], Meta(min_length=1)]


class Budget(_Data, frozen=True, kw_only=True):
    """What a play may give away in a calendar month of the shop's time zone."""

    play: Key
    month: Decimal


class OfferBook(_Data, frozen=True, kw_only=True):
    """All offers, choices and budgets."""

    version: int
    offer: tuple[Offer, ...] = ()
    choice: tuple[Choice, ...] = ()
    budget: tuple[Budget, ...] = ()

    def __post_init__(self) -> None:
        for message in _faults(self):
            raise ValueError(message)

    def find(self, key: str) -> Offer | Choice | None:
        """The offer or choice of this name."""
        return next((each for each in (*self.offer, *self.choice) if each.key == key), None)

    def named(self, key: str) -> Offer | None:
        """The offer of this name."""
        return next((each for each in self.offer if each.key == key), None)

    def budget_of(self, play: str) -> Budget | None:
        """What this play may give away; None: as much as it wants."""
        return next((each for each in self.budget if each.play == play), None)


def check_named(book: OfferBook, plays: Iterable[tuple[str, str]]) -> None:
    """Plays may only give what the book has; (play, offer) each. Raises RefusedError with one line."""
    for play, offer in plays:
        if book.find(offer) is None:
            raise RefusedError(f"PLAYS_FILE: play `{play}`: there is no offer `{offer}` in OFFERS_FILE")


def _faults(book: OfferBook) -> Iterator[str]:
    offers = {each.key for each in book.offer}
    keys = [each.key for each in (*book.offer, *book.choice)]
    yield from (f"`{key}` is there twice" for key in keys if keys.count(key) > 1)
    plays = [each.play for each in book.budget]
    yield from (f"`{play}` has two budgets" for play in plays if plays.count(play) > 1)
    for choice in book.choice:
        strangers = [each.offer for each in choice.of if each.offer not in offers]
        yield from (f"choice `{choice.key}`: there is no offer `{stranger}`" for stranger in strangers)


def read_offers(path: Path, exponent: int) -> OfferBook:
    """The book in this file, of a currency with so many decimals. Raises RefusedError with one line."""
    try:
        book = msgspec.convert(tomllib.loads(path.read_text("utf-8")), OfferBook)
        for name, amount in _amounts(msgspec.to_builtins(book, builtin_types=(Decimal,))):
            if not amount.is_finite() or amount < 0:
                raise ValueError(f"{name}: {amount} is no amount")
            minor(amount, exponent)
    except (OSError, ValueError) as error:
        raise RefusedError(f"OFFERS_FILE: {path}: {error}") from error
    return book


def _amounts(data: Any, name: str = "$") -> Iterator[tuple[str, Decimal]]:
    match data:
        case Decimal():
            yield name, data
        case dict():
            for key, value in data.items():
                yield from _amounts(value, f"{name}.{key}")
        case list() | tuple():
            for place, value in enumerate(data):
                yield from _amounts(value, f"{name}[{place}]")
        case _:
            return
