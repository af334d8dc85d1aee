"""What the end-to-end tests stand on: CDNOW with the oracle's reading of it, and a log of either kind."""

from typing import Final

import pytest

from shared.events import PurchaseCompleted
from tests.cdnow import cdnow_purchases
from tests.integration.log_stores import KafkaStore, PostgresStore, Store
from tests.seen import Reading, cdnow_read

EVERY: Final = 5
"""The slice of CDNOW holds every so-manieth person."""


@pytest.fixture(scope="session")
def cdnow() -> list[PurchaseCompleted]:
    """All purchases, in the order of (time, id)."""
    return cdnow_purchases()


@pytest.fixture(scope="session")
def cdnow_expected(cdnow: list[PurchaseCompleted]) -> Reading:
    """What is announced of them, and where everybody stands on the last day."""
    return cdnow_read(cdnow)


@pytest.fixture(scope="session")
def some(cdnow: list[PurchaseCompleted]) -> list[PurchaseCompleted]:
    """The purchases of some hundred people."""
    people = set(sorted({fact.subject for fact in cdnow})[::EVERY])
    return [fact for fact in cdnow if fact.subject in people]


@pytest.fixture(scope="session")
def some_expected(some: list[PurchaseCompleted], cdnow_expected: Reading) -> Reading:
    """The same of theirs."""
    return cdnow_expected.of({fact.subject for fact in some})


@pytest.fixture
def embedded(database: str) -> Store:
    """The log in the test's database."""
    return PostgresStore(database)


@pytest.fixture
def on_kafka(kafka: str, topic_prefix: str) -> Store:
    """Topics of the test's own on the shared broker."""
    return KafkaStore(kafka, topic_prefix)


@pytest.fixture(params=["embedded", "on_kafka"])
def either_log(request: pytest.FixtureRequest) -> Store:
    """Each kind of log in turn."""
    store: Store = request.getfixturevalue(request.param)
    return store
