"""One process: connect, open its services, serve HTTP until told to stop. Each `__main__.py` names its services."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import structlog
import uvicorn
from fastapi import FastAPI

from shared import db, telemetry
from shared.embedded import EmbeddedPostgres, EmbeddedPostgresError
from shared.ending import Ending
from shared.http import Keys, Part, application, read_keys
from shared.log import Log, LogUnavailableError, LostRecordsError, TopicMismatchError
from shared.log.choice import log_of
from shared.settings import RefusedError, Settings, SettingsError, describe, load
from shared.topics import topics

VERSION = "0.1.0"

_log = structlog.get_logger("program")


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a service gets from the process it runs in."""

    log: Log
    dsn: str | None
    """PostgreSQL; None only where no service of the process needs it."""
    worker_id: str
    tasks: asyncio.TaskGroup
    """Background work goes here: if it fails, the process ends."""


REFUSALS = (
    SettingsError,
    RefusedError,
    EmbeddedPostgresError,
    LogUnavailableError,
    LostRecordsError,
    TopicMismatchError,
    db.UnmigratedError,
)
"""What ends a program with one line instead of a traceback."""

AnySettings = TypeVar("AnySettings", bound=Settings)
Opener = Callable[[AnySettings, Runtime], AbstractAsyncContextManager[Part]]


def main(
    title: str,
    kind: type[AnySettings],
    openers: Sequence[Opener[AnySettings]],
    *,
    embeds: bool = False,
    needs_database: bool = True,
) -> None:
    """Run these services in this process; `embeds`: it may start a PostgreSQL of its own.

    A refusal is one line on standard error and exit code 1.
    """
    try:
        settings = load(kind)
        if "--check-config" in sys.argv[1:]:
            sys.stdout.write(describe(settings) + "\n")
            return
        if settings.database_url is None and not embeds and (needs_database or not settings.kafka_bootstrap_servers):
            raise SettingsError("DATABASE_URL: must be set for a program that runs alone")
        telemetry.configure_logging(settings.log_level)
        calm_garbage_collector()
        with asyncio.Runner(loop_factory=_event_loop) as runner:
            runner.run(_run(title, settings, openers, embeds=embeds))
    except* REFUSALS as refused:
        sys.exit(_first_line(refused))


def _first_line(group: BaseExceptionGroup[BaseException] | BaseException) -> str:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return str(group)


def _event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def calm_garbage_collector() -> None:
    """Most objects here live for one batch; looking for cycles that often costs a tenth of the time and finds none.

    The batches under way are some 400,000 objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(500_000, 10, 10)


async def _run(title: str, settings: AnySettings, openers: Sequence[Opener[AnySettings]], *, embeds: bool) -> None:
    keys = Keys(read_keys(settings.api_keys_file) if settings.api_keys_file else None)
    ending = Ending()

    async def work(dsn: str | None) -> None:
        async with AsyncExitStack() as stack:
            app = application(await _parts(settings, openers, stack, dsn), keys, title=title, version=VERSION)
            await _serve(app, settings, ending)

    async with AsyncExitStack() as outermost:
        await ending.limit(work(await _database(settings, outermost, embeds=embeds)))


async def _parts(
    settings: AnySettings, openers: Sequence[Opener[AnySettings]], stack: AsyncExitStack, dsn: str | None
) -> list[Part]:
    """What this process does, opened over its log; closed with the stack."""
    log = log_of(settings, dsn)
    await log.open(topics(settings))
    stack.push_async_callback(log.close)
    tasks = await stack.enter_async_context(asyncio.TaskGroup())
    worker_id = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    runtime = Runtime(log, dsn, worker_id, tasks)
    return [await stack.enter_async_context(opener(settings, runtime)) for opener in openers]


async def _database(settings: Settings, stack: AsyncExitStack, *, embeds: bool) -> str | None:
    if settings.database_url is not None:
        dsn = settings.database_url.get_secret_value()
        try:
            await db.check_migrated(dsn)
        except db.DatabaseError as error:
            raise RefusedError(f"DATABASE_URL: the database cannot be used: {error}") from error
        return dsn
    if not embeds:
        return None
    dsn = await stack.enter_async_context(EmbeddedPostgres(settings.data_dir))
    await asyncio.to_thread(db.migrate, dsn)
    return dsn


class _Server(uvicorn.Server):
    """Leaves signals to the program: uvicorn would raise them again at its end, before anything else is closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(app: FastAPI, settings: Settings, ending: Ending) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, timeout_graceful_shutdown=3, server_header=False, lifespan="off"
    )
    with socket.create_server((settings.host, settings.port), backlog=1024) as listening:
        host, port = listening.getsockname()[:2]
        _log.info("http.listening", url=f"http://{host}:{port}")
        server = _Server(config)

        def end(number: signal.Signals) -> None:
            ending.ask()
            server.handle_exit(number, None)

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, end, number)
        await server.serve([listening])


@asynccontextmanager
async def background(
    tasks: asyncio.TaskGroup, *works: Callable[[], Coroutine[None, None, None]]
) -> AsyncIterator[None]:
    """Run these besides the block; they are cancelled, and awaited, at its end."""
    running = [tasks.create_task(work()) for work in works]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*running, return_exceptions=True)
