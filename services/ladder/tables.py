"""The ladder's tables: schema `ladder`, each primary key led by the lane. Instants are µs since 1970 (bigint)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
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

from services.ladder.core.worth import Sums as Worth
from services.ladder.figures.sums import Figure
from shared.lanes.tables import Key, lane_tables

metadata = MetaData(schema="ladder")

lanes = lane_tables(metadata)

fact = Table(
    "fact",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("source", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("key", Key, comment="what may be claimed once per person, such as an order: set on the first fact about it"),
    Column("body", LargeBinary, nullable=False, comment="the message as it was taken"),
    PrimaryKeyConstraint("lane", "person", "source", "id"),
    comment="the journal: all that is known of a person",
)
Index("fact_key", fact.c.lane, fact.c.person, fact.c.key, unique=True, postgresql_where=fact.c.key.is_not(None))

standing = Table(
    "standing",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("rung", SmallInteger, nullable=False),
    Column("phase", Key, nullable=False),
    Column("stage", Key, nullable=False),
    Column("since", BigInteger, nullable=False, comment="since when rung, phase and stage are these"),
    Column("due_at", BigInteger, comment="when something changes if nothing more is heard"),
    Column("state", LargeBinary, nullable=False, comment="the core's standing, as it encodes it"),
    PrimaryKeyConstraint("lane", "person"),
    postgresql_with={"fillfactor": "70"},
)
Index("standing_due", standing.c.lane, standing.c.due_at)
Index("standing_place", standing.c.rung, standing.c.stage, standing.c.lane, standing.c.person)

friend = Table(
    "friend",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("state", LargeBinary, nullable=False, comment="who named this person, and what was credited to whom"),
    PrimaryKeyConstraint("lane", "person"),
    comment="persons named by a referral, known or not",
)

referral = Table(
    "referral",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False, comment="who referred"),
    Column("friend", Key, nullable=False),
    Column("friend_lane", Integer, nullable=False),
    Column("version", BigInteger, nullable=False, comment="of several credits for one friend the highest counts"),
    Column("credited", Boolean, nullable=False),
    PrimaryKeyConstraint("lane", "person", "friend"),
    comment="friends whose purchases are credited to a person",
)

estimate = Table(
    "estimate",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("net_value", BigInteger, nullable=False, comment="minor units"),
    Column("chance_now", Double, comment="of a purchase within the horizon; null: never bought"),
    Column("expected_value", BigInteger, nullable=False, comment="minor units, of the next 365 days"),
    Column("at_stake", BigInteger, nullable=False, comment="minor units"),
    PrimaryKeyConstraint("lane", "person"),
    comment="what people are worth, made anew from time to time",
)
Index("estimate_net_value", estimate.c.net_value, estimate.c.lane, estimate.c.person)
Index("estimate_chance_now", estimate.c.chance_now, estimate.c.lane, estimate.c.person)
Index("estimate_at_stake", estimate.c.at_stake, estimate.c.lane, estimate.c.person)

transition = Table(
    "transition",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("id", Key, nullable=False),
    Column("type", Key, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("correction", Boolean, nullable=False, comment="brought about by a fact that came late, or a refund"),
    Column("data", LargeBinary, nullable=False, comment="the announcement's data, JSON"),
    Column(
        "rules_version",
        Integer,
        comment="the version of the rules by which it was decided; null: before versions were kept",
    ),
    PrimaryKeyConstraint("lane", "person", "seq"),
    comment="everything that was ever announced of a person",
)

rules = Table(
    "rules",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False, comment="as a rules.toml"),
    Column("digest", Key, nullable=False, comment="of everything that changes a fold"),
    Column("put_at", BigInteger, nullable=False),
    Column("put_by", Text, nullable=False),
    Column("activated_at", BigInteger, comment="the newest is in force, or comes; null: a draft"),
    Column("emit", Boolean, nullable=False, comment="whether its activation announces what it changes"),
    comment="versions of the rules",
)

lane_rules = Table(
    "lane_rules",
    metadata,
    Column("lane", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False, comment="by which the lane's persons are folded"),
    Column("coming", Integer, comment="the version to which the lane is going over"),
    Column(
        "reached",
        Key,
        nullable=False,
        server_default=text("''"),
        comment="persons up to this one are folded by the coming version",
    ),
    Column("people", BigInteger, nullable=False, server_default=text("0"), comment="how many these are"),
    comment="by which version of the rules each lane's persons are folded",
)

parked = Table(
    "parked",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("lane", "person", "number"),
    comment="facts on which the fold failed, and those that wait behind them",
)

tally = Table(
    "tally",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("kind", Key, nullable=False, comment="rung, stage, place (both) or announced"),
    Column("key", Key, nullable=False),
    Column("people", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False, comment="minor units"),
    PrimaryKeyConstraint("lane", "kind", "key"),
)

figure = Table(
    "figure",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("span", Key, nullable=False, comment="day or month"),
    Column("kind", Key, nullable=False, comment="cell, cohort, source or way"),
    Column(
        "day", Integer, nullable=False, comment="the first of the span, in days since 1970-01-01 in the shop's zone"
    ),
    Column("key", Key, nullable=False, comment="which cell, cohort, source or way"),
    *[Column(name, BigInteger, nullable=False) for name in Figure._fields],
    PrimaryKeyConstraint("lane", "span", "kind", "day", "key"),
    comment="daily differences: what they sum up to is a figure",
)

worth = Table(
    "worth",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("span", Key, nullable=False, comment="day or month"),
    Column("kind", Key, nullable=False, comment="brought or carried"),
    Column(
        "day", Integer, nullable=False, comment="the first of the span, in days since 1970-01-01 in the shop's zone"
    ),
    Column("key", Key, nullable=False, comment="the rung"),
    *[Column(name, BigInteger, nullable=False) for name in Worth._fields],
    PrimaryKeyConstraint("lane", "span", "kind", "day", "key"),
    comment="daily differences of what people on a rung cost and bring besides what they pay",
)
