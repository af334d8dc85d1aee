"""The notifier's tables: schema `notifier`, each primary key led by the lane. Instants are µs since 1970 (bigint)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
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

confirmation = Table(
    "confirmation",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("source", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("at", BigInteger, nullable=False, comment="when it was asked for"),
    Column("wording", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("purposes", ARRAY(Text), nullable=False),
    Column("ip", Text, comment="where the request came from"),
    Column("message", Key, comment="the mail that asks to confirm; null until that is decided"),
    Column("address", Text, comment="where that mail goes"),
    Column("expires_at", BigInteger),
    Column("confirmed_at", BigInteger),
    PrimaryKeyConstraint("lane", "person", "source", "id"),
    comment="requests to be written to that the mailbox's reader has to confirm",
)
Index("confirmation_message", confirmation.c.lane, confirmation.c.message, unique=True)
Index("confirmation_open", confirmation.c.lane, postgresql_where=confirmation.c.message.is_(None))

preference = Table(
    "preference",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("channel", Key, nullable=False, comment="by which the person would rather be written to"),
    PrimaryKeyConstraint("lane", "person"),
)

sale = Table(
    "sale",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("source", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("order_id", Key, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("refund", Boolean, nullable=False),
    Column("amount", Numeric, comment="major units; of a refund null for all of it"),
    Column("categories", ARRAY(Text), nullable=False, comment="of the goods, as the shop names them"),
    PrimaryKeyConstraint("lane", "person", "source", "id"),
    comment="purchases and refunds: a sale that stands can be what permits to write",
)

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
    Column("channel", Key, server_default=text("'email'"), comment="where it ends; null: in the house"),
    Column("purpose", Key, nullable=False, server_default=text("'marketing'")),
    Column("way", Key, nullable=False, server_default=text("'mail'"), comment="who carries it there"),
    Column("offer", Key, comment="the offer of the book that comes with it"),
    Column("rungs", ARRAY(SmallInteger), nullable=False),
    Column("due_at", BigInteger, comment="when it may go at the earliest, if not at once"),
    Column("state", Key, nullable=False),
    Column("reason", Key, comment="why it was held back"),
    Column("basis", Key, comment="what it stands on"),
    Column("basis_fact", Text, comment="id of the consent, or of the order, that this is"),
    Column("friend", Key, comment="whose purchase it thanks for"),
    Column("detail", Text, comment="what the mail server said last"),
    Column("sent_at", BigInteger),
    Column("attempts", SmallInteger, nullable=False),
    Column("next_attempt_at", BigInteger, nullable=False, comment="by the database's clock"),
    Column("epoch", BigInteger, comment="of the lane, when it was last being sent"),
    Column("untold", Boolean, nullable=False, comment="its state has changed and notifier.events does not have it yet"),
    Column("do_by", BigInteger, comment="of a task: until when it should be done"),
    Column("expires_at", BigInteger, comment="of a task: from when on it is not worth doing"),
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
Index(
    "message_webhook",
    message.c.lane,
    message.c.channel,
    message.c.next_attempt_at,
    postgresql_where=text("state in ('pending', 'retry') and way = 'webhook'"),
)
Index("message_letter", message.c.lane, postgresql_where=text("state = 'pending' and way = 'letter'"))
Index("message_sending", message.c.lane, postgresql_where=text("state = 'sending'"))
Index("message_untold", message.c.lane, postgresql_where=message.c.untold)
Index("message_task", message.c.state, message.c.do_by, message.c.id, postgresql_where=message.c.way == "task")
Index("message_open", message.c.lane, message.c.person, postgresql_where=message.c.state == "open")
Index("message_expires", message.c.lane, message.c.expires_at, postgresql_where=message.c.state == "open")

rating = Table(
    "rating",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("message", Key, nullable=False),
    Column("person", Key, nullable=False),
    Column("thumb", Key, nullable=False, comment="up or down"),
    Column("at", BigInteger, nullable=False),
    Column("untold", Boolean, nullable=False, comment="the shop's facts do not have it yet"),
    PrimaryKeyConstraint("lane", "message"),
    comment="what persons answered to the question of a message",
)
Index("rating_untold", rating.c.lane, postgresql_where=rating.c.untold)

letter_day = Table(
    "letter_day",
    metadata,
    Column("day", Date, nullable=False),
    Column("closed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("day"),
    comment="days whose letters have gone; of all lanes together",
)

letter = Table(
    "letter",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("message", Key, nullable=False),
    Column("day", Date, nullable=False),
    Column("address", ARRAY(Text), nullable=False, comment="the lines in the window"),
    Column("language", Key, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("notice", Text, comment="how one objects; none without advertising"),
    PrimaryKeyConstraint("lane", "message"),
    comment="letters of closed days, as they went",
)
Index("letter_of_day", letter.c.day)

task = Table(
    "task",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("message", Key, nullable=False),
    Column("at", BigInteger, nullable=False, comment="when it was ticked off or put aside"),
    Column("by", Text, nullable=False, comment="who did, as staff calls itself"),
    Column("outcome", Key),
    Column("note", Text),
    PrimaryKeyConstraint("lane", "message"),
    comment="what staff said of tasks",
)

run = Table(
    "run",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("play", Key, nullable=False),
    Column("cause", Key, nullable=False),
    Column("cause_at", BigInteger, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("rung", SmallInteger),
    Column("ends_at", BigInteger, comment="when the membership that began is to end"),
    Column("step", SmallInteger, nullable=False, comment="the next one"),
    Column("due_at", BigInteger, comment="when it is taken"),
    Column("course", Key, nullable=False),
    Column("stopped_by", Key),
    Column("friend", Key, comment="whose purchase began it"),
    PrimaryKeyConstraint("lane", "person", "play", "cause"),
    comment="places of persons in series",
)
Index("run_due", run.c.lane, run.c.due_at, postgresql_where=text("due_at is not null"))

fact = Table(
    "fact",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("source", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("type", Key, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("starts", ARRAY(Text), nullable=False, comment="the plays that it starts"),
    Column("ends_at", BigInteger, comment="when the membership that began is to end"),
    Column("open", Boolean, nullable=False, comment="it has not been decided on"),
    PrimaryKeyConstraint("lane", "person", "source", "id"),
    comment="facts that start or cancel plays; of their data nothing else is kept",
)
Index("fact_open", fact.c.lane, fact.c.at, postgresql_where=fact.c.open)

occasion = Table(
    "occasion",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("kind", Key, nullable=False, comment="such as moment.birthday"),
    Column("since", BigInteger, nullable=False, comment="what came before is over"),
    Column("year", SmallInteger, nullable=False, comment="the last one in which it was kept"),
    Column("due_at", BigInteger, comment="when to look: it comes then or later"),
    PrimaryKeyConstraint("lane", "person", "kind"),
    comment="days of persons that come round every year",
)
Index("occasion_due", occasion.c.lane, occasion.c.due_at, postgresql_where=text("due_at is not null"))

referral_code = Table(
    "referral_code",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("code", Key, nullable=False),
    Column("person", Key, nullable=False),
    PrimaryKeyConstraint("lane", "code"),
    comment="by which persons refer others, as mail has shown them",
)
Index("referral_code_code", referral_code.c.code)

standing = Table(
    "standing",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("rung", SmallInteger, nullable=False),
    Column("phase", Key, nullable=False),
    Column("stage", Key, nullable=False),
    PrimaryKeyConstraint("lane", "person"),
    comment="where persons stand, as last announced",
)

voucher = Table(
    "voucher",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("code", Key, nullable=False),
    Column("message", Key, nullable=False),
    Column("person", Key, nullable=False),
    Column("percent", SmallInteger),
    Column("minimum", BigInteger, comment="least value of the order, minor units"),
    Column("issued_at", BigInteger, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    Column("play", Key, nullable=False, server_default="win_back"),
    Column("offer", Key, nullable=False, server_default="win_back"),
    Column("kind", Key, nullable=False, server_default="percent"),
    Column("amount", BigInteger, comment="minor units"),
    Column("categories", ARRAY(Text), nullable=False, server_default="{}"),
    Column("single_use", Boolean, nullable=False, server_default=text("true")),
    Column("bound", Boolean, nullable=False, server_default=text("false")),
    Column("withdrawn_at", BigInteger),
    Column("given_back_at", BigInteger, comment="a refund gave it back, which happens once"),
    PrimaryKeyConstraint("lane", "code"),
)
Index("voucher_code", voucher.c.code)
Index("voucher_message", voucher.c.lane, voucher.c.message)
Index("voucher_issued", voucher.c.issued_at)

redemption = Table(
    "redemption",
    metadata,
    Column("lane", Integer, nullable=False, comment="the voucher's, whoever redeems it"),
    Column("code", Key, nullable=False),
    Column("order_id", Key, nullable=False),
    Column("person", Key, comment="who redeemed it, as far as told"),
    Column("at", BigInteger, nullable=False),
    Column("value", BigInteger, nullable=False, comment="of the order before the voucher, minor units"),
    Column("discount", BigInteger, nullable=False, comment="minor units"),
    Column("refunded_at", BigInteger),
    Column("released", Boolean, nullable=False, comment="refunded, and the voucher may be used again"),
    Column("untold", Boolean, nullable=False),
    Column("return_untold", Boolean, nullable=False),
    PrimaryKeyConstraint("lane", "code", "order_id"),
)
Index("redemption_order", redemption.c.order_id)
Index("redemption_at", redemption.c.at)
Index("redemption_untold", redemption.c.lane, postgresql_where=text("untold or return_untold"))

withheld = Table(
    "withheld",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("message", Key, nullable=False),
    Column("person", Key, nullable=False),
    Column("play", Key, nullable=False),
    Column("offer", Key, nullable=False),
    Column("reason", Key, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("lane", "message"),
    comment="messages that went without their offer, and why",
)
Index("withheld_at", withheld.c.at)

budget = Table(
    "budget",
    metadata,
    Column("play", Key, nullable=False),
    Column("month", Key, nullable=False, comment="such as 2026-03, in the shop's time zone"),
    Column("spent", BigInteger, nullable=False, comment="minor units, by the planned cost of what was given"),
    PrimaryKeyConstraint("play", "month"),
    comment="of all lanes together",
)

piece = Table(
    "piece",
    metadata,
    Column("key", Key, nullable=False),
    Column("origin", Text, nullable=False, comment="folder, or the address of the feed"),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("link", Text),
    Column("categories", ARRAY(Text), nullable=False, comment="of goods it is about; none: for everybody"),
    Column("languages", ARRAY(Text), nullable=False),
    Column("valid_from", BigInteger, nullable=False, comment="since when it is new; 0: not known"),
    Column("valid_until", BigInteger),
    Column("withdrawn", Boolean, nullable=False, comment="no more where it came from"),
    PrimaryKeyConstraint("key"),
    comment="useful content for mail, of all lanes together",
)

feed = Table(
    "feed",
    metadata,
    Column("url", Text, nullable=False),
    Column("next_at", BigInteger, nullable=False, comment="when it is asked again, by the database's clock"),
    Column("etag", Text),
    Column("modified", Text, comment="as it told"),
    PrimaryKeyConstraint("url"),
    comment="feeds of content, of all lanes together",
)

pool_code = Table(
    "pool_code",
    metadata,
    Column("pool", Key, nullable=False),
    Column("number", BigInteger, Identity(always=True), nullable=False, comment="the order in which they are given"),
    Column("code", Key, nullable=False),
    Column("valid_until", BigInteger),
    Column("added_at", BigInteger, nullable=False),
    Column("lane", Integer),
    Column("message", Key, comment="that brought it; null: not given yet"),
    Column("person", Key),
    Column("play", Key),
    Column("offer", Key),
    Column("given_at", BigInteger),
    PrimaryKeyConstraint("pool", "number"),
    UniqueConstraint("pool", "code"),
    comment="partner codes, of all lanes together",
)
Index("pool_code_left", pool_code.c.pool, pool_code.c.number, postgresql_where=pool_code.c.message.is_(None))
Index("pool_code_message", pool_code.c.lane, pool_code.c.message)

purchase = Table(
    "purchase",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("order_id", Key, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("id", Key, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="minor units"),
    PrimaryKeyConstraint("lane", "person", "order_id"),
)

refund = Table(
    "refund",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("order_id", Key, nullable=False),
    Column("source", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("amount", BigInteger, comment="minor units; null: in full"),
    PrimaryKeyConstraint("lane", "person", "order_id", "source", "id"),
)

perk = Table(
    "perk",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("rung", SmallInteger, comment="that brings it; null: an offer of the book"),
    Column("perk", Key, comment="the offer's name"),
    Column("granted_at", BigInteger, nullable=False),
    Column("withdrawn_at", BigInteger, comment="its end, which may be ahead"),
    PrimaryKeyConstraint("lane", "person", "id"),
)

exposure = Table(
    "exposure",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("play", Key, nullable=False),
    Column("person", Key, nullable=False),
    Column("arm", Key, nullable=False, comment="treated, held_out or control"),
    Column("at", BigInteger, nullable=False),
    Column("message", Key, nullable=False),
    PrimaryKeyConstraint("lane", "play", "person"),
    comment="whom plays on trial came to, for the first time",
)
Index("exposure_play", exposure.c.play)
Index("exposure_person", exposure.c.lane, exposure.c.person)

milestone = Table(
    "milestone",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("kind", Key, nullable=False, comment="promotion or lapse"),
    Column("id", Key, nullable=False, comment="the announcement's"),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("lane", "person", "kind", "id"),
)

bounce = Table(
    "bounce",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("message", Key, nullable=False),
    Column("person", Key, nullable=False),
    Column("address", Key, nullable=False),
    Column("kind", Key, nullable=False, comment="hard or soft"),
    Column("status", Text, comment="RFC 3463"),
    Column("detail", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("lane", "message"),
    comment="mail that came back",
)
Index("bounce_address", bounce.c.lane, bounce.c.person, bounce.c.address)

subscription = Table(
    "subscription",
    metadata,
    Column("id", Key, primary_key=True),
    Column("lane", Integer, nullable=False, comment="which tells that it was switched off"),
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("types", ARRAY(Text), nullable=False, comment="none: all"),
    Column("rungs", ARRAY(SmallInteger), nullable=False, comment="none: all"),
    Column("historical", Boolean, nullable=False),
    Column("state", Key, nullable=False),
    Column("off_reason", Key),
    Column("created_at", BigInteger, nullable=False),
    Column("failing_since", BigInteger, comment="nothing but failures since then"),
    Column("paused_until", BigInteger, nullable=False, comment="the receiver asked to slow down"),
    Column("slowed", SmallInteger, nullable=False, comment="how often in a row it did"),
    Column("secret", LargeBinary, nullable=False),
    Column("old_secret", LargeBinary),
    Column("old_until", BigInteger, comment="until then the old secret signs as well"),
    Column("untold", Boolean, nullable=False, server_default="false", comment="switched off, and nobody was told yet"),
    comment="few, and the same for all lanes",
)
Index("subscription_untold", subscription.c.lane, postgresql_where=subscription.c.untold)

sequence = Table(
    "sequence",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("person", Key, nullable=False),
    Column("last", BigInteger, nullable=False),
    PrimaryKeyConstraint("lane", "person"),
    comment="how many announcements of a person subscribers could have got",
)

announced = Table(
    "announced",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("id", Key, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("person", Key, nullable=False),
    Column("type", Key, nullable=False),
    Column("rung", SmallInteger, comment="of the standing it tells of"),
    Column("historical", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="as it is posted"),
    PrimaryKeyConstraint("lane", "id"),
    comment="what subscribers get, kept for a while for replays",
)
Index("announced_recorded", announced.c.recorded_at, announced.c.id)
Index("announced_id", announced.c.id)

delivery = Table(
    "delivery",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("subscription", Key, nullable=False),
    Column("id", Key, nullable=False, comment="the announcement's"),
    Column("state", Key, nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False, comment="while it is claimed: when the lease ends"),
    Column("ended_at", BigInteger),
    PrimaryKeyConstraint("lane", "subscription", "id"),
    postgresql_with={"fillfactor": "80"},
)
Index(
    "delivery_due", delivery.c.subscription, delivery.c.next_at, postgresql_where=delivery.c.state == text("'waiting'")
)
Index("delivery_created", delivery.c.subscription, delivery.c.created_at, delivery.c.id)
Index("delivery_id", delivery.c.lane, delivery.c.id)

attempt = Table(
    "attempt",
    metadata,
    Column("lane", Integer, nullable=False),
    Column("subscription", Key, nullable=False),
    Column("id", Key, nullable=False, comment="the announcement's"),
    Column("number", SmallInteger, nullable=False),
    Column("at", BigInteger, nullable=False, comment="when it ended"),
    Column("seconds", Double, nullable=False),
    Column("status", SmallInteger, comment="none: no answer"),
    Column("detail", Text, nullable=False),
    PrimaryKeyConstraint("lane", "id", "subscription", "at", "number"),
)
Index("attempt_subscription", attempt.c.subscription, attempt.c.id)
