"""The SQL of consents, objections and the sales that some of them name."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import asyncpg
import msgspec

from services.notifier.consent.ledger import Ledger
from services.notifier.consent.sales import Purchase, Refund, Sale, sale_of
from services.notifier.consent.statement import Kind, Statement
from services.notifier.places import Place, columns
from shared.db import Connection
from shared.events import PurchaseCompleted, PurchaseRefunded
from shared.log.partitioner import lane_of

_STATEMENT = "kind, at, id, source, channel, purpose, basis, proof"


class StatementMade(NamedTuple):
    """A consent or objection of a person."""

    person: str
    statement: Statement


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
        [None if each.proof is None else msgspec.json.encode(each.proof) for each in statements],
    )


def _fullest_last(made: Sequence[StatementMade]) -> list[StatementMade]:
    return sorted(made, key=lambda each: (each.statement.basis is not None, each.statement.proof is not None))


async def keep_sales(tx: Connection, lane: int, made: Sequence[PurchaseCompleted | PurchaseRefunded]) -> None:
    """Keep these purchases and refunds; one that is repeated changes nothing."""
    if not made:
        return
    sales = [sale_of(each) for each in made]
    await tx.execute(
        """
        insert into notifier.sale (lane, person, source, id, order_id, at, refund, amount, categories)
        select $1, person, source, id, order_id, at, refund, amount, string_to_array(categories, chr(31))
        from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bool[], $8::numeric[],
            $9::text[]) as s (person, source, id, order_id, at, refund, amount, categories)
        on conflict do nothing
        """,
        lane,
        [each.subject for each in made],
        [each.source for each in made],
        [each.id for each in sales],
        [each.order_id for each in sales],
        [each.at for each in sales],
        [isinstance(each, Refund) for each in sales],
        [each.amount for each in sales],
        ["\x1f".join(each.categories) if isinstance(each, Purchase) else "" for each in sales],
    )


async def add_statement(connection: Connection, lane: int, person: str, made: Statement) -> None:
    """Keep what was said here, to be told to the others; a second time it changes nothing."""
    await connection.execute(
        """
        insert into notifier.statement (lane, person, source, id, kind, at, channel, purpose, basis, proof, untold)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, true) on conflict do nothing
        """,
        lane,
        person,
        made.source,
        made.id,
        made.kind,
        made.at,
        made.channel,
        made.purpose,
        made.basis,
        None if made.proof is None else msgspec.json.encode(made.proof),
    )


async def tell_statements(tx: Connection, lane: int) -> list[tuple[str, Statement]]:
    """Consents and objections made here that are news, each with its person."""
    rows = await tx.fetch(
        f"""
        update notifier.statement set untold = false where lane = $1 and untold
        returning person, {_STATEMENT}
        """,
        lane,
    )
    return [(row["person"], _statement(row)) for row in rows]


async def ledgers_of(connection: Connection, persons: Iterable[Place]) -> Mapping[Place, Ledger]:
    """All consents, objections and sales of these persons; somebody without any is not in it."""
    lanes, keys = columns(persons)
    statements, sales = defaultdict(list), defaultdict(list)
    for row in await connection.fetch(
        f"""
        select lane, person, {_STATEMENT}
        from unnest($1::int[], $2::text[]) as w (lane, person) join notifier.statement using (lane, person)
        """,
        lanes,
        keys,
    ):
        statements[row["lane"], row["person"]].append(_statement(row))
    for row in await connection.fetch(
        """
        select lane, person, order_id, at, id, refund, amount, categories
        from unnest($1::int[], $2::text[]) as w (lane, person) join notifier.sale using (lane, person)
        """,
        lanes,
        keys,
    ):
        sales[row["lane"], row["person"]].append(_sale(row))
    return {
        place: Ledger(tuple(statements.get(place, ())), tuple(sales.get(place, ()))) for place in {*statements, *sales}
    }


async def sales_of(connection: Connection, persons: Iterable[str], lanes: int) -> dict[str, tuple[Sale, ...]]:
    """The orders and refunds of these persons, whichever of the lanes they are in."""
    places = [(lane_of(each, lanes), each) for each in persons]
    ledgers = await ledgers_of(connection, places) if places else {}
    return {person: ledger.sales for (_, person), ledger in ledgers.items()}


def _statement(row: asyncpg.Record) -> Statement:
    return Statement(
        kind=Kind(row["kind"]),
        at=row["at"],
        id=row["id"],
        source=row["source"],
        channel=row["channel"],
        purpose=row["purpose"],
        basis=row["basis"],
        proof=None if row["proof"] is None else msgspec.json.decode(row["proof"]),
    )


def _sale(row: asyncpg.Record) -> Sale:
    amount: Decimal | None = row["amount"]
    if row["refund"]:
        return Refund(order_id=row["order_id"], at=row["at"], id=row["id"], amount=amount)
    assert amount is not None
    return Purchase(
        order_id=row["order_id"], at=row["at"], id=row["id"], amount=amount, categories=tuple(row["categories"])
    )


async def uses(connection: Connection, lane: int, person: str) -> Mapping[str, list[int]]:
    """When each consent was relied on for a message that left the house, or a call that was made; the newest first."""
    rows = await connection.fetch(
        """
        select basis_fact, array_agg(coalesce(sent_at, at) order by coalesce(sent_at, at) desc) as used_at
        from notifier.message where lane = $1 and person = $2 and basis_fact is not null
            and state not in ('held_back', 'pending', 'open')
        group by basis_fact
        """,
        lane,
        person,
    )
    return {row["basis_fact"]: row["used_at"] for row in rows}
