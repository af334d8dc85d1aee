"""Figures: the daily differences they are added up from."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COUNTED = (
    "entered",
    "gone",
    "money_in",
    "money_out",
    "orders",
    "revenue",
    "customers",
    "repeaters",
    "active",
    "buyers",
    "lapsed",
    "won_back",
    "lost",
    "on_rung",
    "in_stage",
)


def upgrade() -> None:
    key = sa.Text(collation="C")
    op.create_table(
        "figure",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("span", key, nullable=False, comment="day or month"),
        sa.Column("kind", key, nullable=False, comment="cell, cohort or way"),
        sa.Column(
            "day",
            sa.Integer(),
            nullable=False,
            comment="the first of the span, in days since 1970-01-01 in the shop's zone",
        ),
        sa.Column("key", key, nullable=False, comment="which cell, cohort or way"),
        *[sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTED],
        sa.PrimaryKeyConstraint("lane", "span", "kind", "day", "key"),
        schema="ladder",
        comment="daily differences: what they sum up to is a figure",
    )
    # Whoever stands already has not been counted: a refold does it.
    op.execute(
        "insert into ladder.meta (name, value) select 'figures', 'missing' where exists (select from ladder.standing)"
    )


def downgrade() -> None:
    op.drop_table("figure", schema="ladder")
    op.execute("delete from ladder.meta where name = 'figures'")
