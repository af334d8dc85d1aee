"""Lanes shared between ladders that come, go, and are killed."""

import pytest

from tests.e2e.deployment import REPLAY, deployed
from tests.integration.log_stores import Store

FAIR_SECONDS = 15.0
"""The lanes are fairly shared again within this time."""


async def test_lanes_are_shared_fairly_whoever_comes_and_goes(database: str, embedded: Store) -> None:
    """A new ladder gets its share, a killed one's is taken over, one that ends gives it back."""
    async with deployed(database, embedded, {**REPLAY, "LANES": "7"}) as system:
        await system.shared()
        second = await system.add_ladder()
        await system.shared(FAIR_SECONDS)
        await system.add_ladder()
        await system.shared(FAIR_SECONDS)
        system.ladders.remove(second)
        await second.kill()
        await system.shared(FAIR_SECONDS)
        first = system.ladders.pop(0)
        assert await first.stop() == 0
        assert len([owner for owner in await system.owners() if owner is None]) in (3, 4)
        await system.shared(FAIR_SECONDS)


@pytest.mark.parametrize("module", ["services.ingest", "services.ladder"])
async def test_each_program_ends_when_asked_to(database: str, embedded: Store, module: str) -> None:
    """SIGTERM ends a program in order, with exit code 0, in less than ten seconds."""
    async with deployed(database, embedded, REPLAY) as system:
        program = system.ingest if module == "services.ingest" else system.ladders[0]
        assert await program.stop() == 0
        assert not any("Traceback" in line for line in program.lines)
