"""Starts that would do harm are refused with one line and exit code 1."""

import asyncio

import pytest

from tests.e2e.deployment import deployed, refusal
from tests.integration.log_stores import Store


async def test_a_start_that_does_not_fit_what_is_stored_is_refused(database: str, embedded: Store) -> None:
    """Another number of lanes, the clock turned back, other rules, zone or currency: each is one line that says it."""
    async with deployed(database, embedded, {"CLOCK": "facts"}) as system:
        await system.ladders.pop().stop()
        stored = system.environment
        refold = "python -m services.ladder refold"
        lines = await asyncio.gather(
            refusal({**stored, "LANES": "5"}),
            refusal({**stored, "TIME_ZONE": "Europe/Berlin"}),
            refusal({**stored, "CURRENCY": "USD"}),
            refusal({**stored, "SIMULATE": "1"}),
        )
        lanes, zone, currency, simulated = lines
        assert "LANES" in lanes or "lanes" in lanes
        assert refold in zone
        assert refold in currency
        assert "CLOCK" in simulated
        await system.pool.execute("update ladder.checkpoint set next_offset = 7 where lane = 2")
        assert "lost records" in await refusal(stored)


async def test_the_clock_goes_over_to_the_wall_and_not_back(database: str, embedded: Store) -> None:
    """After a start under the wall clock one under the facts' is refused, one under the wall clock is not."""
    async with deployed(database, embedded, {"CLOCK": "facts"}) as system:
        await system.ladders.pop().stop()
    async with deployed(database, embedded, {"CLOCK": "wall"}) as system:
        await system.ladders.pop().stop()
        assert "CLOCK" in await refusal({**system.environment, "CLOCK": "facts"})
        await system.add_ladder()


@pytest.mark.parametrize(
    ("environment", "module", "told"),
    [
        ({}, "services.ladder", "DATABASE_URL: must be set"),
        ({}, "services.ingest", "DATABASE_URL: must be set"),
        ({}, "services.notifier", "DATABASE_URL: must be set"),
        ({"DATABASE_URL": "postgresql://x@127.0.0.1/x", "HOST": "0.0.0.0"}, "services.ladder", "HOST: without"),
        ({"DATABASE_URL": "postgresql://x@127.0.0.1/x", "LANES": "0"}, "services.ladder", "LANES: "),
    ],
)
async def test_settings_that_cannot_be_are_refused(environment: dict[str, str], module: str, told: str) -> None:
    """A setting that is missing or wrong is named in one line."""
    assert (await refusal(environment, module)).startswith(told)


async def test_an_unmigrated_database_is_refused(postgres_dsn_server: str) -> None:
    """Without the schemas a program names the command that makes them."""
    assert "python -m services.migrate" in await refusal({"DATABASE_URL": postgres_dsn_server})
