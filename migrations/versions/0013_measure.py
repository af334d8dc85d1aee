"""When a message may go at the earliest."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "message",
        sa.Column("due_at", sa.BigInteger(), comment="when it may go at the earliest, if not at once"),
        schema="notifier",
    )


def downgrade() -> None:
    op.drop_column("message", "due_at", schema="notifier")
