"""Days that come round every year, personal codes for referrals, and whose purchase a message thanks for.

Whoever has a profile or an order by now is looked at once, and then when there is something to look at.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None

_NOW = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"


def upgrade() -> None:
    key = sa.Text(collation="C")
    op.create_table(
        "occasion",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", key, nullable=False),
        sa.Column("kind", key, nullable=False, comment="such as moment.birthday"),
        sa.Column("since", sa.BigInteger(), nullable=False, comment="what came before is over"),
        sa.Column("year", sa.SmallInteger(), nullable=False, comment="the last one in which it was kept"),
        sa.Column("due_at", sa.BigInteger(), comment="when to look: it comes then or later"),
        sa.PrimaryKeyConstraint("lane", "person", "kind"),
        schema="notifier",
        comment="days of persons that come round every year",
    )
    op.create_index(
        "occasion_due",
        "occasion",
        ["lane", "due_at"],
        schema="notifier",
        postgresql_where=sa.text("due_at is not null"),
    )
    op.create_table(
        "referral_code",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("code", key, nullable=False),
        sa.Column("person", key, nullable=False),
        sa.PrimaryKeyConstraint("lane", "code"),
        schema="notifier",
        comment="by which persons refer others, as mail has shown them",
    )
    op.create_index("referral_code_code", "referral_code", ["code"], schema="notifier")
    op.add_column("message", sa.Column("friend", key, comment="whose purchase it thanks for"), schema="notifier")
    op.add_column("run", sa.Column("friend", key, comment="whose purchase began it"), schema="notifier")
    for kind, table in (("moment.birthday", "profile"), ("moment.anniversary", "sale")):
        op.execute(
            f"""
            insert into notifier.occasion (lane, person, kind, since, year, due_at)
            select distinct lane, person, '{kind}', {_NOW}, 0, {_NOW} from notifier.{table}
            """
        )


def downgrade() -> None:
    for table in ("run", "message"):
        op.drop_column(table, "friend", schema="notifier")
    for name in ("referral_code", "occasion"):
        op.drop_table(name, schema="notifier")
