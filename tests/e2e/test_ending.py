"""Programs that are told to end while what they depend on hangs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil
import pytest

from shared.db import migrate
from shared.embedded import EmbeddedPostgres
from tests.make import posted
from tests.system import Program
from tests.until import until


@pytest.fixture
async def own_postgres(folder: Path) -> AsyncIterator[tuple[str, list[psutil.Process]]]:
    """A migrated database of a server that the test may freeze, and a list for what it has frozen."""
    frozen: list[psutil.Process] = []
    async with EmbeddedPostgres(folder / "to-freeze") as dsn:
        await asyncio.to_thread(migrate, dsn)
        yield dsn, frozen
        for process in frozen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


def server_processes(folder: Path) -> list[psutil.Process]:
    """The server and its sessions."""
    server = psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]))
    return [server, *server.children(recursive=True)]


async def test_a_program_whose_database_hangs_ends_all_the_same(
    own_postgres: tuple[str, list[psutil.Process]], folder: Path
) -> None:
    """Lanes, log, sender and questions wait for a database that says nothing: SIGTERM still ends them, with code 0."""
    dsn, frozen = own_postgres
    async with Program("services", {"DATABASE_URL": dsn, "LANES": "2"}) as program, httpx.AsyncClient() as http:
        await until(lambda: ready(http, program.url), 30)
        for process in server_processes(folder / "to-freeze"):
            process.suspend()
            frozen.append(process)
        posting = asyncio.create_task(http.post(f"{program.url}/v1/events", json=posted(), timeout=60))

        assert await program.stop() == 0

        assert await answer(posting) != 202


async def answer(posting: "asyncio.Task[httpx.Response]") -> int | None:
    """The status of the answer; None when there was none."""
    try:
        return (await posting).status_code
    except httpx.TransportError:
        return None


async def ready(http: httpx.AsyncClient, url: str) -> bool:
    return (await http.get(f"{url}/readyz", timeout=15)).status_code == 200
