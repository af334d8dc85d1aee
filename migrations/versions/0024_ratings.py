"""What persons answer to the question of a message; what waits for other programs to carry it is found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0022"
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


def downgrade() -> None:
    op.drop_index("message_webhook", "message", schema="notifier")
    op.drop_table("rating", schema="notifier")
