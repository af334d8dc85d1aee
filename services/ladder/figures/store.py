"""The SQL that keeps the daily differences, in the transaction of the fold; of one lane, by its owner only."""

from collections.abc import Sequence
from typing import Final

from services.ladder.figures.sums import Figure, Row
from shared.db import Connection

_COLUMNS: Final = Figure._fields
_ADD: Final = f"""
insert into ladder.figure (lane, span, kind, day, key, {", ".join(_COLUMNS)})
select $1, * from unnest(
    $2::text[], $3::text[], $4::int[], $5::text[], {", ".join(f"${n}::bigint[]" for n, _ in enumerate(_COLUMNS, 6))}
)
on conflict (lane, span, kind, day, key) do update
set {", ".join(f"{name} = figure.{name} + excluded.{name}" for name in _COLUMNS)}
"""


async def add(tx: Connection, lane: int, rows: Sequence[Row]) -> None:
    """Add these differences to those of the lane."""
    spans, kinds, days, keys, figures = zip(*rows, strict=True)
    await tx.execute(_ADD, lane, spans, kinds, days, keys, *zip(*figures, strict=True))


async def clear(tx: Connection, lane: int) -> None:
    """Forget those of a lane, before they are added up anew."""
    await tx.execute("delete from ladder.figure where lane = $1", lane)


MISSING: Final = "figures"
"""The meta entry that is `missing` as long as there are standings from before there were figures."""
