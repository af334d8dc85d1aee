"""What persons answer to the question of a message; messages that other programs or a print shop carry."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.Text(collation="C")
    op.create_table(
        "rating",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("message", key, nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("thumb", key, nullable=False, comment="up or down"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("untold", sa.Boolean(), nullable=False, comment="the shop's facts do not have it yet"),
        sa.PrimaryKeyConstraint("lane", "message"),
        schema="notifier",
        comment="what persons answered to the question of a message",
    )
    op.create_index("rating_untold", "rating", ["lane"], schema="notifier", postgresql_where=sa.text("untold"))
    op.create_index(
        "message_webhook",
        "message",
        ["lane", "channel", "next_attempt_at"],
        schema="notifier",
        postgresql_where=sa.text("state in ('pending', 'retry') and way = 'webhook'"),
    )
    op.create_index(
        "message_letter",
        "message",
        ["lane"],
        schema="notifier",
        postgresql_where=sa.text("state = 'pending' and way = 'letter'"),
    )
    op.create_table(
        "letter_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day"),
        schema="notifier",
        comment="days whose letters have gone; of all lanes together",
    )
    op.create_table(
        "letter",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("message", key, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("address", sa.ARRAY(sa.Text()), nullable=False, comment="the lines in the window"),
        sa.Column("language", key, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), comment="how one objects; none without advertising"),
        sa.PrimaryKeyConstraint("lane", "message"),
        schema="notifier",
        comment="letters of closed days, as they went",
    )
    op.create_index("letter_of_day", "letter", ["day"], schema="notifier")


def downgrade() -> None:
    op.drop_table("letter", schema="notifier")
    op.drop_table("letter_day", schema="notifier")
    op.drop_index("message_letter", "message", schema="notifier")
    op.drop_index("message_webhook", "message", schema="notifier")
    op.drop_table("rating", schema="notifier")
