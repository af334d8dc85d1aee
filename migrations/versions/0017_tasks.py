"""Tasks for staff."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NOTIFIER = "notifier"


def upgrade() -> None:
    key = sa.Text(collation="C")
    op.alter_column(
        "message",
        "channel",
        nullable=True,
        comment="where it ends; null: in the house",
        existing_comment="where it ends",
        schema=NOTIFIER,
    )
    op.add_column(
        "message",
        sa.Column("do_by", sa.BigInteger(), comment="of a task: until when it should be done"),
        schema=NOTIFIER,
    )
    op.add_column(
        "message",
        sa.Column("expires_at", sa.BigInteger(), comment="of a task: from when on it is not worth doing"),
        schema=NOTIFIER,
    )
    _index("message_task", ["state", "do_by", "id"], "way = 'task'")
    _index("message_open", ["lane", "person"], "state = 'open'")
    _index("message_expires", ["lane", "expires_at"], "state = 'open'")
    op.create_table(
        "task",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("message", key, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when it was ticked off or put aside"),
        sa.Column("by", sa.Text(), nullable=False, comment="who did, as staff calls itself"),
        sa.Column("outcome", key),
        sa.Column("note", sa.Text()),
        sa.PrimaryKeyConstraint("lane", "message"),
        schema=NOTIFIER,
        comment="what staff said of tasks",
    )


def _index(name: str, columns: list[str], where: str) -> None:
    op.create_index(name, "message", columns, schema=NOTIFIER, postgresql_where=sa.text(where))


def downgrade() -> None:
    op.drop_table("task", schema=NOTIFIER)
    for name in ("message_expires", "message_open", "message_task"):
        op.drop_index(name, "message", schema=NOTIFIER)
    op.drop_column("message", "expires_at", schema=NOTIFIER)
    op.drop_column("message", "do_by", schema=NOTIFIER)
    op.execute("update notifier.message set channel = 'email' where channel is null")
    op.alter_column("message", "channel", nullable=False, comment="where it ends", schema=NOTIFIER)
