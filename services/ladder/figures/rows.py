"""Rows of daily differences: what they are about, and how days add up to months."""

from collections.abc import Iterable
from enum import StrEnum
from operator import add
from typing import NamedTuple

from services.ladder.core.moves import first_of, month_of


class Kind(StrEnum):
    """What a row of figures is about; `key` of the row says which one."""

    CELL = "cell"
    """A rung and a stage: `4/retention`."""
    COHORT = "cohort"
    """The people whose first order was in a month: `2026-02`."""
    SOURCE = "source"
    """The people who came from a source: `=newsletter`; nothing where none has been named."""
    WAY = "way"
    """From one cell to another: `3/retention>4/growth`; from nowhere: `0/>1/lead`."""
    BROUGHT = "brought"
    """Of what people are worth: what came about on a rung, `4`."""
    CARRIED = "carried"
    """And what those who came to it had brought and cost before, less the same of those who left it."""


class Span(StrEnum):
    """Over how long a row sums up; `day` of the row is the first of it."""

    DAY = "day"
    MONTH = "month"


class Row(NamedTuple):
    """A row of the table, without its lane."""

    span: Span
    kind: Kind
    day: int
    key: str
    figure: list[int]


def with_months(by_day: Iterable[Row]) -> list[Row]:
    """These rows, and the same by month, without those in which everything cancelled out."""
    days = [row for row in by_day if any(row.figure)]
    months: dict[tuple[Kind, int, str], list[int]] = {}
    for _, kind, day, key, figure in days:
        place = (kind, first_of(month_of(day)), key)
        month = months.get(place)
        months[place] = figure if month is None else list(map(add, month, figure))
    added = [Row(Span.MONTH, kind, day, key, figure) for (kind, day, key), figure in months.items() if any(figure)]
    return days + added
