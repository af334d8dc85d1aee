"""A worker: leases its fair share of a service's lanes in PostgreSQL and runs a task for each."""

import asyncio
import contextlib
from typing import NamedTuple

import structlog

from shared import telemetry
from shared.db import DatabaseError, Pool
from shared.lanes import FencedError
from shared.lanes.session import Horizon, Plan
from shared.lanes.store import Lane, LaneStore
from shared.lanes.task import LaneTask
from shared.log import Log, LogUnavailableError

_log = structlog.get_logger("worker")

LEASE_SECONDS = 8.0
BEAT_SECONDS = 2.0
HORIZON_SECONDS = 1.0
SHOW_SECONDS = 5.0
"""How often the log is told, for dashboards, how far its lanes are processed."""
BLOCKED_SECONDS = 1.0
"""A claim that waits longer than this for the lane's row ends the sessions that hold it."""
CLAIMS_AT_ONCE = 2
"""Each may need a second connection, to end who holds it up."""

STOP_SECONDS = 4.0
"""A lane that has not stopped by then is cut off."""
LEAVE_SECONDS = 7.0
"""Then a worker ends without having given everything back; its leases run out."""


class _Owned(NamedTuple):
    task: LaneTask
    running: asyncio.Task[None]


class Worker:
    """Takes free or expired lanes up to its share, gives back what is above it, and everything at the end."""

    def __init__(
        self, plan: Plan, log: Log, pool: Pool, control: Pool, *, worker_id: str, lanes: int, sweeps: bool
    ) -> None:
        self._plan = plan
        self._log = log
        self._pool = pool
        self._control = control
        """A small pool of its own: a lease must never wait for a batch's connection."""
        self._id = worker_id
        self._lanes = lanes
        self._sweeps = sweeps
        """Whether deadlines fire by the wall clock (else the facts tell the time)."""
        self._store = LaneStore(plan.service, lease_seconds=LEASE_SECONDS)
        self._owned: dict[int, _Owned] = {}
        self._horizon: Horizon | None = None
        self._claiming = asyncio.Semaphore(CLAIMS_AT_ONCE)

    def owned(self) -> dict[int, int]:
        """The lanes that are this worker's now, with their epochs."""
        return {number: owned.task.lane.epoch for number, owned in self._owned.items()}

    async def run(self) -> None:
        """Lease and work until cancelled. Raises what no lane can go on with, such as LostRecordsError."""
        besides = [asyncio.create_task(self._show())]
        if self._sweeps:
            besides.append(asyncio.create_task(self._look_ahead()))
        try:
            while True:
                for task in besides:
                    if task.done():
                        task.result()
                await self._beat()
                await asyncio.sleep(BEAT_SECONDS)
        finally:
            for task in besides:
                task.cancel()
            await self._leave()

    # -- leases --------------------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        self._forget_ended()
        try:
            async with self._control.acquire() as connection:
                living, before = await self._store.beat(connection, self._id, self.owned())
                lost = await self._store.lost(connection, self.owned())
                free = await self._store.free_lanes(connection)
            for number in lost:
                await self._lose(number)
            free = [lane for lane in free if lane not in self._owned]
            share = self._lanes // living + (before < self._lanes % living)
            await self._give_back(len(self._owned) - share)
            await asyncio.gather(*(self._take(lane) for lane in free[: max(0, share - len(self._owned))]))
        except DatabaseError as error:
            _log.warning("worker.database_away", service=self._plan.service, reason=repr(error))
        telemetry.LANES_OWNED.labels(self._plan.service).set(len(self._owned))

    def _forget_ended(self) -> None:
        for number, owned in list(self._owned.items()):
            if owned.running.done():
                del self._owned[number]
                owned.running.result()

    async def _lose(self, number: int) -> None:
        """Somebody took the lane: this worker slept, or was away from the database, for longer than its lease."""
        if (owned := self._owned.pop(number, None)) is not None:
            telemetry.FENCED.labels(self._plan.service).inc()
            _log.warning("worker.lane_lost", service=self._plan.service, lane=number, epoch=owned.task.lane.epoch)
            await _cut_off(owned)

    async def _take(self, number: int) -> None:
        async with self._claiming:
            lane = await self._claim(number)
        if lane is None:
            return
        task = LaneTask(self._plan, self._log, self._pool, self._store, lane, lambda: self._horizon)
        self._owned[number] = _Owned(task, asyncio.create_task(task.run()))
        _log.info("worker.lane_taken", service=self._plan.service, lane=number, epoch=lane.epoch)

    async def _claim(self, number: int) -> Lane | None:
        async with self._control.acquire() as connection:
            pid = connection.get_server_pid()
            claiming = asyncio.ensure_future(self._store.claim(connection, number, self._id))
            try:
                done, _ = await asyncio.wait([claiming], timeout=BLOCKED_SECONDS)
                if not done:
                    await self._end_blockers(number, pid)
                return await claiming
            except FencedError:  # it was somebody else's again before it could be read
                return None
            finally:
                # Who is cancelled here must not give the connection back while the claim still uses it.
                claiming.cancel()
                with contextlib.suppress(asyncio.CancelledError, *DatabaseError):
                    await claiming

    async def _end_blockers(self, number: int, pid: int) -> None:
        async with self._control.acquire() as connection:
            ended = await self._store.end_blockers(connection, pid)
        _log.warning("worker.ended_sessions", service=self._plan.service, lane=number, sessions=len(ended))

    async def _give_back(self, surplus: int) -> None:
        if surplus > 0:
            await asyncio.gather(*(self._release(number) for number in sorted(self._owned)[-surplus:]))

    async def _release(self, number: int) -> None:
        owned = self._owned[number]
        owned.task.stop()
        await asyncio.wait([owned.running], timeout=STOP_SECONDS)
        await _cut_off(owned)  # if it hangs on something that is away; what is committed is safe, the rest is not done
        self._owned.pop(number, None)
        async with self._control.acquire() as connection:
            await self._store.release(connection, number, owned.task.lane.epoch)
        _log.info("worker.lane_given_back", service=self._plan.service, lane=number)

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._give_back(len(self._owned))
                async with self._control.acquire() as connection:
                    await self._store.leave(connection, self._id)
        except DatabaseError as error:
            _log.warning("worker.left_silently", service=self._plan.service, reason=repr(error))

    # -- the horizon ---------------------------------------------------------------------------------------------

    async def _look_ahead(self) -> None:
        """First the clock, then the ends: whoever has read up to them has read all there was at that instant."""
        while True:
            with contextlib.suppress(LogUnavailableError, *DatabaseError):
                async with self._control.acquire() as connection:
                    now = await self._store.clock(connection)
                self._horizon = Horizon(now, await self._ends())
            await asyncio.sleep(HORIZON_SECONDS)

    async def _ends(self) -> dict[tuple[str, int], int]:
        per_topic = await asyncio.gather(*(self._log.end_positions(topic) for topic in self._plan.topics))
        return {
            (topic, lane): end
            for topic, ends in zip(self._plan.topics, per_topic, strict=True)
            for lane, end in ends.items()
        }

    async def _show(self) -> None:
        """Tell dashboards how far this worker's lanes are processed."""
        while True:
            await asyncio.sleep(SHOW_SECONDS)
            positions = {
                (topic, number): position
                for number, owned in self._owned.items()
                for topic, position in owned.task.positions.items()
            }
            try:
                await self._log.show(f"loyalty-{self._plan.service}", positions)
            except LogUnavailableError as error:
                _log.debug("worker.not_shown", service=self._plan.service, reason=str(error))


async def _cut_off(owned: _Owned) -> None:
    """Cancel the task, if it still runs; what it failed with is raised."""
    owned.running.cancel()
    await asyncio.wait([owned.running])
    if not owned.running.cancelled():
        owned.running.result()
