"""The ladder: what people are worth, to put them in order by."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.Text(collation="C")
    op.create_table(
        "estimate",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("net_value", sa.BigInteger(), nullable=False, comment="minor units"),
        sa.Column("chance_now", sa.Double(), comment="of a purchase within the horizon; null: never bought"),
        sa.Column("expected_value", sa.BigInteger(), nullable=False, comment="minor units, of the next 365 days"),
        sa.Column("at_stake", sa.BigInteger(), nullable=False, comment="minor units"),
        sa.PrimaryKeyConstraint("lane", "person"),
        schema="ladder",
        comment="what people are worth, made anew from time to time",
    )
    for column in ("net_value", "chance_now", "at_stake"):
        op.create_index(f"estimate_{column}", "estimate", [column, "lane", "person"], schema="ladder")


def downgrade() -> None:
    op.drop_table("estimate", schema="ladder")
