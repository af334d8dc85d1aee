"""Amounts of the shop's currency: decimals outside, integer minor units inside."""

from decimal import ROUND_HALF_UP, Decimal
from typing import overload


@overload
def major(amount: int, exponent: int) -> Decimal: ...
@overload
def major(amount: None, exponent: int) -> None: ...
@overload
def major(amount: int | None, exponent: int) -> Decimal | None: ...
def major(amount: int | None, exponent: int) -> Decimal | None:
    """Minor units as an amount of the currency; `exponent` is its number of decimals."""
    return None if amount is None else Decimal(amount).scaleb(-exponent)


def minor(amount: Decimal, exponent: int) -> int:
    """An amount of the currency in minor units. Raises ValueError when it is more precise than the currency."""
    scaled = amount.scaleb(exponent)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} is more precise than the currency, which has {exponent} decimals")
    return int(scaled)


def share(amount: int, percent: int) -> int:
    """So many percent of an amount, rounded half up as shops do."""
    return int((Decimal(amount) * percent / 100).quantize(Decimal(1), ROUND_HALF_UP))
