"""The SQL of plays: places in series, facts that start and cancel them, standings. Nothing here decides anything."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from services.notifier.plays.person import Course, Heard, Run
from shared.db import Connection
from shared.events import Standing

KEPT_DAYS = 400
"""So long after it a fact may still cancel something; then it is forgotten."""

_RUN = "play, cause, cause_at, began_at, rung, ends_at, step, due_at, course, stopped_by, friend"


async def keep_facts(
    tx: Connection, lane: int, facts: Sequence[tuple[str, Heard]], *, stay_open: bool
) -> list[tuple[str, Heard]]:
    """Keep these facts, (person, fact) each; returns those that are new. `stay_open`: they are decided on later."""
    if not facts:
        return []
    rows = await tx.fetch(
        """
        insert into notifier.fact (lane, person, source, id, type, at, starts, ends_at, open)
        select $1, person, source, id, type, at, string_to_array(starts, ','), ends_at, $9
        from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::bigint[])
            as f (person, source, id, type, at, starts, ends_at)
        on conflict do nothing returning person, source, id
        """,
        lane,
        [person for person, _ in facts],
        [each.source for _, each in facts],
        [each.id for _, each in facts],
        [each.type for _, each in facts],
        [each.at for _, each in facts],
        [",".join(each.starts) for _, each in facts],
        [each.ends_at for _, each in facts],
        stay_open,
    )
    new = {tuple(row) for row in rows}
    once = {(person, each.source, each.id): (person, each) for person, each in facts}
    return [told for key, told in once.items() if key in new]


async def forget_facts(tx: Connection, lane: int, persons: Sequence[str], before: int) -> None:
    """Facts of these persons that can start or cancel nothing any more, and memberships that ended as long ago."""
    await tx.execute(
        """
        delete from notifier.fact
        where lane = $1 and person = any($2::text[]) and greatest(at, ends_at) < $3 and not open
        """,
        lane,
        persons,
        before,
    )


async def close_facts(tx: Connection, lane: int, closed: Iterable[tuple[str, str, str]]) -> None:
    """These, (person, source, id) each, have been decided on."""
    await tx.executemany(
        "update notifier.fact set open = false where lane = $1 and person = $2 and source = $3 and id = $4",
        [(lane, *key) for key in closed],
    )


async def pass_on(tx: Connection, facts: Sequence[tuple[int, str, Heard]]) -> None:
    """Tell other lanes, (lane, person, fact) each, what they are to decide on."""
    await tx.executemany(
        """
        insert into notifier.fact (lane, person, source, id, type, at, starts, open)
        values ($1, $2, $3, $4, $5, $6, $7, true) on conflict do nothing
        """,
        [(lane, person, each.source, each.id, each.type, each.at, [*each.starts]) for lane, person, each in facts],
    )


async def facts_of(tx: Connection, lane: int, persons: Sequence[str]) -> Mapping[str, tuple[Heard, ...]]:
    """The facts that are kept of these persons."""
    rows = await tx.fetch(
        """
        select person, source, id, type, at, starts, ends_at, open
        from notifier.fact where lane = $1 and person = any($2::text[])
        """,
        lane,
        persons,
    )
    found: dict[str, list[Heard]] = defaultdict(list)
    for person, source, fact_id, kind, at, starts, ends_at, is_open in rows:
        found[person].append(Heard(source, fact_id, kind, at, tuple(starts), ends_at, is_open))
    return {person: tuple(facts) for person, facts in found.items()}


async def runs_of(tx: Connection, lane: int, persons: Sequence[str]) -> Mapping[str, dict[tuple[str, str], Run]]:
    """The places of these persons in series."""
    rows = await tx.fetch(
        f"select person, {_RUN} from notifier.run where lane = $1 and person = any($2::text[])", lane, persons
    )
    found: dict[str, dict[tuple[str, str], Run]] = defaultdict(dict)
    for person, *values in rows:
        given = dict(zip(_RUN.split(", "), values, strict=True))
        run = Run(**{**given, "course": Course(given["course"])})
        found[person][run.key] = run
    return found


async def save_runs(tx: Connection, lane: int, runs: Iterable[tuple[str, Run]]) -> None:
    """Write the places, (person, place) each, as they are now."""
    await tx.executemany(
        f"""
        insert into notifier.run (lane, person, {_RUN})
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict (lane, person, play, cause) do update
        set step = excluded.step, due_at = excluded.due_at, course = excluded.course, stopped_by = excluded.stopped_by
        """,
        [
            (
                lane,
                person,
                each.play,
                each.cause,
                each.cause_at,
                each.began_at,
                each.rung,
                each.ends_at,
                each.step,
                each.due_at,
                each.course,
                each.stopped_by,
                each.friend,
            )
            for person, each in runs
        ],
    )


async def due(tx: Connection, lane: int, until: int, limit: int) -> list[str]:
    """Persons whose wait is over by then, or of whom a fact or a yearly moment up to then has not been decided on."""
    rows = await tx.fetch(
        """
        (select distinct person from notifier.run where lane = $1 and due_at <= $2 limit $3)
        union
        (select distinct person from notifier.fact where lane = $1 and open and at <= $2 limit $3)
        union
        (select distinct person from notifier.occasion where lane = $1 and due_at <= $2 limit $3)
        order by person limit $3
        """,
        lane,
        until,
        limit,
    )
    return [row["person"] for row in rows]


async def in_a_play(tx: Connection, lane: int, persons: Sequence[str]) -> set[str]:
    """Those of these persons who are in a series or have a message that is not sent: a fact may cancel it."""
    rows = await tx.fetch(
        """
        select person from notifier.run
        where lane = $1 and person = any($2::text[]) and course in ('waiting', 'resting')
        union
        select person from notifier.message
        where lane = $1 and person = any($2::text[]) and state in ('pending', 'retry', 'open')
        """,
        lane,
        persons,
    )
    return {row["person"] for row in rows}


async def any_due(connection: Connection, lane: int, until: int) -> bool:
    """Whether a wait in this lane is over by then, or a fact or yearly moment up to then has not been decided on."""
    return bool(
        await connection.fetchval(
            """
            select exists (select from notifier.run where lane = $1 and due_at <= $2)
                or exists (select from notifier.fact where lane = $1 and open and at <= $2)
                or exists (select from notifier.occasion where lane = $1 and due_at <= $2)
            """,
            lane,
            until,
        )
    )


async def save_standings(tx: Connection, lane: int, standings: Mapping[str, Standing]) -> None:
    """Where these persons stand now."""
    if not standings:
        return
    await tx.execute(
        """
        insert into notifier.standing as old (lane, person, rung, phase, stage)
        select $1, * from unnest($2::text[], $3::smallint[], $4::text[], $5::text[])
        on conflict (lane, person) do update
        set rung = excluded.rung, phase = excluded.phase, stage = excluded.stage
        where (old.rung, old.phase, old.stage) <> (excluded.rung, excluded.phase, excluded.stage)
        """,
        lane,
        list(standings),
        [each.rung for each in standings.values()],
        [each.phase for each in standings.values()],
        [each.stage for each in standings.values()],
    )


async def standings_of(tx: Connection, lane: int, persons: Sequence[str]) -> dict[str, Standing]:
    """Where these persons stand, as last announced."""
    rows = await tx.fetch(
        "select person, rung, phase, stage from notifier.standing where lane = $1 and person = any($2::text[])",
        lane,
        persons,
    )
    return {person: Standing(rung=rung, phase=phase, stage=stage) for person, rung, phase, stage in rows}
