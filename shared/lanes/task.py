"""The task of one owned lane, from the moment it was claimed until it is lost or given back."""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from shared import telemetry
from shared.db import DatabaseError, Pool
from shared.lanes import FencedError
from shared.lanes.session import Horizon, Plan, Session
from shared.lanes.store import Lane, LaneStore
from shared.log import Log, LogUnavailableError, LostRecordsError
from shared.settings import RefusedError

_log = structlog.get_logger("lane")

BACK_OFF_SECONDS = 0.5
DRAIN_SECONDS = 2.0
FIRST_BATCH = 64
"""Records in a new owner's first batch; more with each success. What the last owner failed on may be heavy."""


class LaneTask:
    """Keeps a session going; after an error it begins anew from what the database says.

    After an error batches are smaller for a while: one that takes longer than the database waits would never end.
    """

    def __init__(
        self,
        plan: Plan,
        log: Log,
        pool: Pool,
        store: LaneStore,
        lane: Lane,
        horizon: Callable[[], Horizon | None],
    ) -> None:
        self._plan = plan
        self._log = log
        self._pool = pool
        self._store = store
        self._horizon = horizon
        self._stopping = False
        self._limit = min(FIRST_BATCH, plan.batch_limit)
        self.lane = lane
        self._session_now: Session | None = None

    @property
    def positions(self) -> Mapping[str, int]:
        """What comes next, by topic."""
        return self._session_now.positions if self._session_now is not None else self.lane.positions

    def stop(self) -> None:
        """Finish the transaction under way, publish what is committed, and end."""
        self._stopping = True

    async def run(self) -> None:
        """Work until stopped or fenced.

        Raises LostRecordsError when the log lost what was not yet read, RefusedError when this program must not go on.
        """
        try:
            while not self._stopping:
                await self._session()
        except FencedError:
            telemetry.FENCED.labels(self._plan.service).inc()
            _log.warning("lane.fenced", service=self._plan.service, lane=self.lane.lane, epoch=self.lane.epoch)

    async def _session(self) -> None:
        try:
            await self._work()
        except (FencedError, LostRecordsError, RefusedError, asyncio.CancelledError):
            raise
        except (LogUnavailableError, *DatabaseError) as error:
            _log.warning("lane.interrupted", service=self._plan.service, lane=self.lane.lane, reason=repr(error))
        except Exception:
            _log.exception("lane.failed", service=self._plan.service, lane=self.lane.lane)
        else:
            return
        self._limit = max(1, self._limit // 4)
        await self._read_again()

    async def _work(self) -> None:
        session = Session(self._plan, self._log, self._pool, self._store, self.lane, self._limit)
        self._session_now = session
        try:
            await session.open()
            while not self._stopping:
                await session.turn(self._horizon())
            await session.drain(DRAIN_SECONDS)
        finally:
            self._limit = session.limit
            await session.close()

    async def _read_again(self) -> None:
        """The outcome of the last transaction is unknown: only the lane row can tell. Raises FencedError."""
        while not self._stopping:
            await asyncio.sleep(BACK_OFF_SECONDS)
            try:
                async with self._pool.acquire() as connection:
                    self.lane = await self._store.read(connection, self.lane.lane, self.lane.epoch)
                return
            except DatabaseError as error:
                _log.warning("lane.database_away", lane=self.lane.lane, reason=repr(error))
