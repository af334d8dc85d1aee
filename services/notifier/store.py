"""All SQL of the notifier. Nothing here decides anything."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg
import msgspec

from services.notifier.consent import Kind, Statement
from services.notifier.decide import Person
from services.notifier.message import Mail, Message, Reason, State
from services.notifier.plays import Play
from services.notifier.profile import KnownProfile
from services.notifier.reading import StatementMade
from shared.db import Connection
from shared.events import Profile
from shared.lanes.store import NOW_US

_profile = msgspec.json.Decoder(Profile)

MESSAGE = "id, person, play, mail, cause, cause_at, at, rungs, state, reason"


class Voucher(NamedTuple):
    """A voucher as it is kept; `minimum` in minor units, instants in µs."""

    code: str
    message: str
    person: str
    percent: int
    minimum: int | None
    issued_at: int
    valid_until: int


def message_of(row: asyncpg.Record) -> Message:
    """The message of a row with the columns `MESSAGE`."""
    return Message(
        id=row["id"],
        person=row["person"],
        play=Play(row["play"]),
        mail=Mail(row["mail"]),
        cause=row["cause"],
        cause_at=row["cause_at"],
        at=row["at"],
        rungs=tuple(row["rungs"]),
        state=State(row["state"]),
        reason=None if row["reason"] is None else Reason(row["reason"]),
    )


# -- what is said of persons -------------------------------------------------------------------------------------


async def keep_profiles(
    tx: Connection, lane: int, told: Sequence[tuple[str, KnownProfile]], *, newest_only: bool
) -> None:
    """Keep these profiles; `newest_only` forgets what a newer one has replaced, in whatever order they came."""
    if not told:
        return
    await tx.execute(
        """
        insert into notifier.profile (lane, person, source, id, at, body)
        select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bytea[])
        on conflict do nothing
        """,
        lane,
        [person for person, _ in told],
        [known.source for _, known in told],
        [known.id for _, known in told],
        [known.at for _, known in told],
        [msgspec.json.encode(known.profile) for _, known in told],
    )
    if newest_only:
        await tx.execute(
            """
            delete from notifier.profile p where lane = $1 and person = any($2::text[]) and exists (
                select 1 from notifier.profile n where n.lane = p.lane and n.person = p.person
                and (n.at, n.id, n.source) > (p.at, p.id, p.source)
            )
            """,
            lane,
            list({person for person, _ in told}),
        )


async def keep_statements(tx: Connection, lane: int, made: Sequence[StatementMade]) -> None:
    """Keep these consents and objections. The same one comes twice, once with basis and proof: both are one."""
    if not made:
        return
    once = {(each.person, each.statement.source, each.statement.id): each for each in _fullest_last(made)}
    statements = [each.statement for each in once.values()]
    await tx.execute(
        """
        insert into notifier.statement as old
            (lane, person, source, id, kind, at, channel, purpose, basis, proof, untold)
        select $1, *, false from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[],
            $8::text[], $9::text[], $10::bytea[])
        on conflict (lane, person, source, id) do update
        set basis = coalesce(old.basis, excluded.basis), proof = coalesce(old.proof, excluded.proof)
        where (old.basis is null and excluded.basis is not null) or (old.proof is null and excluded.proof is not null)
        """,
        lane,
        [each.person for each in once.values()],
        [each.source for each in statements],
        [each.id for each in statements],
        [each.kind for each in statements],
        [each.at for each in statements],
        [each.channel for each in statements],
        [each.purpose for each in statements],
        [each.basis for each in statements],
        [each.proof for each in once.values()],
    )


def _fullest_last(made: Sequence[StatementMade]) -> list[StatementMade]:
    return sorted(made, key=lambda each: (each.statement.basis is not None, each.proof is not None))


async def add_objection(connection: Connection, lane: int, person: str, objection: Statement) -> None:
    """Keep an objection made here, to be told to the others; a second time it changes nothing."""
    await connection.execute(
        """
        insert into notifier.statement (lane, person, source, id, kind, at, channel, purpose, untold)
        values ($1, $2, $3, $4, $5, $6, $7, $8, true) on conflict do nothing
        """,
        lane,
        person,
        objection.source,
        objection.id,
        objection.kind,
        objection.at,
        objection.channel,
        objection.purpose,
    )


async def statements_of(connection: Connection, lane: int, persons: Sequence[str]) -> dict[str, tuple[Statement, ...]]:
    """All consents and objections of these persons."""
    rows = await connection.fetch(
        """
        select person, kind, at, id, source, channel, purpose, basis from notifier.statement
        where lane = $1 and person = any($2::text[])
        """,
        lane,
        persons,
    )
    found = defaultdict(list)
    for person, kind, *rest in rows:
        found[person].append(_statement(kind, *rest))
    return {person: tuple(statements) for person, statements in found.items()}


def _statement(
    kind: str, at: int, fact_id: str, source: str, channel: str | None, purpose: str | None, basis: str | None
) -> Statement:
    return Statement(kind=Kind(kind), at=at, id=fact_id, source=source, channel=channel, purpose=purpose, basis=basis)


async def profiles_of(connection: Connection, lane: int, persons: Sequence[str]) -> dict[str, tuple[KnownProfile, ...]]:
    """All profiles that are kept of these persons."""
    rows = await connection.fetch(
        "select person, at, id, source, body from notifier.profile where lane = $1 and person = any($2::text[])",
        lane,
        persons,
    )
    found = defaultdict(list)
    for person, at, fact_id, source, body in rows:
        found[person].append(KnownProfile(at=at, id=fact_id, source=source, profile=_profile.decode(body)))
    return {person: tuple(profiles) for person, profiles in found.items()}


# -- deciding ----------------------------------------------------------------------------------------------------


async def hear(tx: Connection, lane: int, announcements: Sequence[tuple[str, str]], at: int) -> set[tuple[str, str]]:
    """Note these announcements, (person, id) each, as heard; returns those that are new."""
    rows = await tx.fetch(
        """
        insert into notifier.heard (lane, person, id, at)
        select $1, person, id, $4 from unnest($2::text[], $3::text[]) as a (person, id)
        on conflict do nothing returning person, id
        """,
        lane,
        [person for person, _ in announcements],
        [announcement for _, announcement in announcements],
        at,
    )
    return {(row["person"], row["id"]) for row in rows}


async def load(tx: Connection, lane: int, persons: Sequence[str]) -> dict[str, Person]:
    """All that is known of these persons. Their unsent messages are locked: none of them goes out meanwhile."""
    await tx.execute(
        """
        select from notifier.message where lane = $1 and person = any($2::text[]) and state in ('pending', 'retry')
        order by id for update
        """,
        lane,
        persons,
    )
    profiles = await profiles_of(tx, lane, persons)
    statements = await statements_of(tx, lane, persons)
    messages = await _messages_of(tx, lane, persons)
    perks = await _perks_of(tx, lane, persons)
    return {
        person: Person(
            person,
            profiles.get(person, ()),
            statements.get(person, ()),
            messages[person],
            frozenset(perks[person]),
        )
        for person in persons
    }


async def _messages_of(tx: Connection, lane: int, persons: Sequence[str]) -> Mapping[str, dict[str, Message]]:
    rows = await tx.fetch(
        f"select {MESSAGE} from notifier.message where lane = $1 and person = any($2::text[])", lane, persons
    )
    found: dict[str, dict[str, Message]] = defaultdict(dict)
    for row in rows:
        found[row["person"]][row["id"]] = message_of(row)
    return found


async def _perks_of(tx: Connection, lane: int, persons: Sequence[str]) -> Mapping[str, set[int]]:
    rows = await tx.fetch(
        "select person, rung from notifier.perk where lane = $1 and person = any($2::text[]) and withdrawn_at is null",
        lane,
        persons,
    )
    found: dict[str, set[int]] = defaultdict(set)
    for person, rung in rows:
        found[person].add(rung)
    return found


async def add_messages(tx: Connection, lane: int, messages: Sequence[Message], now: int) -> None:
    """Write new messages; those to be sent are due at `now`, by the database's clock."""
    await tx.copy_records_to_table(
        "message",
        schema_name="notifier",
        columns=("lane", *MESSAGE.split(", "), "attempts", "next_attempt_at", "untold"),
        records=[
            (
                lane,
                each.id,
                each.person,
                each.play,
                each.mail,
                each.cause,
                each.cause_at,
                each.at,
                list(each.rungs),
                each.state,
                each.reason,
                0,
                now,
                False,
            )
            for each in messages
        ],
    )


async def revise(tx: Connection, lane: int, messages: Iterable[Message]) -> None:
    """Write what has become of messages that were locked by `load`."""
    await tx.executemany(
        "update notifier.message set state = $3, reason = $4, rungs = $5 where lane = $1 and id = $2",
        [(lane, each.id, each.state, each.reason, list(each.rungs)) for each in messages],
    )


async def add_vouchers(tx: Connection, lane: int, vouchers: Iterable[Voucher]) -> None:
    """Write vouchers."""
    await tx.copy_records_to_table(
        "voucher",
        schema_name="notifier",
        columns=("lane", *Voucher._fields),
        records=[(lane, *voucher) for voucher in vouchers],
    )


async def set_perks(tx: Connection, lane: int, changes: Iterable[tuple[str, int, int, int | None]]) -> None:
    """Write (person, rung, granted at, withdrawn at); a withdrawal leaves the instant of the grant as it is."""
    await tx.executemany(
        """
        insert into notifier.perk as old (lane, person, rung, granted_at, withdrawn_at) values ($1, $2, $3, $4, $5)
        on conflict (lane, person, rung) do update
        set withdrawn_at = excluded.withdrawn_at,
            granted_at = case when excluded.withdrawn_at is null then excluded.granted_at else old.granted_at end
        """,
        [(lane, *change) for change in changes],
    )


# -- telling -----------------------------------------------------------------------------------------------------


async def any_untold(connection: Connection, lane: int) -> bool:
    """Whether a message or an objection of this lane has news that are not in the outbox yet."""
    return bool(
        await connection.fetchval(
            """
            select exists (select from notifier.message where lane = $1 and untold)
                or exists (select from notifier.statement where lane = $1 and untold)
            """,
            lane,
        )
    )


async def tell_messages(tx: Connection, lane: int, limit: int) -> list[tuple[Message, int]]:
    """Messages whose state is news, each with the instant of it; the news are told with this transaction.

    Rows that the sender is writing right now are left for the next time.
    """
    rows = await tx.fetch(
        f"""
        update notifier.message set untold = false
        where lane = $1 and untold and id in (
            select id from notifier.message where lane = $1 and untold limit $2 for update skip locked
        )
        returning {MESSAGE}, coalesce(sent_at, at) as happened_at
        """,
        lane,
        limit,
    )
    return [(message_of(row), row["happened_at"]) for row in rows]


async def tell_objections(tx: Connection, lane: int) -> list[tuple[str, Statement]]:
    """Objections made here that are news, each with its person."""
    rows = await tx.fetch(
        """
        update notifier.statement set untold = false where lane = $1 and untold
        returning person, kind, at, id, source, channel, purpose, basis
        """,
        lane,
    )
    return [(person, _statement(*rest)) for person, *rest in rows]


# -- sending -----------------------------------------------------------------------------------------------------


class Due(NamedTuple):
    """A message that is to be sent now by the owner of that epoch, with what was tried before, and the clock."""

    lane: int
    epoch: int
    message: Message
    attempts: int
    now: int


async def due(connection: Connection, owned: Mapping[int, int], limit: int, *, by_facts: bool) -> list[Due]:
    """What is to be sent of these lanes (with their epochs), the longest waiting first.

    Under `CLOCK=facts` a message is due when the lane's time has come to it: until then it may yet be dropped.
    """
    rows = await connection.fetch(
        f"""
        select m.lane, m.attempts, {NOW_US} as now, {", ".join(f"m.{name}" for name in MESSAGE.split(", "))}
        from unnest($1::int[], $2::bigint[]) as o (lane, epoch)
        join notifier.lane l using (lane, epoch) join notifier.message m using (lane)
        where m.state in ('pending', 'retry') and m.next_attempt_at <= {NOW_US} and (not $4 or m.at <= l.time)
        order by m.next_attempt_at, m.at, m.id limit $3
        """,
        list(owned),
        list(owned.values()),
        limit,
        by_facts,
    )
    return [Due(row["lane"], owned[row["lane"]], message_of(row), row["attempts"], row["now"]) for row in rows]


async def take(tx: Connection, lane: int, message_id: str, epoch: int) -> Message | None:
    """Lock a message that is still to be sent, and say that it is being sent, by the owner of the lane's epoch.

    None when it was dropped, sent or taken meanwhile, or the lane has another owner.
    """
    row = await tx.fetchrow(
        f"""
        update notifier.message set state = 'sending', epoch = $3
        where lane = $1 and id = $2 and state in ('pending', 'retry')
        and exists (select from notifier.lane where lane = $1 and epoch = $3)
        returning {MESSAGE}
        """,
        lane,
        message_id,
        epoch,
    )
    return message_of(row) if row else None


async def let_go(connection: Connection, lane: int, message_id: str, epoch: int) -> None:
    """Its text was not given away: what was taken is to be sent as before."""
    await connection.execute(
        """
        update notifier.message set state = case when attempts = 0 then 'pending' else 'retry' end
        where lane = $1 and id = $2 and state = 'sending' and epoch = $3
        """,
        lane,
        message_id,
        epoch,
    )


async def hold_back(tx: Connection, lane: int, message_id: str, reason: Reason) -> None:
    """Do not send a message after all."""
    await tx.execute(
        """
        update notifier.message set state = 'held_back', reason = $3, untold = true
        where lane = $1 and id = $2 and state in ('pending', 'retry', 'sending')
        """,
        lane,
        message_id,
        reason,
    )


async def finish(
    connection: Connection, lane: int, message_id: str, epoch: int, state: State, detail: str | None, *, by_facts: bool
) -> None:
    """How sending ended. Whoever sent knows best, even if another owner has since called it ambiguous.

    Under `CLOCK=facts` a message is sent at the instant it was decided.
    """
    await connection.execute(
        f"""
        update notifier.message
        set state = $4, detail = $5, untold = true, attempts = attempts + 1,
            sent_at = case when $4 = 'sent' then case when $6 then at else {NOW_US} end end
        where lane = $1 and id = $2 and (
            state in ('pending', 'retry') or (state in ('sending', 'ambiguous') and epoch = $3)
        )
        """,
        lane,
        message_id,
        epoch,
        state,
        detail,
        by_facts,
    )


async def put_off(connection: Connection, lane: int, message_id: str, epoch: int, detail: str, seconds: float) -> None:
    """Try again in so many seconds."""
    await connection.execute(
        f"""
        update notifier.message
        set state = 'retry', detail = $4, attempts = attempts + 1,
            next_attempt_at = {NOW_US} + ($5::float8 * 1000000)::bigint
        where lane = $1 and id = $2 and (state in ('pending', 'retry') or (state = 'sending' and epoch = $3))
        """,
        lane,
        message_id,
        epoch,
        detail,
        seconds,
    )


async def take_over(
    connection: Connection, owned: Mapping[int, int], state: State, *, untold: bool
) -> list[tuple[str, str]]:
    """Messages that an earlier owner left in the middle of being sent get this state; returns (play, id) of each."""
    rows = await connection.fetch(
        """
        update notifier.message m set state = $3, untold = $4
        from unnest($1::int[], $2::bigint[]) as o (lane, epoch)
        where m.lane = o.lane and m.state = 'sending' and m.epoch < o.epoch
        returning m.play, m.id
        """,
        list(owned),
        list(owned.values()),
        state,
        untold,
    )
    return [(row["play"], row["id"]) for row in rows]


async def waiting(connection: Connection, *, by_facts: bool) -> int:
    """How many messages are to be sent now or being sent, and how many news are untold."""
    return int(
        await connection.fetchval(
            f"""
            select (
                select count(*) from notifier.message m join notifier.lane l using (lane)
                where m.state in ('pending', 'retry') and m.next_attempt_at <= {NOW_US} and (not $1 or m.at <= l.time)
            ) + (select count(*) from notifier.message where state = 'sending')
            + (select count(*) from notifier.message where untold)
            + (select count(*) from notifier.statement where untold)
            """,
            by_facts,
        )
    )


# -- looking on --------------------------------------------------------------------------------------------------


class Query(NamedTuple):
    """Which messages to list: newest first, behind (at, id) `after`."""

    lane: int | None
    person: str | None
    state: str | None
    play: str | None
    after: tuple[int, str] | None
    limit: int


async def messages(connection: Connection, query: Query) -> list[asyncpg.Record]:
    """The rows of a list of messages."""
    wheres: list[str] = []
    values: list[Any] = []

    def add(where: str, *given: Any) -> None:
        numbers = range(len(values) + 1, len(values) + 1 + len(given))
        wheres.append(where.format(*(f"${number}" for number in numbers)))
        values.extend(given)

    if query.person is not None:
        add("lane = {} and person = {}", query.lane, query.person)
    if query.state is not None:
        add("state = {}", query.state)
    if query.play is not None:
        add("play = {}", query.play)
    if query.after is not None:
        add("(at, id) < ({}, {})", *query.after)
    where = " and ".join(wheres) or "true"
    return await connection.fetch(
        f"select {MESSAGE}, lane, sent_at from notifier.message where {where} "
        f"order by at desc, id desc limit {query.limit}",
        *values,
    )


async def find_message(connection: Connection, lanes: int, message_id: str) -> asyncpg.Record | None:
    """A message by its id, in whichever lane it is."""
    return await connection.fetchrow(
        f"select {MESSAGE}, lane, sent_at from notifier.message where lane = any($1::int[]) and id = $2",
        list(range(lanes)),
        message_id,
    )


async def find_voucher(connection: Connection, code: str) -> tuple[Voucher, Message, int] | None:
    """A voucher by its code, with the message it came with, and their lane."""
    row = await connection.fetchrow(
        f"select lane, {', '.join(Voucher._fields)} from notifier.voucher where code = $1", code
    )
    if row is None:
        return None
    message = await connection.fetchrow(
        f"select {MESSAGE} from notifier.message where lane = $1 and id = $2", row["lane"], row["message"]
    )
    assert message is not None
    return Voucher(*row[1:]), message_of(message), row["lane"]


async def voucher_of(connection: Connection, lane: int, message_id: str) -> Voucher | None:
    """The voucher that comes with a message."""
    row = await connection.fetchrow(
        f"select {', '.join(Voucher._fields)} from notifier.voucher where lane = $1 and message = $2", lane, message_id
    )
    return Voucher(*row) if row else None


class PerkRow(NamedTuple):
    """A perk of a person; `withdrawn_at` None: they have it."""

    rung: int
    granted_at: int
    withdrawn_at: int | None


async def perks(connection: Connection, lane: int, person: str) -> list[PerkRow]:
    """All perks a person has or had, by rung."""
    rows = await connection.fetch(
        "select rung, granted_at, withdrawn_at from notifier.perk where lane = $1 and person = $2 order by rung",
        lane,
        person,
    )
    return [PerkRow(*row) for row in rows]


async def time_of(connection: Connection, lane: int, *, by_facts: bool) -> int:
    """The notifier's time in a lane: the database's clock, or what has come there under `CLOCK=facts` (0: nothing)."""
    if not by_facts:
        return int(await connection.fetchval(f"select {NOW_US}"))
    return int(await connection.fetchval("select coalesce(time, 0) from notifier.lane where lane = $1", lane))


async def secret(connection: Connection) -> bytes:
    """The notifier's secret, made at the first start."""
    await connection.execute(
        """
        insert into notifier.meta (name, value)
        values ('secret', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''))
        on conflict do nothing
        """
    )
    return bytes.fromhex(await connection.fetchval("select value from notifier.meta where name = 'secret'"))
