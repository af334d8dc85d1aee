"""All SQL of the processing protocol, for the tables of one service's schema.

Times of leases are the database's (`clock_timestamp()`), so workers need no common clock.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shared.db import Connection
from shared.lanes import DeadLetter, FencedError, OutboxRow

NOW_US = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
FEW = 300
"""Rows of the outbox above which they are copied: that costs less for each, but two round trips."""


class Lane(NamedTuple):
    """A lane as its owner found it."""

    lane: int
    epoch: int
    turn: int
    seq: int
    published_seq: int
    time: int | None
    positions: dict[str, int]


class LaneStore:
    """Reads and writes the lane tables of `schema`."""

    def __init__(self, schema: str, *, lease_seconds: float) -> None:
        self.schema = schema
        self._lease = f"clock_timestamp() + interval '{lease_seconds} seconds'"

    # -- leases --------------------------------------------------------------------------------------------------

    async def create_lanes(self, connection: Connection, lanes: int, first: Mapping[str, Mapping[int, int]]) -> None:
        """Make the lane rows and checkpoints of a new service; `first` says where each topic's lanes begin."""
        async with connection.transaction():
            await connection.execute(
                f"insert into {self.schema}.lane (lane) select generate_series(0, $1::int - 1) on conflict do nothing",
                lanes,
            )
            rows = [(lane, topic, offset) for topic, offsets in first.items() for lane, offset in offsets.items()]
            await connection.executemany(
                f"insert into {self.schema}.checkpoint values ($1, $2, $3) on conflict do nothing", rows
            )

    async def count_lanes(self, connection: Connection) -> int:
        """How many lanes this service has been made with."""
        return int(await connection.fetchval(f"select count(*) from {self.schema}.lane"))

    async def beat(self, connection: Connection, worker: str, held: Mapping[int, int]) -> tuple[int, int]:
        """Say that this worker lives and renew its leases: (how many live, how many of them come before it).

        Lanes in a transaction renew there.
        `held`: epochs by lane of what the worker works on. A lane that is its own only in the database (the answer to
        a claim, or a release, was lost with its connection) is not renewed, so that somebody takes it soon.
        """
        row = await connection.fetchrow(
            f"""
            with seen as (
                insert into {self.schema}.worker values ($1, clock_timestamp())
                on conflict (id) do update set seen_at = excluded.seen_at
            ), mine as (
                select lane from {self.schema}.lane
                where owner = $1 and (lane, epoch) in (select * from unnest($2::int[], $3::bigint[]))
                for update skip locked
            ), renewed as (
                update {self.schema}.lane set lease_until = {self._lease}
                where lane in (select lane from mine)
            )
            select 1 + count(*), count(*) filter (where id < $1) from {self.schema}.worker
            where id <> $1 and seen_at + ({self._lease} - clock_timestamp()) > clock_timestamp()
            """,
            worker,
            list(held),
            list(held.values()),
        )
        assert row is not None
        return row[0], row[1]

    async def lost(self, connection: Connection, held: Mapping[int, int]) -> list[int]:
        """Which of these lanes have been taken by somebody else; epochs by lane."""
        rows = await connection.fetch(
            f"""
            select lane from unnest($1::int[], $2::bigint[]) as held (lane, epoch)
            join {self.schema}.lane l using (lane) where l.epoch <> held.epoch
            """,
            list(held),
            list(held.values()),
        )
        return [row["lane"] for row in rows]

    async def living(self, connection: Connection) -> int:
        """How many workers live."""
        return int(
            await connection.fetchval(
                f"""
                select count(*) from {self.schema}.worker
                where seen_at + ({self._lease} - clock_timestamp()) > clock_timestamp()
                """
            )
        )

    async def free_lanes(self, connection: Connection) -> list[int]:
        """Lanes that nobody holds, or whose lease has run out."""
        rows = await connection.fetch(
            f"select lane from {self.schema}.lane where owner is null or lease_until < clock_timestamp() order by lane"
        )
        return [row["lane"] for row in rows]

    async def claim(self, connection: Connection, lane: int, worker: str) -> Lane | None:
        """Take a free lane: raises its epoch, which fences whoever held it. None when somebody was faster."""
        row = await connection.fetchrow(
            f"""
            update {self.schema}.lane set owner = $2, epoch = epoch + 1, lease_until = {self._lease}
            where lane = $1 and (owner is null or lease_until < clock_timestamp())
            returning epoch
            """,
            lane,
            worker,
        )
        return await self.read(connection, lane, row["epoch"]) if row else None

    async def read(self, connection: Connection, lane: int, epoch: int) -> Lane:
        """The lane as it stands now. Raises FencedError when the epoch is no longer this one."""
        row = await connection.fetchrow(f"select * from {self.schema}.lane where lane = $1", lane)
        if row is None or row["epoch"] != epoch:
            raise FencedError(f"lane {lane}")
        checkpoints = await connection.fetch(
            f"select topic, next_offset from {self.schema}.checkpoint where lane = $1", lane
        )
        positions = {each["topic"]: each["next_offset"] for each in checkpoints}
        return Lane(lane, epoch, row["turn"], row["seq"], row["published_seq"], row["time"], positions)

    async def release(self, connection: Connection, lane: int, epoch: int) -> None:
        """Give a lane back, so that others may take it at once."""
        await connection.execute(
            f"update {self.schema}.lane set owner = null, lease_until = null where lane = $1 and epoch = $2",
            lane,
            epoch,
        )

    async def release_all(self, connection: Connection, worker: str) -> None:
        """Give back what a worker that is known to be gone still holds."""
        await connection.execute(
            f"update {self.schema}.lane set owner = null, lease_until = null where owner = $1", worker
        )

    async def leave(self, connection: Connection, worker: str) -> None:
        """This worker lives no more; also forget those who have long been silent."""
        await connection.execute(
            f"delete from {self.schema}.worker where id = $1 or seen_at < clock_timestamp() - interval '1 day'", worker
        )

    async def end_blockers(self, connection: Connection, blocked: int) -> list[int]:
        """End the sessions that keep the session with this pid waiting; time-outs do not end a stopped COPY."""
        rows = await connection.fetch(
            "select pid from unnest(pg_blocking_pids($1)) as pid where pg_terminate_backend(pid)", blocked
        )
        return [row["pid"] for row in rows]

    # -- one batch -----------------------------------------------------------------------------------------------

    async def begin(self, tx: Connection, lane: int, epoch: int, turn: int) -> int:
        """Compare and set the lane row: it must be as I left it. Locks it, renews the lease, returns the clock (µs).

        `turn` counts the lane's transactions: as long as it is mine, so are the checkpoints. Raises FencedError.
        """
        now = await tx.fetchval(
            f"""
            update {self.schema}.lane set turn = turn + 1, lease_until = {self._lease}
            where lane = $1 and epoch = $2 and turn = $3
            returning {NOW_US}
            """,
            lane,
            epoch,
            turn,
        )
        if now is None:
            raise FencedError(f"lane {lane}")
        return int(now)

    async def save(self, tx: Connection, after: Lane, now: int, rows: Sequence[tuple[int, OutboxRow]]) -> None:
        """The lane as it is after this batch, and these rows of its outbox under their numbers."""
        if len(rows) > FEW:
            await self._copy(tx, after.lane, now, rows)
            rows = ()
        await tx.execute(
            f"""
            with saved as (
                update {self.schema}.checkpoint c set next_offset = p.next_offset
                from unnest($5::text[], $6::bigint[]) as p (topic, next_offset)
                where c.lane = $1 and c.topic = p.topic
            ), told as (
                insert into {self.schema}.outbox (lane, recorded_at, seq, topic, target, key, id, type, at, value)
                select $1, $7, * from unnest(
                    $8::bigint[], $9::text[], $10::int[], $11::text[], $12::text[], $13::text[], $14::bigint[],
                    $15::bytea[]
                )
            )
            update {self.schema}.lane
            set seq = $2, published_seq = greatest(published_seq, $3), time = $4, lease_until = {self._lease}
            where lane = $1
            """,
            after.lane,
            after.seq,
            after.published_seq,
            after.time,
            list(after.positions),
            list(after.positions.values()),
            now,
            [number for number, _ in rows],
            [row.topic for _, row in rows],
            [row.lane for _, row in rows],
            [row.key for _, row in rows],
            [row.id for _, row in rows],
            [row.type for _, row in rows],
            [row.at for _, row in rows],
            [row.value for _, row in rows],
        )

    async def _copy(self, tx: Connection, lane: int, now: int, rows: Sequence[tuple[int, OutboxRow]]) -> None:
        await tx.copy_records_to_table(
            "outbox",
            schema_name=self.schema,
            columns=("lane", "seq", "topic", "target", "key", "id", "type", "at", "recorded_at", "value"),
            records=[
                (lane, number, row.topic, row.lane, row.key, row.id, row.type, row.at, now, row.value)
                for number, row in rows
            ],
        )

    async def bury(self, tx: Connection, lane: int, now: int, letters: Sequence[DeadLetter]) -> None:
        """Keep the records that cannot be read, with the reason."""
        await tx.executemany(
            f"insert into {self.schema}.dead_letter values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
            [
                (
                    lane,
                    letter.record.topic,
                    letter.record.offset,
                    letter.reason,
                    letter.pointer,
                    now,
                    letter.record.value,
                )
                for letter in letters
            ],
        )

    # -- the relay -----------------------------------------------------------------------------------------------

    async def unpublished(
        self, connection: Connection, lane: int, after: int, limit: int
    ) -> list[tuple[int, OutboxRow]]:
        """What the outbox holds behind `after`, with its numbers."""
        rows = await connection.fetch(
            f"""
            select seq, topic, target, key, id, type, at, value from {self.schema}.outbox
            where lane = $1 and seq > $2 order by seq limit $3
            """,
            lane,
            after,
            limit,
        )
        return [(row["seq"], OutboxRow(*row[1:])) for row in rows]

    async def mark_published(self, connection: Connection, lane: int, epoch: int, published_seq: int) -> None:
        """Everything up to this number is in the log; no need to wait for the disk, what is lost is published again."""
        await connection.execute(
            f"""
            with unhurried as (select set_config('synchronous_commit', 'off', true))
            update {self.schema}.lane set published_seq = greatest(published_seq, $3)
            from unhurried where lane = $1 and epoch = $2
            """,
            lane,
            epoch,
            published_seq,
        )

    async def forget_outbox(self, connection: Connection, lane: int, days: int, limit: int) -> None:
        """Delete published rows recorded more than `days` ago, the oldest first."""
        await connection.execute(
            f"""
            delete from {self.schema}.outbox where lane = $1 and seq in (
                select o.seq from {self.schema}.outbox o join {self.schema}.lane l using (lane)
                where o.lane = $1 and o.seq <= l.published_seq
                and o.recorded_at < {NOW_US} - $2::bigint * 86400000000
                order by o.seq limit $3
            )
            """,
            lane,
            days,
            limit,
        )

    # -- looking on ----------------------------------------------------------------------------------------------

    async def backlog(self, connection: Connection) -> tuple[dict[tuple[str, int], int], int]:
        """(the checkpoints by (topic, lane), how many outbox rows are not published)."""
        checkpoints = await connection.fetch(f"select topic, lane, next_offset from {self.schema}.checkpoint")
        unpublished = await connection.fetchval(
            f"select coalesce(sum(seq - published_seq), 0)::bigint from {self.schema}.lane"
        )
        return {(row["topic"], row["lane"]): row["next_offset"] for row in checkpoints}, int(unpublished)

    async def oldest_unpublished(self, connection: Connection) -> float:
        """The age, in seconds, of the oldest message that is not published; 0 when all are."""
        recorded = await connection.fetchval(
            f"""
            select min(o.recorded_at) from {self.schema}.lane l
            join {self.schema}.outbox o on o.lane = l.lane and o.seq = l.published_seq + 1
            """
        )
        return 0.0 if recorded is None else max(0.0, (await self.clock(connection) - int(recorded)) / 1e6)

    async def meta(self, connection: Connection, name: str) -> str | None:
        """What this service has noted under a name."""
        value = await connection.fetchval(f"select value from {self.schema}.meta where name = $1", name)
        return None if value is None else str(value)

    async def set_meta(self, connection: Connection, name: str, value: str) -> None:
        """Note something under a name."""
        await connection.execute(
            f"insert into {self.schema}.meta values ($1, $2) on conflict (name) do update set value = excluded.value",
            name,
            value,
        )

    async def clock(self, connection: Connection) -> int:
        """The database's clock, as an instant."""
        return int(await connection.fetchval(f"select {NOW_US}"))
