"""All SQL of the versions of the rules, and of how far each lane has come from one to the next."""

from typing import NamedTuple

from shared.db import Connection


class Version(NamedTuple):
    """A version as it is kept; instants in µs. `activated_at` None: a draft. `emit`: activation tells what changes."""

    version: int
    text: str
    digest: str
    put_at: int
    put_by: str
    activated_at: int | None
    emit: bool


class LaneVersion(NamedTuple):
    """By which version a lane's persons are folded: those up to `reached` by `coming` already, where one comes."""

    version: int
    coming: int | None
    reached: str
    people: int
    """How many have been decided anew."""


_VERSION = "select version, text, digest, put_at, put_by, activated_at, emit from ladder.rules"


async def find(connection: Connection, version: int) -> Version | None:
    """The version of this number."""
    row = await connection.fetchrow(f"{_VERSION} where version = $1", version)
    return None if row is None else Version(*row)


async def target(connection: Connection) -> Version | None:
    """The version that was activated last; None in a database that has none yet."""
    row = await connection.fetchrow(
        f"{_VERSION} where activated_at is not null order by activated_at desc, version desc limit 1"
    )
    return None if row is None else Version(*row)


async def lanes(connection: Connection) -> dict[int, LaneVersion]:
    """By lane the version its persons are folded by."""
    rows = await connection.fetch("select lane, version, coming, reached, people from ladder.lane_rules order by lane")
    return {row["lane"]: LaneVersion(*row[1:]) for row in rows}


async def lane(tx: Connection, number: int) -> LaneVersion | None:
    """The same of one lane; None before any version was kept."""
    row = await tx.fetchrow("select version, coming, reached, people from ladder.lane_rules where lane = $1", number)
    return None if row is None else LaneVersion(*row)


async def folded_with(tx: Connection) -> str | None:
    """The digest of the rules the standings are folded with, or are going over to."""
    digest = await tx.fetchval("select value from ladder.meta where name = 'rules'")
    return None if digest is None else str(digest)


async def lock(tx: Connection) -> None:
    """Until the transaction ends nobody else puts or activates a version."""
    await tx.execute("select pg_advisory_xact_lock(hashtextextended('ladder.rules', 0))")


async def hold(tx: Connection) -> None:
    """Until the transaction ends nobody puts or activates a version: what is read of them belongs together."""
    await tx.execute("select pg_advisory_xact_lock_shared(hashtextextended('ladder.rules', 0))")


async def put(tx: Connection, version: Version) -> None:
    """Keep a version, in place of one of the same number."""
    await tx.execute(
        """
        insert into ladder.rules (version, text, digest, put_at, put_by, activated_at, emit)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (version) do update set text = excluded.text, digest = excluded.digest, put_at = excluded.put_at,
            put_by = excluded.put_by, activated_at = excluded.activated_at, emit = excluded.emit
        """,
        *version,
    )


async def settle(tx: Connection, lanes: int, version: int) -> None:
    """All persons of all lanes are folded by this version."""
    await tx.execute(
        """
        insert into ladder.lane_rules (lane, version) select lane, $2 from generate_series(0, $1 - 1) as lane
        on conflict (lane) do update set version = excluded.version, coming = null, reached = '', people = 0
        """,
        lanes,
        version,
    )


async def move(tx: Connection, number: int, to: LaneVersion) -> None:
    """Note how far a lane has come, within its own transaction."""
    await tx.execute(
        "update ladder.lane_rules set version = $2, coming = $3, reached = $4, people = $5 where lane = $1", number, *to
    )
