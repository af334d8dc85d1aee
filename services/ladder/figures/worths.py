"""The daily differences of what the people on a rung cost and bring, besides what they pay. No I/O."""

from collections import defaultdict
from collections.abc import Iterator

from services.ladder.core.moves import Move
from services.ladder.core.worth import Sums, sums
from services.ladder.figures.rows import Kind, Row, Span, with_months

WIDTH = len(Sums._fields)


class Worths:
    """Adds up moves; of most of them there is nothing to add."""

    def __init__(self) -> None:
        self._brought: defaultdict[tuple[int, int], list[int]] = defaultdict(_zeros)
        self._carried: defaultdict[tuple[int, int], list[int]] = defaultdict(_zeros)

    def add(self, move: Move, sign: int) -> None:
        """A move at which people went over to another rung, or that brought or cost something."""
        was = sums(move.was)
        if move.worth is not move.was:
            row = self._brought[move.day, move.rung]
            for place, (now, before) in enumerate(zip(sums(move.worth), was, strict=True)):
                row[place] += sign * (now - before)
        if move.from_rung != move.rung and any(was):
            here = self._carried[move.day, move.rung]
            there = self._carried[move.day, move.from_rung]
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


def _zeros() -> list[int]:
    return [0] * WIDTH
