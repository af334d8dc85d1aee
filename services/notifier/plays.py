"""The book of plays as data, read from `plays.toml`."""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from services.notifier.experiments.trial import Share, Trial
from shared.instants import DAY
from shared.settings import RefusedError

Days = Annotated[int, Meta(ge=1)]
Rung = Annotated[int, Meta(ge=1, le=7)]


class Play(StrEnum):
    """What the notifier does; the names of the tables of plays.toml."""

    THANK_YOU = "thank_you"
    WIN_BACK = "win_back"
    LOYALTY_PERK = "loyalty_perk"
    CONFIRMATION = "confirmation"
    """Asks whether a consent was meant; no book says so, the law does."""


class _Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    max_age_days: Days
    trial: Trial | None = None

    @property
    def max_age(self) -> int:
        """µs after its time at which an announcement is too old to act on."""
        return self.max_age_days * DAY


class ThankYou(_Rules, frozen=True, kw_only=True):
    """Thank whoever climbs to `from_rung` or above, once per rung in so many days."""

    from_rung: Rung
    once_in_days: Days


class WinBack(_Rules, frozen=True, kw_only=True):
    """An offer to whoever has lapsed: `offer` names one of `offers.toml`, or a choice."""

    offer: Annotated[str, Meta(min_length=1)]


class Perk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a rung brings, and how it is called."""

    rung: Rung
    key: Annotated[str, Meta(min_length=1)]
    de: Annotated[str, Meta(min_length=1)]
    en: Annotated[str, Meta(min_length=1)]


class LoyaltyPerk(_Rules, frozen=True, kw_only=True):
    """One perk per rung, at most."""

    perks: Annotated[list[Perk], Meta(min_length=1)]

    def __post_init__(self) -> None:
        rungs = [perk.rung for perk in self.perks]
        if len(set(rungs)) < len(rungs):
            raise ValueError("a rung has one perk at most")

    def on(self, rung: int) -> Perk | None:
        """The perk of this rung."""
        return next((perk for perk in self.perks if perk.rung == rung), None)


class Book(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All plays; one that is None is not played."""

    version: int
    control: Share = 0.0
    """The share of all persons that gets no advertising at all, so that its worth as a whole can be seen."""
    thank_you: ThankYou | None = None
    win_back: WinBack | None = None
    loyalty_perk: LoyaltyPerk | None = None

    @property
    def trials(self) -> dict[str, Trial]:
        """The trials by play."""
        plays = {Play.THANK_YOU: self.thank_you, Play.WIN_BACK: self.win_back, Play.LOYALTY_PERK: self.loyalty_perk}
        return {name: rules.trial for name, rules in plays.items() if rules is not None and rules.trial is not None}


PRIORITY = {Play.LOYALTY_PERK: 80, Play.THANK_YOU: 70}
"""Of several plays that want one slot the greatest gets it."""


def priority(play: str) -> int:
    """How much a message of this play matters, compared with others."""
    return next((number for each, number in PRIORITY.items() if each == play), 50)


def read_book(path: Path) -> Book:
    """The book in this file. Raises RefusedError with one line for the operator."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Book)
    except (OSError, ValueError) as error:
        raise RefusedError(f"PLAYS_FILE: {path}: {error}") from error
