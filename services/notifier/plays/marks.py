"""The SQL of yearly moments: when each person's is to be looked at. Nothing here decides anything."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from services.notifier.plays.moments import BIRTHDAY
from services.notifier.plays.yearly import Mark
from shared.db import Connection


async def note(tx: Connection, lane: int, marks: Iterable[tuple[str, Mark]]) -> None:
    """Look at these, (person, mark) each, at their instants if not before.

    What came before the news of a birthday is over, unless it was waited for already: then that stays due.
    """
    rows = _earliest(marks)
    if not rows:
        return
    await tx.execute(
        """
        insert into notifier.occasion as old (lane, person, kind, since, year, due_at)
        select $1, person, kind, since, 0, due_at
        from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[]) as m (person, kind, since, due_at)
        on conflict (lane, person, kind) do update set
            since = case when old.due_at <= excluded.since then old.since else greatest(old.since, excluded.since) end,
            due_at = least(old.due_at, excluded.due_at)
        where old.kind = $6 or old.due_at is null or excluded.due_at < old.due_at
        """,
        lane,
        [person for person, _ in rows],
        [each.kind for _, each in rows],
        [each.since for _, each in rows],
        [each.due_at for _, each in rows],
        BIRTHDAY,
    )


def _earliest(marks: Iterable[tuple[str, Mark]]) -> list[tuple[str, Mark]]:
    """One of each person and kind: due when the first of them is, since the last."""
    found: dict[tuple[str, str], Mark] = {}
    for person, mark in marks:
        if mark.due_at is not None:
            other = found.get((person, mark.kind), mark)
            due = min(mark.due_at, other.due_at or mark.due_at)
            found[person, mark.kind] = mark._replace(since=max(mark.since, other.since), due_at=due)
    return [(person, mark) for (person, _), mark in sorted(found.items())]


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
    await tx.executemany(
        """
        update notifier.occasion set since = $4, year = $5, due_at = $6
        where lane = $1 and person = $2 and kind = $3
        """,
        [(lane, person, kind, mark.since, mark.year, mark.due_at) for (person, kind), mark in marks.items()],
    )
