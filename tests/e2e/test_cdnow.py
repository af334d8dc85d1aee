"""CDNOW's whole log of purchases, posted over HTTP by the project's own loader to real processes."""

from pathlib import Path

import pytest

from shared import events, instants
from tests.e2e.deployment import REPLAY, Deployment, deployed
from tests.integration.log_stores import Store
from tests.seen import Reading


@pytest.fixture(scope="module")
def history(cdnow: list[events.PurchaseCompleted], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The purchases as a file of JSON lines."""
    file = tmp_path_factory.mktemp("cdnow") / "purchases.jsonl"
    file.write_bytes(b"\n".join(events.encode(fact) for fact in cdnow))
    return file


@pytest.mark.parametrize("ladders", [1, 2])
async def test_cdnow_is_announced_as_the_oracle_says(
    database: str, either_log: Store, ladders: int, history: Path, cdnow_expected: Reading, tmp_path: Path
) -> None:
    """On either log and with any number of ladders each announcement and standing is that of a fold from nothing."""
    async with deployed(database, either_log, REPLAY, ladders=ladders) as system:
        await system.shared()
        await system.load(history, "--state", str(tmp_path / "progress"))
        await system.settled_at(cdnow_expected.end)
        await system.whole(cdnow_expected)
        await listed_as_they_stand(system, cdnow_expected)


async def listed_as_they_stand(system: Deployment, expected: Reading) -> None:
    """The list of people, page by page, and one person of them each hundred, over HTTP."""
    listed: dict[str, tuple[object, ...]] = {}
    after: dict[str, str] = {}
    while page := await system.client.ask("/v1/customers", limit="1000", **after):
        for item in page["items"]:
            listed[item["customer"]] = (item["rung"], item["phase"], item["stage"])
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert listed == {person: (it[0], it[2], it[3]) for person, it in expected.standings.items()}
    for person in sorted(listed)[::100]:
        told = await system.client.ask(f"/v1/customers/{person}")
        rung, rung_since, phase, stage, phase_since, purchases, days, *_ = expected.standings[person]
        assert (told["rung"]["number"], instants.parse(told["rung"]["since"])) == (rung, rung_since)
        assert (told["phase"]["phase"], told["phase"]["stage"]) == (phase, stage)
        assert instants.parse(told["phase"]["since"]) == phase_since
        assert (told["totals"]["purchases"], told["totals"]["purchase_days"]) == (purchases, days)
