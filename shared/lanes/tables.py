"""The tables that every service with lanes has in its own schema; each primary key starts with the lane."""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    func,
)

Key = Text(collation="C")
"""Text that is compared by code point, as Kafka and Python do."""


@dataclass(frozen=True)
class LaneTables:
    """The tables of section "processing" for one schema."""

    worker: Table
    lane: Table
    checkpoint: Table
    outbox: Table
    dead_letter: Table
    meta: Table


def lane_tables(metadata: MetaData) -> LaneTables:
    """Declare them in the schema of `metadata`."""
    return LaneTables(
        worker=Table(
            "worker",
            metadata,
            Column("id", Key, primary_key=True),
            Column("seen_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        ),
        lane=Table(
            "lane",
            metadata,
            Column("lane", Integer, primary_key=True, autoincrement=False),
            Column("owner", Key),
            Column("lease_until", DateTime(timezone=True)),
            Column("epoch", BigInteger, nullable=False, server_default="0"),
            Column("turn", BigInteger, nullable=False, server_default="0"),
            Column("seq", BigInteger, nullable=False, server_default="0"),
            Column("published_seq", BigInteger, nullable=False, server_default="0"),
            Column("time", BigInteger),
        ),
        checkpoint=Table(
            "checkpoint",
            metadata,
            Column("lane", Integer, nullable=False),
            Column("topic", Key, nullable=False),
            Column("next_offset", BigInteger, nullable=False),
            PrimaryKeyConstraint("lane", "topic"),
        ),
        outbox=Table(
            "outbox",
            metadata,
            Column("lane", Integer, nullable=False),
            Column("seq", BigInteger, nullable=False),
            Column("topic", Key, nullable=False),
            Column("target", Integer, nullable=False),
            Column("key", Key),
            Column("id", Key, nullable=False),
            Column("type", Key, nullable=False),
            Column("at", BigInteger, nullable=False),
            Column("recorded_at", BigInteger, nullable=False),
            Column("value", LargeBinary, nullable=False),
            PrimaryKeyConstraint("lane", "seq"),
        ),
        dead_letter=Table(
            "dead_letter",
            metadata,
            Column("lane", Integer, nullable=False),
            Column("topic", Key, nullable=False),
            Column("offset", BigInteger, nullable=False),
            Column("reason", Text, nullable=False),
            Column("pointer", Text, nullable=False),
            Column("recorded_at", BigInteger, nullable=False),
            Column("value", LargeBinary, nullable=False),
            PrimaryKeyConstraint("lane", "topic", "offset"),
        ),
        meta=Table(
            "meta",
            metadata,
            Column("name", Key, primary_key=True),
            Column("value", Text, nullable=False),
        ),
    )
