"""What of the shop's settings decides whether an event is taken, and where it goes."""

from dataclasses import dataclass
from typing import Self

from shared import instants
from shared.settings import Settings

DEFAULT_SOURCE = "shop"
"""The source of an event that names none."""

AHEAD = instants.DAY
"""So much may a fact's time be ahead of the wall clock: clocks differ, time zones are mistaken."""


@dataclass(frozen=True, slots=True)
class Shop:
    """`exponent` is the number of decimal digits of `currency`; `lanes` those of the topics."""

    currency: str = "EUR"
    exponent: int = 2
    lanes: int = 8

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The shop that these settings describe."""
        return cls(settings.currency, settings.exponent, settings.lanes)
