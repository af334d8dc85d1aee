"""`python -m services.ladder export FILE`: everybody with what they are worth, as CSV or Parquet."""

import argparse
import asyncio
import csv
import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from services.ladder.core.rules import Rules
from services.ladder.core.standing import Standing
from services.ladder.estimates import queries
from services.ladder.estimates.people import Stretch, reckoned
from services.ladder.estimates.progress import Bar
from services.ladder.estimates.reach import database
from services.ladder.estimates.reckoning import Reckoned
from services.ladder.estimates.sums import Sums
from services.ladder.rulebook.opening import kept
from services.ladder.settings import LadderSettings
from shared import instants
from shared.program import REFUSALS
from shared.settings import RefusedError, load

DESCRIPTION = """\
Writes everybody with rung, phase, totals and what they are worth, a line a person. FILE ending in .parquet is written
as Parquet (for which pyarrow must be installed), any other as CSV in UTF-8 with a header. Instants are UTC; money is in
the shop's currency. It is written beside FILE first and appears whole or not at all.

Exit code: 0 written, 1 refused.
"""


class Row(NamedTuple):
    """One person."""

    customer: str
    rung: int
    phase: str
    stage: str
    since: str
    source: str | None
    purchases: int
    first_purchase_at: str | None
    last_purchase_at: str | None
    spent: Decimal
    refunded: Decimal
    net_value: Decimal
    chance_now: float | None
    expected_value: Decimal
    at_stake: Decimal


class Writer(Protocol):
    """Takes rows."""

    def write(self, rows: Sequence[Row]) -> None:
        """Append these."""


def main(arguments: list[str]) -> None:
    """Run the job; a refusal is one line and exit code 1."""
    parser = argparse.ArgumentParser(
        prog="python -m services.ladder export", description=DESCRIPTION, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    path: Path = parser.parse_args(arguments).file
    try:
        people = asyncio.run(_export(load(LadderSettings), path))
    except REFUSALS as refused:
        sys.exit(str(refused))
    except OSError as error:
        sys.exit(f"{path}: {error.strerror}")
    sys.stdout.write(f"{people:,} people written to {path}.\n")


async def _export(settings: LadderSettings, path: Path) -> int:
    async with database(settings, "ladder-export") as connection:
        rules = (await kept(connection, settings)).rules
        at = await queries.now(connection, by_facts=settings.clock == "facts")
        if at is None:
            raise RefusedError("nothing has been told yet, there is nobody to export")
        bar, people = Bar(sys.stderr, "people written", await queries.people(connection)), 0
        with _whole(path) as beside, _writer(beside, path.suffix, rules.exponent) as writer:
            sums = Sums(np.random.default_rng(at))
            async for stretch in reckoned(connection, settings.lanes, at, rules, sums):
                writer.write(_rows(stretch, rules))
                people += len(stretch.people)
                bar.advance(len(stretch.people))
        bar.end()
        return people


def _rows(stretch: Stretch, rules: Rules) -> list[Row]:
    return [
        _row(person, standing, reckoned, rules)
        for (person, standing), reckoned in zip(stretch.people, stretch.rows, strict=True)
    ]


def _row(person: str, standing: Standing, reckoned: Reckoned, rules: Rules) -> Row:
    def money(minor: int) -> Decimal:
        return Decimal(minor).scaleb(-rules.exponent)

    return Row(
        customer=person,
        rung=standing.rung,
        phase=standing.phase.value,
        stage=standing.stage.value,
        since=instants.text(max(standing.rung_since, standing.phase_since)),
        source=standing.worth.source,
        purchases=standing.purchases,
        first_purchase_at=_text(standing.first_purchase_at),
        last_purchase_at=_text(standing.last_purchase_at),
        spent=money(standing.spent),
        refunded=money(standing.refunded),
        net_value=money(reckoned.net_value),
        chance_now=None if reckoned.chance_now is None else round(reckoned.chance_now, 6),
        expected_value=money(reckoned.expected_value),
        at_stake=money(reckoned.at_stake),
    )


def _text(at: int | None) -> str | None:
    return None if at is None else instants.text(at)


# -- files -------------------------------------------------------------------------------------------------------


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file beside `path` that takes its place once it is finished."""
    beside = path.with_name(path.name + ".part")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _writer(path: Path, suffix: str, exponent: int) -> Iterator[Writer]:
    if suffix.lower() == ".parquet":
        with _parquet(path, exponent) as writer:
            yield writer
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        yield _Csv(file)


class _Csv:
    """Comma-separated; what is not there is empty, and no cell can be taken for a formula."""

    def __init__(self, file: Any) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(Row._fields)

    def write(self, rows: Sequence[Row]) -> None:
        """Append these."""
        self._writer.writerows([_harmless(row.customer), *row[1:5], _harmless(row.source), *row[6:]] for row in rows)


_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")


def _harmless(text: str | None) -> str | None:
    """Spreadsheets run cells that begin like this; an apostrophe before it makes it a text (OWASP, CSV injection)."""
    return f"'{text}" if text is not None and text.startswith(_FORMULAS) else text


@contextmanager
def _parquet(path: Path, exponent: int) -> Iterator[Writer]:
    try:
        arrow, files = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise RefusedError("Parquet needs pyarrow: install it, or name a file that ends in .csv") from error
    schema = arrow.schema([(name, _arrow_type(arrow, name, exponent)) for name in Row._fields])
    with files.ParquetWriter(path, schema, compression="zstd") as writer:
        yield _Parquet(arrow, writer, schema)


class _Parquet:
    """Typed columns: decimals for money, texts for the rest of what is no number."""

    def __init__(self, arrow: Any, writer: Any, schema: Any) -> None:
        self._arrow, self._writer, self._schema = arrow, writer, schema

    def write(self, rows: Sequence[Row]) -> None:
        """Append these as a group of their own."""
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self._writer.write_table(self._arrow.table(columns, schema=self._schema))


def _arrow_type(arrow: Any, name: str, exponent: int) -> Any:
    match name:
        case "rung" | "purchases":
            return arrow.int64()
        case "chance_now":
            return arrow.float64()
        case "spent" | "refunded" | "net_value" | "expected_value" | "at_stake":
            return arrow.decimal128(38, exponent)
        case "since" | "first_purchase_at" | "last_purchase_at" | "customer" | "phase" | "stage" | "source":
            return arrow.string()
        case _:
            raise AssertionError(name)
