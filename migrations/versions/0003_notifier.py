"""The notifier: profiles, consents and objections, announcements heard, messages, vouchers, perks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.lane_tables import create_lane_tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.Text(collation="C")
    op.execute("create schema notifier")
    create_lane_tables("notifier")
    op.create_table(
        "profile",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("source", key, nullable=False),
        sa.Column("id", key, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="the profile, JSON"),
        sa.PrimaryKeyConstraint("lane", "person", "source", "id"),
        schema="notifier",
        comment="by the wall clock the newest of each person only",
    )
    op.create_table(
        "statement",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("source", key, nullable=False),
        sa.Column("id", key, nullable=False),
        sa.Column("kind", key, nullable=False, comment="consent or objection"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text()),
        sa.Column("purpose", sa.Text()),
        sa.Column("basis", sa.Text()),
        sa.Column("proof", sa.LargeBinary(), comment="as the shop gave it, JSON"),
        sa.Column("untold", sa.Boolean(), nullable=False, comment="made here, and the shop's facts do not have it yet"),
        sa.PrimaryKeyConstraint("lane", "person", "source", "id"),
        schema="notifier",
        comment="every consent and objection: who relies on one must be able to show it",
    )
    op.create_index("statement_untold", "statement", ["lane"], schema="notifier", postgresql_where=sa.text("untold"))
    op.create_table(
        "heard",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("id", key, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "person", "id"),
        schema="notifier",
        comment="announcements that were acted on; a repeated one is not",
    )
    op.create_table(
        "message",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("id", key, nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("play", key, nullable=False),
        sa.Column("mail", key, nullable=False, comment="the name of its templates"),
        sa.Column("cause", key, nullable=False, comment="the announcement's id"),
        sa.Column("cause_at", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when it was decided, by the notifier's time"),
        sa.Column("rungs", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("state", key, nullable=False),
        sa.Column("reason", key, comment="why it was held back"),
        sa.Column("detail", sa.Text(), comment="what the mail server said last"),
        sa.Column("sent_at", sa.BigInteger()),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=False, comment="by the database's clock"),
        sa.Column("epoch", sa.BigInteger(), comment="of the lane, when it was last being sent"),
        sa.Column(
            "untold",
            sa.Boolean(),
            nullable=False,
            comment="its state has changed and notifier.events does not have it yet",
        ),
        sa.PrimaryKeyConstraint("lane", "id"),
        schema="notifier",
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("message_person", "message", ["lane", "person"], schema="notifier")
    op.create_index("message_at", "message", ["at", "id"], schema="notifier")
    op.create_index(
        "message_due",
        "message",
        ["lane", "next_attempt_at"],
        schema="notifier",
        postgresql_where=sa.text("state in ('pending', 'retry')"),
    )
    op.create_index(
        "message_sending", "message", ["lane"], schema="notifier", postgresql_where=sa.text("state = 'sending'")
    )
    op.create_index("message_untold", "message", ["lane"], schema="notifier", postgresql_where=sa.text("untold"))
    op.create_table(
        "voucher",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("code", key, nullable=False),
        sa.Column("message", key, nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("percent", sa.SmallInteger(), nullable=False),
        sa.Column("minimum", sa.BigInteger(), comment="least value of the order, minor units"),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "code"),
        schema="notifier",
    )
    op.create_index("voucher_code", "voucher", ["code"], schema="notifier")
    op.create_index("voucher_message", "voucher", ["lane", "message"], schema="notifier")
    op.create_table(
        "perk",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("rung", sa.SmallInteger(), nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("lane", "person", "rung"),
        schema="notifier",
    )


def downgrade() -> None:
    op.execute("drop schema notifier cascade")
