"""Requests that a mailbox's reader has to confirm, and the channel somebody prefers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.Text(collation="C")
    op.create_table(
        "confirmation",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("source", key, nullable=False),
        sa.Column("id", key, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when it was asked for"),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("purposes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("ip", sa.Text(), comment="where the request came from"),
        sa.Column("message", key, comment="the mail that asks to confirm; null until that is decided"),
        sa.Column("address", sa.Text(), comment="where that mail goes"),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("confirmed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("lane", "person", "source", "id"),
        schema="notifier",
        comment="requests to be written to that the mailbox's reader has to confirm",
    )
    op.create_index("confirmation_message", "confirmation", ["lane", "message"], unique=True, schema="notifier")
    op.create_index(
        "confirmation_open",
        "confirmation",
        ["lane"],
        schema="notifier",
        postgresql_where=sa.text("message is null"),
    )
    op.create_table(
        "preference",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("channel", key, nullable=False, comment="by which the person would rather be written to"),
        sa.PrimaryKeyConstraint("lane", "person"),
        schema="notifier",
    )


def downgrade() -> None:
    op.drop_table("preference", schema="notifier")
    op.drop_table("confirmation", schema="notifier")
