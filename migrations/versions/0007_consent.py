"""Sales that permit to write, and the basis that a message stands on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.Text(collation="C")
    op.create_table(
        "sale",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("source", key, nullable=False),
        sa.Column("id", key, nullable=False),
        sa.Column("order_id", key, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("refund", sa.Boolean(), nullable=False),
        sa.Column("amount", sa.Numeric(), comment="major units; of a refund null for all of it"),
        sa.Column(
            "categories",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="of the goods, as the shop names them",
        ),
        sa.PrimaryKeyConstraint("lane", "person", "source", "id"),
        schema="notifier",
        comment="purchases and refunds: a sale that stands can be what permits to write",
    )
    op.add_column("message", sa.Column("basis", key, comment="what it stands on"), schema="notifier")
    op.add_column(
        "message",
        sa.Column("basis_fact", sa.Text(), comment="id of the consent, or of the order, that this is"),
        schema="notifier",
    )


def downgrade() -> None:
    op.drop_column("message", "basis_fact", schema="notifier")
    op.drop_column("message", "basis", schema="notifier")
    op.drop_table("sale", schema="notifier")
