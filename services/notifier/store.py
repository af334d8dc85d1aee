"""All SQL of the notifier. Nothing here decides anything."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import asyncpg
import msgspec

from services.notifier.consent import NOTHING
from services.notifier.consent.confirmation.store import preferred
from services.notifier.consent.store import ledgers_of, sales_of
from services.notifier.message import Channel, Message, Purpose, Reason, State, Way
from services.notifier.offers import Voucher
from services.notifier.places import Place, columns
from services.notifier.plays.marks import marks_of
from services.notifier.plays.person import Person
from services.notifier.plays.store import facts_of, runs_of, standings_of
from services.notifier.profile import KnownProfile
from shared.db import Connection
from shared.events import Profile
from shared.lanes.store import NOW_US

_profile = msgspec.json.Decoder(Profile)

HEARD_DAYS = 90
"""So long is remembered which announcements were heard; a relay repeats one within seconds of a crash, if at all."""

MESSAGE = (
    "id, person, play, mail, cause, cause_at, at, step, channel, purpose, way, offer, rungs, due_at, state, reason, "
    "basis, basis_fact, do_by, expires_at, sent_at, friend"
)
"""The columns of a message."""
MESSAGE_OF_M = ", ".join(f"m.{name}" for name in MESSAGE.split(", "))
"""The same where the table is called m."""


def message_of(row: asyncpg.Record) -> Message:
    """The message of a row with the columns `MESSAGE`."""
    return Message(
        id=row["id"],
        person=row["person"],
        play=row["play"],
        mail=row["mail"],
        cause=row["cause"],
        cause_at=row["cause_at"],
        at=row["at"],
        step=row["step"],
        channel=None if row["channel"] is None else Channel(row["channel"]),
        purpose=Purpose(row["purpose"]),
        way=Way(row["way"]),
        offer=row["offer"],
        rungs=tuple(row["rungs"]),
        due_at=row["due_at"],
        state=State(row["state"]),
        reason=None if row["reason"] is None else Reason(row["reason"]),
        basis=row["basis"],
        basis_fact=row["basis_fact"],
        do_by=row["do_by"],
        expires_at=row["expires_at"],
        sent_at=row["sent_at"],
        friend=row["friend"],
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


async def profiles_of(connection: Connection, persons: Iterable[Place]) -> dict[Place, tuple[KnownProfile, ...]]:
    """All profiles that are kept of these persons; somebody without any is not in it."""
    rows = await connection.fetch(
        """
        select lane, person, at, id, source, body
        from unnest($1::int[], $2::text[]) as w (lane, person) join notifier.profile using (lane, person)
        """,
        *columns(persons),
    )
    found = defaultdict(list)
    for lane, person, at, fact_id, source, body in rows:
        profile = _profile.decode(body)
        found[lane, person].append(KnownProfile(at=at, id=fact_id, source=source, profile=profile))
    return {place: tuple(profiles) for place, profiles in found.items()}


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


async def forget_heard(
    connection: Connection, lane: int, behind: tuple[str, str], page: int = 10_000
) -> tuple[str, str]:
    """Of a page of announcements behind (person, id), forget those heard long ago; returns the place behind the page.

    Page by page along the key, and from ("", "") again, needs no index of instants on what is written all the time.
    """
    row = await connection.fetchrow(
        f"""
        with page as materialized (
            select person, id, at from notifier.heard
            where lane = $1 and (person, id) > ($2, $3) order by person, id limit $4
        ), gone as (
            delete from notifier.heard h using page p
            where h.lane = $1 and h.person = p.person and h.id = p.id
            and p.at < {NOW_US} - $5::bigint * 86400000000
        )
        select person, id from page order by person desc, id desc limit 1
        """,
        lane,
        *behind,
        page,
        HEARD_DAYS,
    )
    return (row["person"], row["id"]) if row is not None else ("", "")


async def load(tx: Connection, lane: int, persons: Sequence[str], lanes: int) -> dict[str, Person]:
    """As `known`, with the persons' unsent messages locked: none of them goes out meanwhile."""
    await tx.execute(
        """
        select from notifier.message
        where lane = $1 and person = any($2::text[]) and state in ('pending', 'retry', 'open')
        order by id for update
        """,
        lane,
        persons,
    )
    return await known(tx, lane, persons, lanes)


async def known(tx: Connection, lane: int, persons: Sequence[str], lanes: int) -> dict[str, Person]:
    """All that is known of these persons, and what their friends bought, who may be in any of the `lanes`."""
    places = [(lane, person) for person in persons]
    profiles = await profiles_of(tx, places)
    ledgers = await ledgers_of(tx, places)
    messages = await _messages_of(tx, lane, persons)
    perks = await _perks_of(tx, lane, persons)
    runs = await runs_of(tx, lane, persons)
    facts = await facts_of(tx, lane, persons)
    standings = await standings_of(tx, lane, persons)
    marks = await marks_of(tx, lane, persons)
    wishes = await preferred(tx, lane, persons)
    friends = {run.friend for own in runs.values() for run in own.values() if run.friend is not None and run.live}
    bought = await sales_of(tx, friends, lanes)
    return {
        person: Person(
            person,
            profiles.get((lane, person), ()),
            ledgers.get((lane, person), NOTHING),
            messages[person],
            frozenset(perks[person]),
            runs[person],
            facts.get(person, ()),
            standings.get(person),
            marks.get(person, {}),
            {each.friend: bought.get(each.friend, ()) for each in runs[person].values() if each.friend is not None},
            wishes.get(person),
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
        """
        select person, rung from notifier.perk
        where lane = $1 and person = any($2::text[]) and withdrawn_at is null and rung is not null
        """,
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
                each.step,
                each.channel,
                each.purpose,
                each.way,
                each.offer,
                list(each.rungs),
                each.due_at,
                each.state,
                each.reason,
                each.basis,
                each.basis_fact,
                each.do_by,
                each.expires_at,
                each.sent_at,
                each.friend,
                0,
                max(now, each.due_at or now),
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


async def set_perks(tx: Connection, lane: int, changes: Iterable[tuple[str, int, int, int | None]]) -> None:
    """Write (person, rung, granted at, withdrawn at), in this order; a withdrawal ends the perk that the person has."""
    for person, rung, granted_at, withdrawn_at in changes:
        if withdrawn_at is None:
            await tx.execute(
                """
                insert into notifier.perk (lane, person, id, rung, granted_at) values ($1, $2, $3, $4, $5)
                on conflict (lane, person, id) do update set withdrawn_at = null
                """,
                lane,
                person,
                f"rung-{rung}@{granted_at}",
                rung,
                granted_at,
            )
        else:
            await tx.execute(
                """
                update notifier.perk set withdrawn_at = $4
                where lane = $1 and person = $2 and rung = $3 and withdrawn_at is null
                """,
                lane,
                person,
                rung,
                withdrawn_at,
            )


# -- telling -----------------------------------------------------------------------------------------------------


async def any_untold(connection: Connection, lane: int) -> bool:
    """Whether a message, an objection, a rating of this lane has news that are not in the outbox yet."""
    return bool(
        await connection.fetchval(
            """
            select exists (select from notifier.message where lane = $1 and untold)
                or exists (select from notifier.statement where lane = $1 and untold)
                or exists (select from notifier.rating where lane = $1 and untold)
                or exists (select from notifier.confirmation where lane = $1 and message is null)
                or exists (select from notifier.redemption where lane = $1 and (untold or return_untold))
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


# -- what more than one part asks -------------------------------------------------------------------------------


async def vouchers_of(connection: Connection, messages: Iterable[Place]) -> dict[Place, Voucher]:
    """The vouchers and partner codes that come with these messages."""
    rows = await connection.fetch(
        f"""
        select lane, {", ".join(Voucher._fields)}
        from unnest($1::int[], $2::text[]) as w (lane, message) join notifier.voucher using (lane, message)
        union all
        select lane, code, message, person, null, null, given_at, valid_until, play, offer, 'partner', null, '{{}}',
            true, true
        from unnest($1::int[], $2::text[]) as w (lane, message) join notifier.pool_code using (lane, message)
        """,
        *columns(messages),
    )
    return {(row["lane"], row["message"]): Voucher(*row[1:]) for row in rows}


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
