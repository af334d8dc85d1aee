"""The ladder: which friends a person is credited with."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.Text(collation="C")
    op.create_table(
        "referral",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False, comment="who referred"),
        sa.Column("friend", key, nullable=False),
        sa.Column("friend_lane", sa.Integer(), nullable=False),
        sa.Column(
            "version", sa.BigInteger(), nullable=False, comment="of several credits for one friend the highest counts"
        ),
        sa.Column("credited", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "person", "friend"),
        schema="ladder",
        comment="friends whose purchases are credited to a person",
    )


def downgrade() -> None:
    op.drop_table("referral", schema="ladder")
