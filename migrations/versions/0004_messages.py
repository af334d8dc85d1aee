"""Messages know their step, channel, purpose, way and offer."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.Text(collation="C")
    for column in (
        sa.Column(
            "step",
            sa.SmallInteger(),
            nullable=False,
            server_default=sa.text("0"),
            comment="its place in the play's series",
        ),
        sa.Column("channel", key, nullable=False, server_default=sa.text("'email'"), comment="where it ends"),
        sa.Column("purpose", key, nullable=False, server_default=sa.text("'marketing'")),
        sa.Column("way", key, nullable=False, server_default=sa.text("'mail'"), comment="who carries it there"),
        sa.Column("offer", key, comment="the offer of the book that comes with it"),
    ):
        op.add_column("message", column, schema="notifier")


def downgrade() -> None:
    for name in ("offer", "way", "purpose", "channel", "step"):
        op.drop_column("message", name, schema="notifier")
