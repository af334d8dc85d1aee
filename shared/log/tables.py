"""The tables of the log in PostgreSQL: schema `log`."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, TIMESTAMP

metadata = sa.MetaData(schema="log")

topic = sa.Table(
    "topic",
    metadata,
    sa.Column("id", sa.SmallInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("name", sa.Text(collation="C"), nullable=False, unique=True),
    sa.Column("lanes", sa.Integer, nullable=False),
    sa.Column("retention_days", sa.Integer, comment="null: for ever"),
)

position = sa.Table(
    "position",
    metadata,
    sa.Column("topic", sa.SmallInteger, sa.ForeignKey(topic.c.id), primary_key=True),
    sa.Column("lane", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("next_offset", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("first_offset", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    comment="one row per lane; raised in the transaction that appends, so offsets become visible in their order",
    postgresql_with={"fillfactor": "20"},
)

record = sa.Table(
    "record",
    metadata,
    sa.Column("topic", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("lane", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("offset", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", BYTEA),
    sa.Column("value", BYTEA, nullable=False),
    sa.Column("appended_at", TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
)
