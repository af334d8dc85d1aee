"""The notifier's tables: schema `notifier`, each primary key led by the lane. Instants are µs since 1970 (bigint)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from shared.lanes.tables import Key, lane_tables

metadata = MetaData(schema="notifier")

lanes = lane_tables(metadata)

profile = Table(
    "profile",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("source", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="the profile, JSON"),
    PrimaryKeyConstraint("lane", "person", "source", "id"),
    comment="by the wall clock the newest of each person only",
)

statement = Table(
    "statement",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("source", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("kind", Key, nullable=False, comment="consent or objection"),
    Column("at", BigInteger, nullable=False),
    Column("channel", Text),
    Column("purpose", Text),
    Column("basis", Text),
    Column("proof", LargeBinary, comment="as the shop gave it, JSON"),
    Column("untold", Boolean, nullable=False, comment="made here, and the shop's facts do not have it yet"),
    PrimaryKeyConstraint("lane", "person", "source", "id"),
    comment="every consent and objection: who relies on one must be able to show it",
)
Index("statement_untold", statement.c.lane, postgresql_where=statement.c.untold)

heard = Table(
    "heard",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("lane", "person", "id"),
    comment="announcements that were acted on; a repeated one is not",
)

message = Table(
    "message",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("id", Key, nullable=False),
    Column("person", Key, nullable=False),
    Column("play", Key, nullable=False),
    Column("mail", Key, nullable=False, comment="the name of its templates"),
    Column("cause", Key, nullable=False, comment="the announcement's id"),
    Column("cause_at", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False, comment="when it was decided, by the notifier's time"),
    Column("step", SmallInteger, nullable=False, server_default=text("0"), comment="its place in the play's series"),
    Column("channel", Key, nullable=False, server_default=text("'email'"), comment="where it ends"),
    Column("purpose", Key, nullable=False, server_default=text("'marketing'")),
    Column("way", Key, nullable=False, server_default=text("'mail'"), comment="who carries it there"),
    Column("offer", Key, comment="the offer of the book that comes with it"),
    Column("rungs", ARRAY(SmallInteger), nullable=False),
    Column("state", Key, nullable=False),
    Column("reason", Key, comment="why it was held back"),
    Column("detail", Text, comment="what the mail server said last"),
    Column("sent_at", BigInteger),
    Column("attempts", SmallInteger, nullable=False),
    Column("next_attempt_at", BigInteger, nullable=False, comment="by the database's clock"),
    Column("epoch", BigInteger, comment="of the lane, when it was last being sent"),
    Column("untold", Boolean, nullable=False, comment="its state has changed and notifier.events does not have it yet"),
    PrimaryKeyConstraint("lane", "id"),
    postgresql_with={"fillfactor": "80"},
)
Index("message_person", message.c.lane, message.c.person)
Index("message_at", message.c.at, message.c.id)
Index(
    "message_due",
    message.c.lane,
    message.c.next_attempt_at,
    postgresql_where=text("state in ('pending', 'retry')"),
)
Index("message_sending", message.c.lane, postgresql_where=text("state = 'sending'"))
Index("message_untold", message.c.lane, postgresql_where=message.c.untold)

voucher = Table(
    "voucher",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("code", Key, nullable=False),
    Column("message", Key, nullable=False),
    Column("person", Key, nullable=False),
    Column("percent", SmallInteger, nullable=False),
    Column("minimum", BigInteger, comment="least value of the order, minor units"),
    Column("issued_at", BigInteger, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    PrimaryKeyConstraint("lane", "code"),
)
Index("voucher_code", voucher.c.code)
Index("voucher_message", voucher.c.lane, voucher.c.message)

perk = Table(
    "perk",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("rung", SmallInteger, nullable=False),
    Column("granted_at", BigInteger, nullable=False),
    Column("withdrawn_at", BigInteger),
    PrimaryKeyConstraint("lane", "person", "rung"),
)
