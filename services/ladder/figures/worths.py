"""The daily differences of what the people on a rung cost and bring, besides what they pay. No I/O."""

from collections.abc import Iterator

from services.ladder.core.moves import Move
from services.ladder.core.worth import Sums, sums
from services.ladder.figures.rows import Kind, Row, Span, row_of, with_months

WIDTH = len(Sums._fields)


class Worths:
    """Adds up moves; of most of them there is nothing to add."""

    def __init__(self) -> None:
        self._brought: dict[tuple[int, int], list[int]] = {}
        self._carried: dict[tuple[int, int], list[int]] = {}

    def add(self, move: Move, sign: int) -> None:
        """A move at which people went over to another rung, or that brought or cost something."""
        was = sums(move.was)
        if move.worth is not move.was:
            row = row_of(self._brought, (move.day, move.rung), WIDTH)
            for place, (now, before) in enumerate(zip(sums(move.worth), was, strict=True)):
                row[place] += sign * (now - before)
        if move.from_rung != move.rung and any(was):
            here = row_of(self._carried, (move.day, move.rung), WIDTH)
            there = row_of(self._carried, (move.day, move.from_rung), WIDTH)
            for place, amount in enumerate(was):
                here[place] += sign * amount
                there[place] -= sign * amount

    def rows(self) -> list[Row]:
        """By day, and the same by month, without those in which everything cancelled out."""
        return with_months(self._by_day())

    def _by_day(self) -> Iterator[Row]:
        for kind, rows in ((Kind.BROUGHT, self._brought), (Kind.CARRIED, self._carried)):
            for (day, rung), numbers in rows.items():
                yield Row(Span.DAY, kind, day, str(rung), numbers)
