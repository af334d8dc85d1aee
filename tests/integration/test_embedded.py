"""The embedded PostgreSQL: it starts, keeps, refuses, recovers and stops.

The program that owns it runs as a process of its own here, since what matters is what is left when that is killed.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from shared.embedded import EmbeddedPostgres, EmbeddedPostgresError
from tests.until import until

ROOT = Path(__file__).parents[2]
OWNER = """
import asyncio, sys
from pathlib import Path
from shared.embedded import EmbeddedPostgres

async def own() -> None:
    print(await EmbeddedPostgres(Path(sys.argv[1])).start(), flush=True)
    await asyncio.Event().wait()

asyncio.run(own())
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ladder-") as name:
        Path(name).chmod(0o755)
        yield Path(name) / "data"


async def killed_owner(data_dir: Path, *statements: str) -> str:
    """Start the server from another process, run the statements, kill that process; the DSN it had."""
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(data_dir), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert owner.stdout is not None
    dsn = (await owner.stdout.readline()).decode().strip()
    for statement in statements:
        await query(dsn, statement)
    owner.kill()
    await owner.wait()
    return dsn


async def query(dsn: str, statement: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def postmaster(data_dir: Path) -> psutil.Process:
    return psutil.Process(int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0]))


async def test_it_keeps_what_was_written_over_a_stop_and_a_start(data_dir: Path) -> None:
    """What one run has written the next one reads."""
    async with EmbeddedPostgres(data_dir) as dsn:
        await query(dsn, "CREATE TABLE kept AS SELECT 7 AS n")

    async with EmbeddedPostgres(data_dir) as dsn:
        assert await query(dsn, "SELECT n FROM kept") == 7


async def test_its_text_is_utf8_in_the_order_of_code_points(data_dir: Path) -> None:
    """The encoding and the order of text do not depend on the machine."""
    async with EmbeddedPostgres(data_dir) as dsn:
        assert await query(dsn, "SHOW server_encoding") == "UTF8"
        assert await query(dsn, "SELECT 'Z' < 'a' AND 'z' < 'ä'") is True


async def test_its_settings_are_durable_and_wide_enough(data_dir: Path) -> None:
    """A commit is on the disk when it is answered, and two hundred connections fit."""
    async with EmbeddedPostgres(data_dir) as dsn:
        assert await query(dsn, "SHOW fsync") == "on"
        assert await query(dsn, "SHOW synchronous_commit") == "on"
        assert await query(dsn, "SHOW max_connections") == "200"


async def test_the_operators_lines_win_and_stay(data_dir: Path) -> None:
    """A line in operator.conf overrules the shipped one and survives the next start."""
    async with EmbeddedPostgres(data_dir):
        pass
    with (data_dir / "postgres" / "operator.conf").open("a") as lines:
        lines.write("max_connections = 33\n")

    async with EmbeddedPostgres(data_dir):
        pass
    async with EmbeddedPostgres(data_dir) as dsn:
        assert await query(dsn, "SHOW max_connections") == "33"


async def test_nobody_gets_in_without_the_password(data_dir: Path) -> None:
    """Another user of the machine reaches the port, but neither the password nor the data."""
    async with EmbeddedPostgres(data_dir) as dsn:
        password = (data_dir / "postgres.password").read_text()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(dsn.replace(password, "guess"))

        assert (data_dir / "postgres.password").stat().st_mode & 0o777 == 0o600
        assert (data_dir / "postgres").stat().st_mode & 0o777 == 0o700


async def test_it_listens_on_loopback_only(data_dir: Path) -> None:
    """No other machine can reach it."""
    async with EmbeddedPostgres(data_dir):
        sockets = await asyncio.to_thread(postmaster(data_dir).net_connections, "inet")
        assert {connection.laddr[0] for connection in sockets} == {"127.0.0.1"}


async def test_a_second_start_refuses_with_one_line(data_dir: Path) -> None:
    """Two programs never share a data directory, and the second is told who has it."""
    async with EmbeddedPostgres(data_dir) as dsn:
        with pytest.raises(EmbeddedPostgresError, match=f"^{data_dir} is in use .*process {os.getpid()}.$"):
            await EmbeddedPostgres(data_dir).start()

        assert await query(dsn, "SELECT 1") == 1


async def test_a_server_whose_owner_was_killed_is_taken_over(data_dir: Path) -> None:
    """After kill -9 of the program its orphaned server is replaced, and nothing committed is lost."""
    await killed_owner(data_dir, "CREATE TABLE kept AS SELECT 7 AS n")
    orphan = postmaster(data_dir)
    assert orphan.is_running()

    async with EmbeddedPostgres(data_dir) as dsn:
        assert not orphan.is_running()
        assert await query(dsn, "SELECT n FROM kept") == 7


async def test_it_recovers_when_the_server_was_killed_too(data_dir: Path) -> None:
    """After kill -9 of program and server the next start waits for the recovery and has everything committed."""
    await killed_owner(data_dir, "CREATE TABLE kept AS SELECT n FROM generate_series(1, 300000) n")
    postmaster(data_dir).kill()

    async with EmbeddedPostgres(data_dir) as dsn:
        assert await query(dsn, "SELECT count(*) FROM kept") == 300_000


async def test_a_stale_pid_file_that_names_a_living_stranger_is_no_obstacle(data_dir: Path) -> None:
    """The pid of a dead server may be somebody else's by now, who is neither waited for nor harmed."""
    async with EmbeddedPostgres(data_dir):
        lines = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
    stranger = await asyncio.create_subprocess_exec("sleep", "600")
    (data_dir / "postgres" / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:], ""]))

    async with EmbeddedPostgres(data_dir) as dsn:
        assert await query(dsn, "SELECT 1") == 1

    assert stranger.returncode is None
    stranger.kill()
    await stranger.wait()


async def test_an_interrupted_first_start_is_begun_again(data_dir: Path) -> None:
    """A cluster is there whole or not at all, so that what initdb left half made is no obstacle."""
    (data_dir / "postgres.part" / "cluster").mkdir(parents=True)
    (data_dir / "postgres.part" / "cluster" / "PG_VERSION").write_text("18\n")

    async with EmbeddedPostgres(data_dir) as dsn:
        assert await query(dsn, "SELECT 1") == 1


async def test_a_setting_it_does_not_understand_is_one_clear_line(data_dir: Path) -> None:
    """Where the server gives up by itself, its own last word is the error."""
    async with EmbeddedPostgres(data_dir):
        pass
    (data_dir / "postgres" / "operator.conf").write_text("max_connections = plenty\n")

    with pytest.raises(EmbeddedPostgresError, match=r"^PostgreSQL does not start: .*FATAL.*operator\.conf.*$"):
        await EmbeddedPostgres(data_dir).start()


async def test_a_stop_ends_the_server_although_somebody_is_connected(data_dir: Path) -> None:
    """Open connections and transactions do not hold up the end."""
    server = EmbeddedPostgres(data_dir)
    connection = await asyncpg.connect(await server.start())
    await connection.execute("BEGIN; CREATE TABLE unfinished (n int)")
    process = postmaster(data_dir)

    await server.stop()

    assert not process.is_running()
    await until(connection.is_closed)


async def test_ctrl_c_at_the_terminal_does_not_reach_the_server(data_dir: Path) -> None:
    """The server is in a session of its own and outlives the program's last transaction."""
    async with EmbeddedPostgres(data_dir) as dsn:
        assert os.getsid(postmaster(data_dir).pid) != os.getsid(0)
        assert await query(dsn, "SELECT 1") == 1


async def test_a_closed_door_above_the_data_is_no_obstacle_and_stays_closed(data_dir: Path) -> None:
    """Root's server, which runs as somebody else, has its data where it may go; no directory's mode is changed."""
    data_dir.parent.chmod(0o700)

    async with EmbeddedPostgres(data_dir) as dsn:
        await query(dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    async with EmbeddedPostgres(data_dir) as dsn:
        assert await query(dsn, "SELECT n FROM kept") == 7

    assert data_dir.parent.stat().st_mode & 0o777 == 0o700
    home = (data_dir / "postgres").resolve().parent
    assert (home == data_dir.resolve()) == (os.geteuid() != 0)
    if home != data_dir.resolve():
        shutil.rmtree(home)
