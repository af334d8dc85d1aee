"""How many people stand on each rung in each stage, counted anew; an index of who is where."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("comment on column ladder.tally.kind is 'rung, stage, place (both) or announced'")
    op.execute(
        """
        insert into ladder.tally (lane, kind, key, people, spent)
        select lane, 'place', rung || '/' || phase || '/' || stage, count(*), 0 from ladder.standing group by 1, 2, 3
        """
    )
    op.create_index("standing_place", "standing", ["rung", "stage", "lane", "person"], schema="ladder")
