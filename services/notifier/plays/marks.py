"""The SQL of yearly moments: when each person's is to be looked at. Nothing here decides anything."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from services.notifier.plays.occasions import noted_besides
from services.notifier.plays.yearly import Mark
from shared.db import Connection


async def note(tx: Connection, lane: int, told: Iterable[tuple[str, Mark]]) -> None:
    """Look at these, (person, mark) each, at their instants if not before."""
    news = [*told]
    if not news:
        return
    before = await marks_of(tx, lane, sorted({person for person, _ in news}))
    changed: dict[tuple[str, str], Mark] = {}
    for person, mark in news:
        key = person, mark.kind
        old = changed.get(key) or before.get(person, {}).get(mark.kind)
        new = noted_besides(old, mark)
        if new is not None and new != old:
            changed[key] = new
    await save(tx, lane, changed)


async def marks_of(tx: Connection, lane: int, persons: Sequence[str]) -> Mapping[str, dict[str, Mark]]:
    """How far the yearly moments of these persons have been kept, by kind."""
    rows = await tx.fetch(
        """
        select person, kind, since, year, due_at from notifier.occasion
        where lane = $1 and person = any($2::text[]) order by kind
        """,
        lane,
        persons,
    )
    found: dict[str, dict[str, Mark]] = defaultdict(dict)
    for person, *values in rows:
        mark = Mark(*values)
        found[person][mark.kind] = mark
    return found


async def save(tx: Connection, lane: int, marks: Mapping[tuple[str, str], Mark]) -> None:
    """Write how far they have been kept, by person and kind."""
    if not marks:
        return
    await tx.execute(
        """
        insert into notifier.occasion (lane, person, kind, since, year, due_at)
        select $1, * from unnest($2::text[], $3::text[], $4::bigint[], $5::smallint[], $6::bigint[])
        on conflict (lane, person, kind) do update
        set since = excluded.since, year = excluded.year, due_at = excluded.due_at
        """,
        lane,
        [person for person, _ in marks],
        [each.kind for each in marks.values()],
        [each.since for each in marks.values()],
        [each.year for each in marks.values()],
        [each.due_at for each in marks.values()],
    )
