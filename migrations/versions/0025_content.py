"""Useful content for mail, from a folder or from a feed; groups of profiles.

Whoever shows a group by now is looked at once: what was told before is no news, its end is.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_NOW = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"


def upgrade() -> None:
    op.create_table(
        "piece",
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False, comment="folder, or the address of the feed"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.Text()),
        sa.Column("categories", ARRAY(sa.Text()), nullable=False, comment="of goods it is about; none: for everybody"),
        sa.Column("languages", ARRAY(sa.Text()), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False, comment="since when it is new; 0: not known"),
        sa.Column("valid_until", sa.BigInteger()),
        sa.Column("withdrawn", sa.Boolean(), nullable=False, comment="no more where it came from"),
        sa.PrimaryKeyConstraint("key"),
        schema="notifier",
        comment="useful content for mail, of all lanes together",
    )
    op.create_table(
        "feed",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column(
            "next_at", sa.BigInteger(), nullable=False, comment="when it is asked again, by the database's clock"
        ),
        sa.Column("etag", sa.Text()),
        sa.Column("modified", sa.Text(), comment="as it told"),
        sa.PrimaryKeyConstraint("url"),
        schema="notifier",
        comment="feeds of content, of all lanes together",
    )
    op.execute(
        f"""
        insert into notifier.occasion (lane, person, kind, since, year, due_at)
        select distinct lane, person, 'moment.group', {_NOW}, 0, {_NOW} from notifier.profile
        where convert_from(body, 'UTF8') like '%"groups":[%' on conflict do nothing
        """
    )


def downgrade() -> None:
    op.execute("delete from notifier.occasion where kind in ('moment.group', 'moment.content')")
    for name in ("feed", "piece"):
        op.drop_table(name, schema="notifier")
