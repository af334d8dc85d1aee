"""Offers: vouchers and their redemption, pools of partner codes, budgets, orders, perks with an end."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _extend_vouchers()
    _create_redemption()
    _create_budgets()
    _create_pools()
    _create_orders()
    _extend_perks()


def downgrade() -> None:
    for table in ("refund", "purchase", "pool_code", "budget", "withheld", "redemption"):
        op.drop_table(table, schema="notifier")
    op.drop_index("voucher_issued", schema="notifier")
    op.execute("delete from notifier.voucher where percent is null")
    op.alter_column("voucher", "percent", nullable=False, schema="notifier")
    for column in (
        "play", "offer", "kind", "amount", "categories", "single_use", "bound", "withdrawn_at", "given_back_at",
    ):  # fmt: skip
        op.drop_column("voucher", column, schema="notifier")
    op.execute("delete from notifier.perk where rung is null")
    op.execute(
        """
        delete from notifier.perk p using notifier.perk n
        where n.lane = p.lane and n.person = p.person and n.rung = p.rung
        and (n.granted_at, n.id) > (p.granted_at, p.id)
        """
    )
    op.drop_constraint("perk_pkey", "perk", schema="notifier")
    op.create_primary_key("perk_pkey", "perk", ["lane", "person", "rung"], schema="notifier")
    for column in ("id", "perk"):
        op.drop_column("perk", column, schema="notifier")


def _key() -> sa.Text:
    return sa.Text(collation="C")


def _extend_vouchers() -> None:
    op.alter_column("voucher", "percent", nullable=True, schema="notifier")
    for column in (
        sa.Column("play", _key(), nullable=False, server_default="win_back"),
        sa.Column("offer", _key(), nullable=False, server_default="win_back"),
        sa.Column("kind", _key(), nullable=False, server_default="percent"),
        sa.Column("amount", sa.BigInteger(), comment="minor units"),
        sa.Column("categories", postgresql.ARRAY(sa.Text()), nullable=False, server_default="{}"),
        sa.Column("single_use", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        sa.Column("bound", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("withdrawn_at", sa.BigInteger()),
        sa.Column("given_back_at", sa.BigInteger(), comment="a refund gave it back, which happens once"),
    ):
        op.add_column("voucher", column, schema="notifier")
    op.create_index("voucher_issued", "voucher", ["issued_at"], schema="notifier")


def _create_redemption() -> None:
    op.create_table(
        "redemption",
        sa.Column("lane", sa.Integer(), nullable=False, comment="the voucher's, whoever redeems it"),
        sa.Column("code", _key(), nullable=False),
        sa.Column("order_id", _key(), nullable=False),
        sa.Column("person", _key(), comment="who redeemed it, as far as told"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False, comment="of the order before the voucher, minor units"),
        sa.Column("discount", sa.BigInteger(), nullable=False, comment="minor units"),
        sa.Column("refunded_at", sa.BigInteger()),
        sa.Column("released", sa.Boolean(), nullable=False, comment="refunded, and the voucher may be used again"),
        sa.Column("untold", sa.Boolean(), nullable=False),
        sa.Column("return_untold", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "code", "order_id"),
        schema="notifier",
    )
    op.create_index("redemption_order", "redemption", ["order_id"], schema="notifier")
    op.create_index("redemption_at", "redemption", ["at"], schema="notifier")
    op.create_index(
        "redemption_untold",
        "redemption",
        ["lane"],
        schema="notifier",
        postgresql_where=sa.text("untold or return_untold"),
    )


def _create_budgets() -> None:
    op.create_table(
        "withheld",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("message", _key(), nullable=False),
        sa.Column("person", _key(), nullable=False),
        sa.Column("play", _key(), nullable=False),
        sa.Column("offer", _key(), nullable=False),
        sa.Column("reason", _key(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "message"),
        schema="notifier",
        comment="messages that went without their offer, and why",
    )
    op.create_index("withheld_at", "withheld", ["at"], schema="notifier")
    op.create_table(
        "budget",
        sa.Column("play", _key(), nullable=False),
        sa.Column("month", _key(), nullable=False, comment="such as 2026-03, in the shop's time zone"),
        sa.Column(
            "spent", sa.BigInteger(), nullable=False, comment="minor units, by the planned cost of what was given"
        ),
        sa.PrimaryKeyConstraint("play", "month"),
        schema="notifier",
        comment="of all lanes together",
    )


def _create_pools() -> None:
    op.create_table(
        "pool_code",
        sa.Column("pool", _key(), nullable=False),
        sa.Column(
            "number",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="the order in which they are given",
        ),
        sa.Column("code", _key(), nullable=False),
        sa.Column("valid_until", sa.BigInteger()),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.Integer()),
        sa.Column("message", _key(), comment="that brought it; null: not given yet"),
        sa.Column("person", _key()),
        sa.Column("play", _key()),
        sa.Column("offer", _key()),
        sa.Column("given_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("pool", "number"),
        sa.UniqueConstraint("pool", "code"),
        schema="notifier",
        comment="partner codes, of all lanes together",
    )
    op.create_index(
        "pool_code_left",
        "pool_code",
        ["pool", "number"],
        schema="notifier",
        postgresql_where=sa.text("message is null"),
    )
    op.create_index("pool_code_message", "pool_code", ["lane", "message"], schema="notifier")


def _create_orders() -> None:
    op.create_table(
        "purchase",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", _key(), nullable=False),
        sa.Column("order_id", _key(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("id", _key(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False, comment="minor units"),
        sa.PrimaryKeyConstraint("lane", "person", "order_id"),
        schema="notifier",
    )
    op.create_table(
        "refund",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("person", _key(), nullable=False),
        sa.Column("order_id", _key(), nullable=False),
        sa.Column("source", _key(), nullable=False),
        sa.Column("id", _key(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), comment="minor units; null: in full"),
        sa.PrimaryKeyConstraint("lane", "person", "order_id", "source", "id"),
        schema="notifier",
    )


def _extend_perks() -> None:
    op.add_column("perk", sa.Column("id", _key()), schema="notifier")
    op.add_column("perk", sa.Column("perk", _key(), comment="the offer's name"), schema="notifier")
    op.execute("update notifier.perk set id = 'rung-' || rung || '@' || granted_at")
    op.alter_column("perk", "id", nullable=False, schema="notifier")
    op.drop_constraint("perk_pkey", "perk", schema="notifier")
    op.create_primary_key("perk_pkey", "perk", ["lane", "person", "id"], schema="notifier")
    op.alter_column(
        "perk", "rung", nullable=True, comment="that brings it; null: an offer of the book", schema="notifier"
    )
    op.alter_column("perk", "withdrawn_at", comment="its end, which may be ahead", schema="notifier")
