"""What the people on each rung cost and bring, day by day; figures by source."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0017"
branch_labels = None
depends_on = None

COUNTED = (
    "costed",
    "cost",
    "served",
    "complaints",
    "refunds",
    "acquisition",
    "friends_spent",
    "friends_costed",
    "friends_cost",
)
WORDS = {"kind": "cell, cohort, source or way", "key": "which cell, cohort, source or way"}
FORMER_WORDS = {"kind": "cell, cohort or way", "key": "which cell, cohort or way"}


def upgrade() -> None:
    key = sa.Text(collation="C")
    op.create_table(
        "worth",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("span", key, nullable=False, comment="day or month"),
        sa.Column("kind", key, nullable=False, comment="brought or carried"),
        sa.Column(
            "day",
            sa.Integer(),
            nullable=False,
            comment="the first of the span, in days since 1970-01-01 in the shop's zone",
        ),
        sa.Column("key", key, nullable=False, comment="the rung"),
        *[sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTED],
        sa.PrimaryKeyConstraint("lane", "span", "kind", "day", "key"),
        schema="ladder",
        comment="daily differences of what people on a rung cost and bring besides what they pay",
    )
    _comment(WORDS, FORMER_WORDS)
    # Of whoever stands already neither source nor cost has been counted: a refold does it.
    op.execute(
        "insert into ladder.meta (name, value) select 'figures', 'missing' where exists (select from ladder.standing) "
        "on conflict (name) do update set value = excluded.value"
    )


def downgrade() -> None:
    op.execute("delete from ladder.figure where kind = 'source'")
    _comment(FORMER_WORDS, WORDS)
    op.drop_table("worth", schema="ladder")


def _comment(words: dict[str, str], former: dict[str, str]) -> None:
    for column, comment in words.items():
        op.alter_column("figure", column, comment=comment, existing_comment=former[column], schema="ladder")
