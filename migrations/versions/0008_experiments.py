"""Experiments: whom plays on trial came to, and what became of them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.Text(collation="C")
    op.create_table(
        "exposure",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("play", key, nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("arm", key, nullable=False, comment="treated, held_out or control"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("message", key, nullable=False),
        sa.PrimaryKeyConstraint("lane", "play", "person"),
        schema="notifier",
        comment="whom plays on trial came to, for the first time",
    )
    op.create_index("exposure_play", "exposure", ["play"], schema="notifier")
    op.create_index("exposure_person", "exposure", ["lane", "person"], schema="notifier")
    op.create_table(
        "milestone",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("kind", key, nullable=False, comment="promotion or lapse"),
        sa.Column("id", key, nullable=False, comment="the announcement's"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "person", "kind", "id"),
        schema="notifier",
    )


def downgrade() -> None:
    op.drop_table("milestone", schema="notifier")
    op.drop_table("exposure", schema="notifier")
