"""The SQL that keeps the daily differences, in the transaction of the fold; of one lane, by its owner only."""

from collections.abc import Sequence
from typing import Final

from services.ladder.core import worth
from services.ladder.figures.rows import Row
from services.ladder.figures.sums import Figure
from shared.db import Connection


def _adding(table: str, columns: Sequence[str]) -> str:
    return f"""
insert into ladder.{table} (lane, span, kind, day, key, {", ".join(columns)})
select $1, * from unnest(
    $2::text[], $3::text[], $4::int[], $5::text[], {", ".join(f"${n}::bigint[]" for n, _ in enumerate(columns, 6))}
)
on conflict (lane, span, kind, day, key) do update
set {", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in columns)}
"""


_FIGURES: Final = _adding("figure", Figure._fields)
_WORTH: Final = _adding("worth", worth.Sums._fields)


async def add(tx: Connection, lane: int, rows: Sequence[Row]) -> None:
    """Add these differences to those of the lane."""
    await _add(tx, _FIGURES, lane, rows)


async def add_worth(tx: Connection, lane: int, rows: Sequence[Row]) -> None:
    """Add these differences of what people are worth to those of the lane."""
    await _add(tx, _WORTH, lane, rows)


async def _add(tx: Connection, statement: str, lane: int, rows: Sequence[Row]) -> None:
    spans, kinds, days, keys, figures = zip(*rows, strict=True)
    await tx.execute(statement, lane, spans, kinds, days, keys, *zip(*figures, strict=True))


async def clear(tx: Connection, lane: int) -> None:
    """Forget those of a lane, before they are added up anew."""
    await tx.execute("delete from ladder.figure where lane = $1", lane)
    await tx.execute("delete from ladder.worth where lane = $1", lane)


MISSING: Final = "figures"
"""The meta entry that is `missing` as long as there are standings from before there were figures."""
