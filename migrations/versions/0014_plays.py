"""Places in series, the facts that start and cancel plays, and where persons stand."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.Text(collation="C")
    op.create_table(
        "run",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("play", key, nullable=False),
        sa.Column("cause", key, nullable=False),
        sa.Column("cause_at", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("rung", sa.SmallInteger()),
        sa.Column("ends_at", sa.BigInteger(), comment="when the membership that began is to end"),
        sa.Column("step", sa.SmallInteger(), nullable=False, comment="the next one"),
        sa.Column("due_at", sa.BigInteger(), comment="when it is taken"),
        sa.Column("course", key, nullable=False),
        sa.Column("stopped_by", key),
        sa.PrimaryKeyConstraint("lane", "person", "play", "cause"),
        schema="notifier",
        comment="places of persons in series",
    )
    op.create_index(
        "run_due", "run", ["lane", "due_at"], schema="notifier", postgresql_where=sa.text("due_at is not null")
    )
    op.create_table(
        "fact",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("source", key, nullable=False),
        sa.Column("id", key, nullable=False),
        sa.Column("type", key, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("starts", postgresql.ARRAY(sa.Text()), nullable=False, comment="the plays that it starts"),
        sa.Column("ends_at", sa.BigInteger(), comment="when the membership that began is to end"),
        sa.Column("open", sa.Boolean(), nullable=False, comment="it has not been decided on"),
        sa.PrimaryKeyConstraint("lane", "person", "source", "id"),
        schema="notifier",
        comment="facts that start or cancel plays; of their data nothing else is kept",
    )
    op.create_index("fact_open", "fact", ["lane", "at"], schema="notifier", postgresql_where=sa.text("open"))
    op.create_table(
        "standing",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("rung", sa.SmallInteger(), nullable=False),
        sa.Column("phase", key, nullable=False),
        sa.Column("stage", key, nullable=False),
        sa.PrimaryKeyConstraint("lane", "person"),
        schema="notifier",
        comment="where persons stand, as last announced",
    )


def downgrade() -> None:
    for name in ("standing", "fact", "run"):
        op.drop_table(name, schema="notifier")
