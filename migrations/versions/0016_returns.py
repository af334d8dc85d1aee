"""Mail that came back."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.Text(collation="C")
    op.create_table(
        "bounce",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("message", key, nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("address", key, nullable=False),
        sa.Column("kind", key, nullable=False, comment="hard or soft"),
        sa.Column("status", sa.Text(), comment="RFC 3463"),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "message"),
        schema="notifier",
        comment="mail that came back",
    )
    op.create_index("bounce_address", "bounce", ["lane", "person", "address"], schema="notifier")


def downgrade() -> None:
    op.drop_table("bounce", schema="notifier")
