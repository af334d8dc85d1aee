"""The ladder: journal, standings, friends, transitions, parked facts, tallies."""

import sqlalchemy as sa
from alembic import op

from migrations.lane_tables import create_lane_tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.Text(collation="C")
    op.execute("create schema ladder")
    create_lane_tables("ladder")
    op.create_table(
        "fact",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("source", key, nullable=False),
        sa.Column("id", key, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column(
            "key", key, comment="what may be claimed once per person, such as an order: set on the first fact about it"
        ),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="the message as it was taken"),
        sa.PrimaryKeyConstraint("lane", "person", "source", "id"),
        schema="ladder",
        comment="the journal: all that is known of a person",
    )
    op.create_index(
        "fact_key",
        "fact",
        ["lane", "person", "key"],
        unique=True,
        schema="ladder",
        postgresql_where=sa.text("key IS NOT NULL"),
    )
    op.create_table(
        "standing",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("rung", sa.SmallInteger(), nullable=False),
        sa.Column("phase", key, nullable=False),
        sa.Column("stage", key, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False, comment="since when rung, phase and stage are these"),
        sa.Column("due_at", sa.BigInteger(), comment="when something changes if nothing more is heard"),
        sa.Column("state", sa.LargeBinary(), nullable=False, comment="the core's standing, as it encodes it"),
        sa.PrimaryKeyConstraint("lane", "person"),
        schema="ladder",
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index("standing_due", "standing", ["lane", "due_at"], schema="ladder")
    op.create_table(
        "friend",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column(
            "state", sa.LargeBinary(), nullable=False, comment="who named this person, and what was credited to whom"
        ),
        sa.PrimaryKeyConstraint("lane", "person"),
        schema="ladder",
        comment="persons named by a referral, known or not",
    )
    op.create_table(
        "transition",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("id", key, nullable=False),
        sa.Column("type", key, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "correction",
            sa.Boolean(),
            nullable=False,
            comment="brought about by a fact that came late, or a refund",
        ),
        sa.Column("data", sa.LargeBinary(), nullable=False, comment="the announcement's data, JSON"),
        sa.PrimaryKeyConstraint("lane", "person", "seq"),
        schema="ladder",
        comment="everything that was ever announced of a person",
    )
    op.create_table(
        "parked",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "person", "number"),
        schema="ladder",
        comment="facts on which the fold failed, and those that wait behind them",
    )
    op.create_table(
        "tally",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("kind", key, nullable=False, comment="rung, stage or announced"),
        sa.Column("key", key, nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False, comment="minor units"),
        sa.PrimaryKeyConstraint("lane", "kind", "key"),
        schema="ladder",
    )


def downgrade() -> None:
    op.execute("drop schema ladder cascade")
