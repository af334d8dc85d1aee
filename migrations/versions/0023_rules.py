"""Versions of the rules, how far each lane has come from one to the next, and by which a transition was decided."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

BY_VERSION = "the version of the rules by which it was decided; null: before versions were kept"


def upgrade() -> None:
    key = sa.Text(collation="C")
    op.create_table(
        "rules",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="as a rules.toml"),
        sa.Column("digest", key, nullable=False, comment="of everything that changes a fold"),
        sa.Column("put_at", sa.BigInteger(), nullable=False),
        sa.Column("put_by", sa.Text(), nullable=False),
        sa.Column("activated_at", sa.BigInteger(), comment="the newest is in force, or comes; null: a draft"),
        sa.Column("emit", sa.Boolean(), nullable=False, comment="whether its activation announces what it changes"),
        sa.PrimaryKeyConstraint("version"),
        schema="ladder",
        comment="versions of the rules",
    )
    op.create_table(
        "lane_rules",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="by which the lane's persons are folded"),
        sa.Column("coming", sa.Integer(), comment="the version to which the lane is going over"),
        sa.Column(
            "reached",
            key,
            nullable=False,
            server_default=sa.text("''"),
            comment="persons up to this one are folded by the coming version",
        ),
        sa.Column("people", sa.BigInteger(), nullable=False, server_default=sa.text("0"), comment="how many these are"),
        sa.PrimaryKeyConstraint("lane"),
        schema="ladder",
        comment="by which version of the rules each lane's persons are folded",
    )
    op.add_column("transition", sa.Column("rules_version", sa.Integer(), comment=BY_VERSION), schema="ladder")


def downgrade() -> None:
    op.drop_column("transition", "rules_version", schema="ladder")
    op.drop_table("lane_rules", schema="ladder")
    op.drop_table("rules", schema="ladder")
