"""All SQL of the ladder's worker; one call, one round trip. Rows of one lane only, by the lane's owner only."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from shared.db import Connection

NOT_PARKED = "not exists (select from ladder.parked p where p.lane = s.lane and p.person = s.person)"
"""Deadlines of a person who waits behind a failed fold wait too."""


class FactRow(NamedTuple):
    """A line of the journal; `key` is what the fact is the first to claim for its person."""

    person: str
    source: str
    id: str
    at: int
    key: str | None
    body: bytes


FactLine = tuple[int, str, str, str, int, str | None, bytes]
"""A `FactRow` behind its lane, as COPY takes it: a plain tuple is made in a fifth of the time."""

TransitionLine = tuple[int, str, int, str, str, int, int, bool, bytes, int]
"""An announcement as it is kept in a person's history: the columns of the table `transition`, in their order."""


class StandingRow(Struct, frozen=True, gc=False):
    """A standing as it is stored."""

    person: str
    rung: int
    phase: str
    stage: str
    since: int
    due_at: int | None
    state: bytes


class Stored(Struct, frozen=True, gc=False):
    """What is stored of a person; all None: nothing."""

    state: bytes | None
    friend: bytes | None


class CreditRow(NamedTuple):
    """Whether a person is credited with a friend, as of a version of that credit."""

    person: str
    friend: str
    friend_lane: int
    version: int
    credited: bool


class ParkedRow(NamedTuple):
    """A fact that waits."""

    person: str
    number: int
    reason: str
    body: bytes


async def load(tx: Connection, lane: int, persons: Sequence[str]) -> dict[str, Stored]:
    """What is stored of each of these persons."""
    rows = await tx.fetch(
        """
        select p.person, s.state, f.state as friend from unnest($2::text[]) as p (person)
        left join ladder.standing s on s.lane = $1 and s.person = p.person
        left join ladder.friend f on f.lane = $1 and f.person = p.person
        """,
        lane,
        persons,
    )
    return {row["person"]: Stored(row["state"], row["friend"]) for row in rows}


async def facts(connection: Connection, lane: int, persons: Sequence[str]) -> dict[str, list[FactRow]]:
    """The whole journal of these persons."""
    rows = await connection.fetch(
        "select person, source, id, at, key, body from ladder.fact where lane = $1 and person = any($2)", lane, persons
    )
    found: dict[str, list[FactRow]] = {person: [] for person in persons}
    for row in rows:
        found[row["person"]].append(FactRow(*row))
    return found


async def known_ids(tx: Connection, lane: int, ids: Sequence[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Which of these (person, source, id) are in the journal already."""
    rows = await tx.fetch(
        """
        select person, source, id from unnest($2::text[], $3::text[], $4::text[]) as n (person, source, id)
        join ladder.fact f using (person, source, id) where f.lane = $1
        """,
        lane,
        *_columns(ids, 3),
    )
    return {(row[0], row[1], row[2]) for row in rows}


async def known_claims(tx: Connection, lane: int, keys: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these (person, key) have been claimed already."""
    rows = await tx.fetch(
        """
        select person, key from unnest($2::text[], $3::text[]) as n (person, key)
        join ladder.fact f using (person, key) where f.lane = $1
        """,
        lane,
        *_columns(keys, 2),
    )
    return {(row[0], row[1]) for row in rows}


# Everything a batch usually writes, in one round trip.
_WRITE: Final = """
with journaled as (
    insert into ladder.fact (lane, person, source, id, at, key, body)
    select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bytea[])
), stands as (
    insert into ladder.standing (lane, person, rung, phase, stage, since, due_at, state)
    select $1, * from unnest(
        $8::text[], $9::smallint[], $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::bytea[]
    )
    on conflict (lane, person) do update set
        rung = excluded.rung, phase = excluded.phase, stage = excluded.stage, since = excluded.since,
        due_at = excluded.due_at, state = excluded.state
), kept as (
    insert into ladder.transition (
        lane, person, seq, id, type, at, recorded_at, correction, data, rules_version
    )
    select $1, * from unnest(
        $15::text[], $16::bigint[], $17::text[], $18::text[], $19::bigint[], $20::bigint[], $21::bool[], $22::bytea[],
        $23::integer[]
    )
)
insert into ladder.tally (lane, kind, key, people, spent)
select $1, * from unnest($24::text[], $25::text[], $26::bigint[], $27::bigint[])
on conflict (lane, kind, key) do update
set people = tally.people + excluded.people, spent = tally.spent + excluded.spent
"""

FEW: Final = 300
"""Facts and transitions above which both are copied: that costs a third less for each, but two round trips."""


class Written(NamedTuple):
    """What a batch changes: facts and transitions are added, standings replaced, tallies, by (kind, key), added to."""

    facts: Sequence[FactLine]
    standings: Sequence[StandingRow]
    transitions: Sequence[TransitionLine]
    people: Counter[tuple[str, str]]
    spent: Counter[tuple[str, str]]


async def write(tx: Connection, lane: int, rows: Written) -> None:
    """Write it. Raises asyncpg.UniqueViolationError when a fact or a claim is in the journal already."""
    facts, transitions = rows.facts, rows.transitions
    if len(facts) + len(transitions) > FEW:
        await _copy(tx, facts, transitions)
        facts = transitions = ()
    keys = [key for key in rows.people.keys() | rows.spent.keys() if rows.people[key] or rows.spent[key]]
    await tx.execute(
        _WRITE,
        lane,
        *_columns(facts, 7)[1:],
        *_standings(rows.standings),
        *_columns(transitions, 10)[1:],
        [kind for kind, _ in keys],
        [key for _, key in keys],
        [rows.people[key] for key in keys],
        [rows.spent[key] for key in keys],
    )


def _standings(rows: Sequence[StandingRow]) -> Sequence[Sequence[object]]:
    return (
        [row.person for row in rows],
        [row.rung for row in rows],
        [row.phase for row in rows],
        [row.stage for row in rows],
        [row.since for row in rows],
        [row.due_at for row in rows],
        [row.state for row in rows],
    )


async def _copy(tx: Connection, facts: Sequence[FactLine], transitions: Sequence[TransitionLine]) -> None:
    if facts:
        await tx.copy_records_to_table(
            "fact",
            schema_name="ladder",
            columns=("lane", "person", "source", "id", "at", "key", "body"),
            records=facts,
        )
    if transitions:
        await tx.copy_records_to_table(
            "transition",
            schema_name="ladder",
            columns=("lane", "person", "seq", "id", "type", "at", "recorded_at", "correction", "data", "rules_version"),
            records=transitions,
        )


async def save_friends(tx: Connection, lane: int, states: Mapping[str, bytes]) -> None:
    """Insert or replace what is known of persons named by referrals."""
    await tx.execute(
        """
        insert into ladder.friend (lane, person, state) select $1, * from unnest($2::text[], $3::bytea[])
        on conflict (lane, person) do update set state = excluded.state
        """,
        lane,
        list(states),
        list(states.values()),
    )


async def credit(tx: Connection, lane: int, rows: Iterable[CreditRow]) -> None:
    """Note who is credited with which friends; of each the highest version counts, whatever came first."""
    newest = {(row.person, row.friend): row for row in sorted(rows, key=lambda row: row.version)}
    await tx.execute(
        """
        insert into ladder.referral as r (lane, person, friend, friend_lane, version, credited)
        select $1, * from unnest($2::text[], $3::text[], $4::integer[], $5::bigint[], $6::boolean[])
        on conflict (lane, person, friend) do update
        set version = excluded.version, credited = excluded.credited where r.version < excluded.version
        """,
        lane,
        *_columns(list(newest.values()), 5),
    )


async def due(tx: Connection, lane: int, until: int, besides: Sequence[str], limit: int) -> dict[str, Stored]:
    """Those with a deadline at or before `until`, the earliest first; `besides` are left out."""
    rows = await tx.fetch(
        f"""
        select s.person, s.state, f.state as friend from ladder.standing s
        left join ladder.friend f using (lane, person)
        where s.lane = $1 and s.due_at <= $2 and s.person <> all($3::text[]) and {NOT_PARKED}
        order by s.due_at limit $4
        """,
        lane,
        until,
        besides,
        limit,
    )
    return {row["person"]: Stored(row["state"], row["friend"]) for row in rows}


async def page(tx: Connection, lane: int, after: str, limit: int) -> dict[str, Stored]:
    """Those who stand somewhere, by person, behind `after`."""
    rows = await tx.fetch(
        """
        select s.person, s.state, f.state as friend from ladder.standing s
        left join ladder.friend f using (lane, person)
        where s.lane = $1 and s.person > $2 order by s.person limit $3
        """,
        lane,
        after,
        limit,
    )
    return {row["person"]: Stored(row["state"], row["friend"]) for row in rows}


async def be_only_refold(connection: Connection) -> bool:
    """Whether no other session refolds; from now on none can, until this session ends in whatever way."""
    return bool(await connection.fetchval("select pg_try_advisory_lock(hashtextextended('ladder.refold', 0))"))


async def any_due(connection: Connection, lane: int, until: int) -> bool:
    """Whether any deadline of the lane is at or before `until`."""
    return bool(
        await connection.fetchval(
            f"select exists (select from ladder.standing s where lane = $1 and due_at <= $2 and {NOT_PARKED})",
            lane,
            until,
        )
    )


async def count_due(connection: Connection, until: int | None) -> int:
    """How many persons are due by `until`; None: each lane by its own time."""
    return int(
        await connection.fetchval(
            f"""
            select count(*) from ladder.lane l join ladder.standing s using (lane)
            where s.due_at <= coalesce($1, l.time) and {NOT_PARKED}
            """,
            until,
        )
    )


# -- parked persons ----------------------------------------------------------------------------------------------


async def park(tx: Connection, lane: int, now: int, rows: Iterable[ParkedRow]) -> None:
    """Keep facts that cannot be folded, or wait behind such a one."""
    await tx.copy_records_to_table(
        "parked",
        schema_name="ladder",
        columns=("lane", "person", "number", "reason", "body", "recorded_at"),
        records=[(lane, *row, now) for row in rows],
    )


async def unpark(tx: Connection, lane: int, behind: tuple[str, int], before: int, limit: int | None) -> list[ParkedRow]:
    """Take the next facts that wait, by person and in the order in which they came; numbers from `before` on stay."""
    rows = await tx.fetch(
        """
        with next as (
            select person, number from ladder.parked
            where lane = $1 and (person, number) > ($2, $3) and number < $4
            order by person, number limit $5
        )
        delete from ladder.parked p using next n
        where p.lane = $1 and p.person = n.person and p.number = n.number
        returning p.person, p.number, p.reason, p.body
        """,
        lane,
        *behind,
        before,
        limit,
    )
    return sorted(ParkedRow(*row) for row in rows)


async def count_parked(connection: Connection) -> int:
    """How many facts wait, over all lanes."""
    return int(await connection.fetchval("select count(*) from ladder.parked"))


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
