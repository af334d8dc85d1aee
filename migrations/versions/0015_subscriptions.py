"""Subscriptions: who listens, what was announced, deliveries and their attempts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.Text(collation="C")
    op.create_table(
        "subscription",
        sa.Column("id", key, nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False, comment="which tells that it was switched off"),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("types", postgresql.ARRAY(sa.Text()), nullable=False, comment="none: all"),
        sa.Column("rungs", postgresql.ARRAY(sa.SmallInteger()), nullable=False, comment="none: all"),
        sa.Column("historical", sa.Boolean(), nullable=False),
        sa.Column("state", key, nullable=False),
        sa.Column("off_reason", key),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("failing_since", sa.BigInteger(), comment="nothing but failures since then"),
        sa.Column("paused_until", sa.BigInteger(), nullable=False, comment="the receiver asked to slow down"),
        sa.Column("slowed", sa.SmallInteger(), nullable=False, comment="how often in a row it did"),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("old_secret", sa.LargeBinary()),
        sa.Column("old_until", sa.BigInteger(), comment="until then the old secret signs as well"),
        sa.Column(
            "untold",
            sa.Boolean(),
            nullable=False,
            server_default="false",
            comment="switched off, and nobody was told yet",
        ),
        sa.PrimaryKeyConstraint("id"),
        schema="notifier",
        comment="few, and the same for all lanes",
    )
    op.create_index(
        "subscription_untold", "subscription", ["lane"], schema="notifier", postgresql_where=sa.text("untold")
    )
    op.create_table(
        "sequence",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "person"),
        schema="notifier",
        comment="how many announcements of a person subscribers could have got",
    )
    _create_announced(key)
    _create_delivery(key)


def _create_announced(key: sa.Text) -> None:
    op.create_table(
        "announced",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("id", key, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("type", key, nullable=False),
        sa.Column("rung", sa.SmallInteger(), comment="of the standing it tells of"),
        sa.Column("historical", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="as it is posted"),
        sa.PrimaryKeyConstraint("lane", "id"),
        schema="notifier",
        comment="what subscribers get, kept for a while for replays",
    )
    op.create_index("announced_recorded", "announced", ["recorded_at", "id"], schema="notifier")
    op.create_index("announced_id", "announced", ["id"], schema="notifier")


def _create_delivery(key: sa.Text) -> None:
    op.create_table(
        "delivery",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("subscription", key, nullable=False),
        sa.Column("id", key, nullable=False, comment="the announcement's"),
        sa.Column("state", key, nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False, comment="while it is claimed: when the lease ends"),
        sa.Column("ended_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("lane", "subscription", "id"),
        schema="notifier",
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(
        "delivery_due",
        "delivery",
        ["subscription", "next_at"],
        schema="notifier",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("delivery_created", "delivery", ["subscription", "created_at", "id"], schema="notifier")
    op.create_index("delivery_id", "delivery", ["lane", "id"], schema="notifier")
    op.create_table(
        "attempt",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("subscription", key, nullable=False),
        sa.Column("id", key, nullable=False, comment="the announcement's"),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when it ended"),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("status", sa.SmallInteger(), comment="none: no answer"),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "id", "subscription", "at", "number"),
        schema="notifier",
    )
    op.create_index("attempt_subscription", "attempt", ["subscription", "id"], schema="notifier")


def downgrade() -> None:
    for table in ("attempt", "delivery", "announced", "sequence", "subscription"):
        op.drop_table(table, schema="notifier")
