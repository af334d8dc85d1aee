"""The SQL of returns: which message came back how, and which addresses are not written to any more."""

from typing import Final

from services.notifier.returns.report import Report
from shared.db import Connection
from shared.lanes.store import NOW_US

SOFT_AT_MOST: Final = 3
"""So many messages that came back softly make an address count as gone."""


async def keep(tx: Connection, lane: int, message: str, person: str, address: str, report: Report) -> None:
    """Keep how a message came back; of several reports about one the hard one counts."""
    await tx.execute(
        f"""
        insert into notifier.bounce as old (lane, message, person, address, kind, status, detail, at)
        values ($1, $2, $3, $4, $5, $6, $7, {NOW_US})
        on conflict (lane, message) do update
        set kind = excluded.kind, status = excluded.status, detail = excluded.detail
        where old.kind = 'soft' and excluded.kind = 'hard'
        """,
        lane,
        message,
        person,
        address,
        report.kind,
        report.status,
        report.detail,
    )


async def mark_bounced(tx: Connection, lane: int, message: str, detail: str) -> None:
    """A message that was sent did not arrive."""
    await tx.execute(
        """
        update notifier.message set state = 'bounced', detail = $3, untold = true
        where lane = $1 and id = $2 and state in ('sent', 'ambiguous')
        """,
        lane,
        message,
        detail,
    )


async def suppressed(connection: Connection, lane: int, person: str, address: str) -> bool:
    """Whether mail to this person's address has come back for good, or too often."""
    return bool(
        await connection.fetchval(
            """
            select bool_or(kind = 'hard') or count(*) >= $4 from notifier.bounce
            where lane = $1 and person = $2 and address = $3
            """,
            lane,
            person,
            address,
            SOFT_AT_MOST,
        )
    )
