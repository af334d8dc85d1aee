"""The tables that every service with lanes has in its schema, as of revision 0002."""

import sqlalchemy as sa
from alembic import op


def create_lane_tables(schema: str) -> None:
    """Create worker, lane, checkpoint, outbox, dead_letter and meta."""
    key = sa.Text(collation="C")
    op.create_table(
        "worker",
        sa.Column("id", key, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")),
        sa.PrimaryKeyConstraint("id"),
        schema=schema,
    )
    op.create_table(
        "lane",
        sa.Column("lane", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("owner", key),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("epoch", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("turn", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("seq", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("published_seq", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("time", sa.BigInteger()),
        sa.PrimaryKeyConstraint("lane"),
        schema=schema,
    )
    op.create_table(
        "checkpoint",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("topic", key, nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "topic"),
        schema=schema,
    )
    op.create_table(
        "outbox",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("topic", key, nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("key", key),
        sa.Column("id", key, nullable=False),
        sa.Column("type", key, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "seq"),
        schema=schema,
    )
    op.create_table(
        "dead_letter",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("topic", key, nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("pointer", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "topic", "offset"),
        schema=schema,
    )
    op.create_table(
        "meta",
        sa.Column("name", key, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        schema=schema,
    )
