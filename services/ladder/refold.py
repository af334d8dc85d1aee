"""`python -m services.ladder refold`: fold everybody anew with the rules, zone and currency of now.

Lane by lane, each lane taken like a worker takes it (epoch + 1), a few hundred persons in a transaction; after a stop
it goes on where it was. Until it is through no ladder starts. Announces nothing unless `--emit`.
"""

import argparse
import asyncio
import sys
from dataclasses import dataclass

import msgspec

from services.ladder import store
from services.ladder.core.rules import Rules
from services.ladder.figures import store as figures
from services.ladder.lanes import manner_of
from services.ladder.rulebook.book import Book
from services.ladder.rulebook.opening import FOLDED_WITH, adopt, kept
from services.ladder.settings import LadderSettings
from services.ladder.turn import Turn
from services.ladder.writing import write
from shared import db
from shared.embedded import EmbeddedPostgres, EmbeddedPostgresError
from shared.lanes.store import Lane, LaneStore
from shared.settings import RefusedError, SettingsError, load

PAGE = 500
LEASE_SECONDS = 60.0
PROGRESS = "refold"
"""Where the job notes how far it came."""
WORKER = "refold"
"""As whom it takes lanes."""


class Progress(msgspec.Struct):
    """`done`: by lane the last person refolded, None when the lane is finished."""

    digest: str
    done: dict[str, str | None] = {}


@dataclass(frozen=True, slots=True)
class Job:
    """One run of the command."""

    settings: LadderSettings
    book: Book
    lanes: LaneStore
    emit: bool

    @property
    def rules(self) -> Rules:
        """Those to fold with."""
        return self.book.rules


def main(arguments: list[str]) -> None:
    """Run the job; a refusal is one line and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m services.ladder refold", description=__doc__)
    parser.add_argument("--emit", action="store_true", help="announce what changes; otherwise it changes in silence")
    chosen = parser.parse_args(arguments)
    try:
        settings = load(LadderSettings)
        people, rules = asyncio.run(_run(settings, emit=chosen.emit))
    except (SettingsError, RefusedError, EmbeddedPostgresError, db.UnmigratedError) as refused:
        sys.exit(str(refused))
    sys.stdout.write(f"{people} persons refolded with rules version {rules.version}.\n")


async def _run(settings: LadderSettings, *, emit: bool) -> tuple[int, Rules]:
    """Refold in the database of DATABASE_URL, or in the embedded one, which then must not be in use."""
    if settings.database_url is not None:
        dsn = settings.database_url.get_secret_value()
        await db.check_migrated(dsn)
        return await refold(settings, dsn, emit=emit)
    async with EmbeddedPostgres(settings.data_dir) as dsn:
        await asyncio.to_thread(db.migrate, dsn)
        return await refold(settings, dsn, emit=emit)


async def refold(settings: LadderSettings, dsn: str, *, emit: bool) -> tuple[int, Rules]:
    """How many people were refolded, and with which rules: RULES_FILE's where it has changed, else those kept.

    Raises RefusedError.
    """
    pool = await db.pool(dsn, size=1, name="ladder-refold")
    async with pool, pool.acquire() as connection:
        lanes = LaneStore("ladder", lease_seconds=LEASE_SECONDS)
        job = Job(settings, await kept(connection, settings), lanes, emit)
        if await job.lanes.living(connection):
            raise RefusedError("ladder workers are running with the rules of before: stop them first")
        if not await store.be_only_refold(connection):
            raise RefusedError("another refold is running")
        await job.lanes.release_all(connection, WORKER)  # what one that was killed held
        await job.lanes.set_meta(connection, FOLDED_WITH, f"half refolded to {job.rules.digest}")
        progress = await _progress(connection, job)
        people = 0
        for number in range(job.settings.lanes):
            people += await _refold_lane(connection, job, progress, number)
        await adopt(connection, settings, job.book)
        await job.lanes.set_meta(connection, figures.MISSING, "")
        await job.lanes.set_meta(connection, PROGRESS, "")
        return people, job.rules


async def _progress(connection: db.Connection, job: Job) -> Progress:
    noted = await job.lanes.meta(connection, PROGRESS)
    progress = msgspec.json.decode(noted, type=Progress) if noted else Progress(job.rules.digest)
    return progress if progress.digest == job.rules.digest else Progress(job.rules.digest)


async def _refold_lane(connection: db.Connection, job: Job, progress: Progress, number: int) -> int:
    if progress.done.get(str(number), "") is None:
        return 0
    lane = await job.lanes.claim(connection, number, WORKER)
    if lane is None:
        raise RefusedError(f"lane {number} is held by a worker: stop the ladder first")
    people = 0
    while (after := progress.done.get(str(number), "")) is not None:
        lane, page = await _refold_page(connection, job, progress, lane, after)
        people += page
        sys.stderr.write(f"\rlane {number}: {people} persons")
    await job.lanes.release(connection, number, lane.epoch)
    sys.stderr.write("\n")
    return people


async def _refold_page(
    connection: db.Connection, job: Job, progress: Progress, lane: Lane, after: str
) -> tuple[Lane, int]:
    """One page of persons in one transaction, the progress with it."""
    async with connection.transaction():
        now = await job.lanes.begin(connection, lane.lane, lane.epoch, lane.turn)
        until = (lane.time or 0) if job.settings.clock == "facts" else now
        if not after:
            await figures.clear(connection, lane.lane)
        stored = await store.page(connection, lane.lane, after, PAGE)
        turn = Turn(manner_of(job.settings, job.rules), lane.lane, lane.seq, now)
        for person, rows in (await store.facts(connection, lane.lane, list(stored))).items():
            turn.know(person, stored[person])
            turn.know_facts(person, rows)
            turn.refold(person, until, emit=job.emit)
        await write(connection, turn)
        told = list(enumerate(turn.outbox, lane.seq + 1))
        progress.done[str(lane.lane)] = max(stored) if len(stored) == PAGE else None
        await job.lanes.set_meta(connection, PROGRESS, msgspec.json.encode(progress).decode())
        after_page = lane._replace(turn=lane.turn + 1, seq=lane.seq + len(told))
        await job.lanes.save(connection, after_page, now, told)
    return after_page, len(stored)
