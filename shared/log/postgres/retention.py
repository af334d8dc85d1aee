"""Forgetting what is older than its topic keeps."""

import asyncio
from contextlib import suppress
from typing import Final

from shared.log import LogUnavailableError
from shared.log.postgres.session import Session

# First the lane says that it no longer has the records, then they go: no reader takes a gap for the whole.
_RAISE: Final = """
update log.position p set first_offset = kept.first
from (
    select e.topic, e.lane, coalesce((
        select r."offset" from log.record r
        where r.topic = e.topic and r.lane = e.lane and r."offset" >= e.first_offset
            and r.appended_at >= now() - t.retention_days * interval '1 day'
        order by r."offset" limit 1
    ), e.next_offset) as first
    from log.position e join log.topic t on t.id = e.topic
    where t.retention_days is not null
) kept
where p.topic = kept.topic and p.lane = kept.lane and p.first_offset < kept.first
"""

# One process deletes at a time, some at a time.
_DELETE: Final = """
with mine as materialized (
    select pg_try_advisory_xact_lock(hashtext('log retention')) as got
), gone as (
    delete from log.record where ctid = any(array(
        select r.ctid from log.position p
        join log.record r on r.topic = p.topic and r.lane = p.lane and r."offset" < p.first_offset
        where (select got from mine)
        limit 5000
    ))
    returning 1
)
select count(*) from gone
"""


class Retention:
    """Deletes old records now and then; every process that has the log open takes part."""

    def __init__(self, dsn: str, *, every: float, deadline: float) -> None:
        self._every = every
        self._session = Session(dsn, name="log-retention", deadline=deadline)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            with suppress(LogUnavailableError):
                await self._session.fetch(_RAISE)
                while (await self._session.fetch(_DELETE))[0][0]:
                    pass
            await asyncio.sleep(self._every)

    async def close(self) -> None:
        """Disconnect."""
        await self._session.close()
