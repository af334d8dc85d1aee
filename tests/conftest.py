"""What tests stand on: a fresh database from a migrated template, and a real Kafka.

Fixtures for a test: `database` (a DSN), `kafka` (bootstrap servers, shared by all tests), `topic_prefix` (so that tests
sharing a broker do not meet), `own_kafka` (a broker that the test may kill).
"""

import asyncio
import itertools
import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar

import asyncpg
import pytest
from hypothesis import settings

from shared.db import migrate
from shared.embedded import EmbeddedPostgres
from shared.telemetry import configure_logging
from tests.browser import NO_BROWSER
from tests.kafka_broker import KafkaBroker, NoKafkaError, SecureKafka, new_broker

TEMPLATE: Final = "template_ladder"
NO_KAFKA: Final = "no Kafka: "

Broker = TypeVar("Broker", bound=KafkaBroker)

_numbers = itertools.count()

settings.register_profile("patient", settings(), deadline=None)  # no duration is asserted, on whatever machine
settings.load_profile("patient")


@pytest.fixture(scope="session", autouse=True)
def _logging() -> None:
    """Log as the programs do."""
    configure_logging("warning")


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A directory for servers; unlike pytest's own, other accounts may enter it, and it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="ladder-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def postgres_dsn_server(folder: Path) -> Iterator[str]:
    """The DSN of a running PostgreSQL's database `postgres`, with a migrated template for `database` beside it."""
    server = EmbeddedPostgres(folder / "postgres")
    address = asyncio.run(server.start()).rpartition("/")[0]
    asyncio.run(_make_template(f"{address}/postgres"))
    migrate(f"{address}/{TEMPLATE}")
    yield f"{address}/postgres"
    asyncio.run(server.stop())


@pytest.fixture
async def database(postgres_dsn_server: str) -> AsyncIterator[str]:
    """The DSN of a fresh, migrated, empty database."""
    async with fresh_database(postgres_dsn_server) as dsn:
        yield dsn


@asynccontextmanager
async def fresh_database(postgres_dsn_server: str) -> AsyncIterator[str]:
    """The DSN of a fresh, migrated, empty database, removed at the end."""
    name = f"test_{next(_numbers)}"
    admin = await asyncpg.connect(postgres_dsn_server)
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        yield postgres_dsn_server.removesuffix("postgres") + name
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture(scope="session")
def kafka(folder: Path) -> Iterator[str]:
    """The bootstrap servers of a real Kafka: the one of KAFKA_BOOTSTRAP_SERVERS, else one of our own."""
    if named := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield named
        return
    broker = _new_broker(folder / "kafka", new_broker)
    broker.start()
    yield broker.bootstrap_servers
    broker.remove()


@pytest.fixture
def own_kafka(folder: Path) -> Iterator[KafkaBroker]:
    """A broker of the test's own, running, to be killed and restarted."""
    broker = _new_broker(folder / f"kafka-{next(_numbers)}", new_broker)
    broker.start()
    yield broker
    broker.remove()


@pytest.fixture(scope="session")
def secure_kafka(folder: Path) -> Iterator[SecureKafka]:
    """A broker with TLS and logins."""
    broker = _new_broker(folder / "kafka-secure", SecureKafka)
    broker.start()
    yield broker
    broker.remove()


@pytest.fixture
def topic_prefix() -> str:
    """A TOPIC_PREFIX that no other test has."""
    return f"t{uuid.uuid4().hex[:12]}."


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly at the end that the tests on Kafka or in a browser did not run."""
    skipped = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for mark, what in ((NO_KAFKA, "KAFKA"), (NO_BROWSER, "BROWSER")):
        if reasons := {told.partition(mark)[2].rstrip("')") for told in skipped if mark in told}:
            reason = "; ".join(sorted(reasons))
            line = f"{what} TESTS SKIPPED, this machine has none: {reason} (REQUIRE_{what}=1 makes them fail)"
            terminalreporter.write_sep("!", line, red=True, bold=True)


def _new_broker(folder: Path, kind: Callable[[Path], Broker]) -> Broker:
    try:
        return kind(folder)
    except NoKafkaError as error:
        if os.environ.get("REQUIRE_KAFKA") == "1":
            pytest.fail(f"REQUIRE_KAFKA=1, and there is no Kafka: {error}", pytrace=False)
        pytest.skip(f"{NO_KAFKA}{error}")


async def _make_template(dsn: str) -> None:
    """Make the database to clone; what the tests write need not survive a power failure."""
    admin = await asyncpg.connect(dsn)
    try:
        for setting in ("fsync", "full_page_writes"):
            await admin.execute(f"ALTER SYSTEM SET {setting} = off")
        await admin.execute("SELECT pg_reload_conf()")
        await admin.execute(f"CREATE DATABASE {TEMPLATE}")
    finally:
        await admin.close()
