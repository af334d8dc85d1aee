"""Lanes shared between ladders that come, go, and are killed."""

from pathlib import Path

import pytest

from shared import events
from tests.e2e.deployment import JSON, REPLAY, body, deployed
from tests.integration.log_stores import Store
from tests.system import Program, client_of

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


@pytest.mark.parametrize("module", ["services.ingest", "services.ladder", "services.notifier", "services"])
async def test_each_program_ends_when_asked_to(
    database: str, module: str, tmp_path: Path, some: list[events.PurchaseCompleted]
) -> None:
    """SIGTERM ends a program in the middle of its work in order, with exit code 0, in less than ten seconds."""
    own = {} if module == "services" else {"DATABASE_URL": database}
    async with Program(module, {**REPLAY, **own, "DATA_DIR": str(tmp_path)}) as program, client_of(program) as client:
        if module in ("services", "services.ingest"):
            answer = await client.http.post(f"{program.url}/v1/events", content=body(some[:1000]), headers=JSON)
            assert answer.status_code == 202
        assert await program.stop() == 0
        assert not any("Traceback" in line for line in program.lines)
