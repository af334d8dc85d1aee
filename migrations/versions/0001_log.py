"""The log: topics, the positions of their lanes, records."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema if not exists log")
    op.create_table(
        "topic",
        sa.Column("id", sa.SmallInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("lanes", sa.Integer(), nullable=False),
        sa.Column("retention_days", sa.Integer(), comment="null: for ever"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        schema="log",
    )
    op.create_table(
        "position",
        sa.Column("topic", sa.SmallInteger(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("next_offset", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_offset", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["topic"], ["log.topic.id"]),
        sa.PrimaryKeyConstraint("topic", "lane"),
        schema="log",
        comment="one row per lane; raised in the transaction that appends, so offsets become visible in their order",
        postgresql_with={"fillfactor": "20"},
    )
    op.create_table(
        "record",
        sa.Column("topic", sa.SmallInteger(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("key", postgresql.BYTEA()),
        sa.Column("value", postgresql.BYTEA(), nullable=False),
        sa.Column("appended_at", sa.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "lane", "offset"),
        schema="log",
    )


def downgrade() -> None:
    op.execute("drop schema log cascade")
