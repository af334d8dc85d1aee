"""The notifier: what was heard long ago is found, and forgotten."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("heard_at", "heard", ["lane", "at"], schema="notifier")


def downgrade() -> None:
    op.drop_index("heard_at", "heard", schema="notifier")
