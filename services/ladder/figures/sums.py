"""The daily differences of one batch: its moves, added up by day and place. No I/O.

A place is a cell (rung and stage), a cohort (the month of the first order), a source people came from, or a way from
one cell to another.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, NamedTuple

from services.ladder.core.moves import Move, Moves, month_of
from services.ladder.core.standing import PHASE_OF, Phase, Stage
from services.ladder.figures.rows import Kind, Row, Span, with_months
from services.ladder.figures.worths import Worths

Cell = tuple[int, Stage | None]


class Figure(NamedTuple):
    """What is counted of a place; every number is a difference that adds up over days. Money in minor units."""

    entered: int = 0
    """People who came; a cohort's with their first order."""
    gone: int = 0
    """People who went."""
    money_in: int = 0
    """What those who came had spent before."""
    money_out: int = 0
    """What those who went had spent before."""
    orders: int = 0
    """Of those who are here after it."""
    revenue: int = 0
    """What these orders brought, net of refunds whenever they came."""
    customers: int = 0
    """People with an order, in less out."""
    repeaters: int = 0
    """People with a second order, in less out."""
    active: int = 0
    """People in the phase `active`, in less out."""
    buyers: int = 0
    """First orders of a person in a calendar month."""
    lapsed: int = 0
    """From active to passive; counted where they were."""
    won_back: int = 0
    """From passive to active; counted where they are."""
    lost: int = 0
    """To the stage `lost`."""
    on_rung: int = 0
    """Seconds that those who changed the rung had been on it; of a way only."""
    in_stage: int = 0
    """Seconds that those who changed the stage had been in it; of a way only."""


ENTERED, GONE, MONEY_IN, MONEY_OUT, ORDERS, REVENUE, CUSTOMERS, REPEATERS, ACTIVE = range(9)
BUYERS, LAPSED, WON_BACK, LOST, ON_RUNG, IN_STAGE = range(9, 15)
WIDTH: Final = len(Figure._fields)

_LIVES: Final = {stage: PHASE_OF[stage] is Phase.ACTIVE for stage in Stage}
_PASSES: Final = {stage: PHASE_OF[stage] is Phase.PASSIVE for stage in Stage}


class Sums:
    """Adds up moves; many moves of a batch share a row."""

    def __init__(self) -> None:
        self._cells: defaultdict[tuple[int, int, Stage], list[int]] = defaultdict(_zeros)
        self._cohorts: defaultdict[tuple[int, int], list[int]] = defaultdict(_zeros)
        self._sources: defaultdict[tuple[int, str | None], list[int]] = defaultdict(_zeros)
        self._ways: defaultdict[tuple[int, int, Stage | None, int, Stage], list[int]] = defaultdict(_zeros)
        self.worth = Worths()
        """What they are worth; rows of a table of its own."""

    def count(self, moves: Moves) -> None:
        """Add what was made, take back what was undone, and clear both."""
        for move in moves.made:
            self._add(move, 1)
        for move in moves.undone:
            self._add(move, -1)
        moves.clear()

    def _add(self, move: Move, sign: int) -> None:
        stays = move.from_rung == move.rung and move.from_stage is move.stage
        cell = self._cells[move.day, move.rung, move.stage]
        if move.orders:
            self._order(cell, move, sign)
        if not stays:
            self._enter(cell, move, sign)
            self._way(move, sign)
            if move.from_stage is not None:
                self._leave(self._cells[move.day, move.from_rung, move.from_stage], move, sign)
        if move.had or move.orders:
            self._cohort(move, sign)
        self._source(move, sign)
        if move.worth is not move.was or move.from_rung != move.rung:
            self.worth.add(move, sign)

    def _order(self, row: list[int], move: Move, sign: int) -> None:
        row[ORDERS] += sign
        row[REVENUE] += sign * move.revenue
        if move.had < 2:
            row[REPEATERS if move.had else CUSTOMERS] += sign
        if move.first_of_month:
            row[BUYERS] += sign

    def _enter(self, cell: list[int], move: Move, sign: int) -> None:
        cell[ENTERED] += sign
        cell[MONEY_IN] += sign * move.carried
        if move.had:
            cell[CUSTOMERS] += sign
            if move.had > 1:
                cell[REPEATERS] += sign
        if _LIVES[move.stage]:
            cell[ACTIVE] += sign
        self._arrive(cell, move, sign)

    def _arrive(self, row: list[int], move: Move, sign: int) -> None:
        if move.from_stage is not None and _PASSES[move.from_stage] and _LIVES[move.stage]:
            row[WON_BACK] += sign
        elif move.stage is Stage.LOST and move.from_stage is not Stage.LOST:
            row[LOST] += sign

    def _leave(self, cell: list[int], move: Move, sign: int) -> None:
        assert move.from_stage is not None
        cell[GONE] += sign
        cell[MONEY_OUT] += sign * move.carried
        if move.had:
            cell[CUSTOMERS] -= sign
            if move.had > 1:
                cell[REPEATERS] -= sign
        if _LIVES[move.from_stage]:
            cell[ACTIVE] -= sign
            if _PASSES[move.stage]:
                cell[LAPSED] += sign

    def _way(self, move: Move, sign: int) -> None:
        way = self._ways[move.day, move.from_rung, move.from_stage, move.rung, move.stage]
        way[ENTERED] += sign
        way[MONEY_IN] += sign * move.carried
        way[ON_RUNG] += sign * move.on_rung
        way[IN_STAGE] += sign * move.in_stage

    def _cohort(self, move: Move, sign: int) -> None:
        row = self._cohorts[move.day, month_of(move.first_day)]
        if move.orders:
            self._order(row, move, sign)
            if not move.had:
                row[ENTERED] += sign
        if move.from_stage is not move.stage:
            self._live(row, move, sign)

    def _source(self, move: Move, sign: int) -> None:
        row = self._sources[move.day, move.source]
        if move.orders:
            self._order(row, move, sign)
        if move.from_stage is None:
            self._enter(row, move, sign)
        elif move.from_stage is not move.stage:
            self._live(row, move, sign)

    def _live(self, row: list[int], move: Move, sign: int) -> None:
        """What a change of the stage means to those who stay together whatever theirs is."""
        before, now = move.from_stage is not None and _LIVES[move.from_stage], _LIVES[move.stage]
        if before is not now:
            row[ACTIVE] += sign if now else -sign
            if before and _PASSES[move.stage]:
                row[LAPSED] += sign
        self._arrive(row, move, sign)

    # -- results -------------------------------------------------------------------------------------------------

    def rows(self) -> list[Row]:
        """By day, and the same by month, without those in which everything cancelled out."""
        return with_months(self._by_day())

    def _by_day(self) -> Iterator[Row]:
        for (day, rung, stage), figure in self._cells.items():
            yield Row(Span.DAY, Kind.CELL, day, cell_key(rung, stage), figure)
        for (day, month), figure in self._cohorts.items():
            yield Row(Span.DAY, Kind.COHORT, day, month_key(month), figure)
        for (day, source), figure in self._sources.items():
            yield Row(Span.DAY, Kind.SOURCE, day, source_key(source), figure)
        for (day, from_rung, from_stage, rung, stage), figure in self._ways.items():
            key = f"{cell_key(from_rung, from_stage)}>{cell_key(rung, stage)}"
            yield Row(Span.DAY, Kind.WAY, day, key, figure)


def _zeros() -> list[int]:
    return [0] * WIDTH


@cache
def cell_key(rung: int, stage: Stage | None) -> str:
    """A cell as the table names it."""
    return f"{rung}/{stage or ''}"


def read_cell(key: str) -> Cell:
    """The cell that `cell_key` named."""
    rung, _, stage = key.partition("/")
    return int(rung), Stage(stage) if stage else None


def source_key(source: str | None) -> str:
    """A source as the table names it; one may be named by an empty text."""
    return "" if source is None else f"={source}"


def read_source(key: str) -> str | None:
    """The source that `source_key` named."""
    return key[1:] if key else None


@lru_cache(maxsize=1 << 12)
def month_key(month: int) -> str:
    """A month as the table names it: `2026-02`."""
    return f"{month // 12:04}-{month % 12 + 1:02}"
