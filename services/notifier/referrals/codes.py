"""The SQL of referral codes: whose is which. A code is known from the mail on that shows it."""

from collections.abc import Sequence

from shared.db import Connection


async def keep(tx: Connection, lane: int, shown: Sequence[tuple[str, str]]) -> None:
    """Keep these codes, (code, person) each."""
    if shown:
        await tx.executemany(
            "insert into notifier.referral_code (lane, code, person) values ($1, $2, $3) on conflict do nothing",
            [(lane, code, person) for code, person in shown],
        )


async def owner(connection: Connection, code: str) -> str | None:
    """Whose code this is; None: nobody's."""
    found: str | None = await connection.fetchval("select person from notifier.referral_code where code = $1", code)
    return found
