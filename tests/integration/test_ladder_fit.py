"""The job that fits the models, on the journal of a database."""

from pathlib import Path

from services.ladder.core.rules import load
from services.ladder.estimates.history import purchase_days
from services.ladder.estimates.journal import everybody
from shared.events import Fact
from shared.log.postgres import PostgresLog
from tests.cdnow import cdnow_purchases
from tests.integration.ladder_lanes import working
from tests.make import day, fact, purchase, refund, rules
from tests.system import run


async def test_cdnow_is_fitted_from_the_journal(database: str, tmp_path: Path) -> None:
    """The published parameters come out of the journal, and go into a draft of the rules that can be read."""
    settings = {"DATABASE_URL": database, "LANES": "4", "CLOCK": "facts", "DATA_DIR": str(tmp_path)}
    async with working(database, PostgresLog(database)) as lanes:
        await lanes.tell(cdnow_purchases())
        await lanes.settled()
    ended = await run("services.ladder", settings, "fit", "--until", "1997-09-30")
    assert ended.code == 0, ended.err
    assert "2,357 people who bought, 946 of them again, up to 1997-09-30" in ended.out
    assert "MBG/NBD: r 0.5248, alpha 6.183 weeks, a 0.891, b 1.614; log-likelihood -9582.136" in ended.out
    assert "BG/NBD: r 0.2426, alpha 4.414 weeks, a 0.793, b 2.426; log-likelihood -9582.429" in ended.out
    assert "Gamma-Gamma: p 6.250, q 3.744, gamma 15.444; log-likelihood -4055.918" in ended.out
    assert "68.0% in the right order, recency alone 64.1%: the model is better" in ended.out
    assert "people read: 2,357 (100%)" in ended.err
    drafted = load((tmp_path / "rules-draft.toml").read_bytes())
    assert (drafted.version, round(drafted.churn.params.r, 4)) == (rules().version + 1, 0.5248)

    until = await run("services.ladder", settings, "fit", "--draft", str(tmp_path / "all.toml"))
    assert "78.6% in the right order, recency alone 79.1%: THE MODEL IS NOT BETTER" in until.out


async def test_a_fit_that_is_refused_writes_nothing(database: str, tmp_path: Path) -> None:
    """One line says why, and the parameters in force stay."""
    async with working(database, PostgresLog(database)) as lanes:
        await lanes.tell([purchase(day(0)), purchase(day(7))])
        await lanes.settled()
    settings = {"DATABASE_URL": database, "LANES": "4", "CLOCK": "facts", "DATA_DIR": str(tmp_path)}
    ended = await run("services.ladder", settings, "fit")
    assert ended.code == 1
    assert ended.err.splitlines()[-1].startswith("not fitted, the parameters in force stay: too few people")
    assert list(tmp_path.iterdir()) == []


async def test_the_journal_is_read_in_pages(database: str) -> None:
    """However the pages are cut, each person comes once, with refunds and doublets of their orders considered."""
    facts: dict[str, list[Fact]] = {
        f"c{number}": [
            purchase(day(number), order="a", subject=f"c{number}"),
            purchase(day(9), order="b", subject=f"c{number}"),
            purchase(day(number + 3), order="a", subject=f"c{number}"),
            fact("contact.checkout_started", day(8), subject=f"c{number}"),
            refund(day(12), order="b", subject=f"c{number}"),
        ]
        for number in range(8)
    }
    async with working(database, PostgresLog(database)) as lanes:
        await lanes.tell([one for theirs in facts.values() for one in theirs])
        await lanes.settled()
        expected = {person: purchase_days(theirs[:-2] + theirs[-1:], rules()) for person, theirs in facts.items()}  # type: ignore[arg-type] # the checkout is left out
        async with lanes.pool.acquire() as connection:
            for page in (1, 2, 3, 1_000):
                read = [one async for one in everybody(connection, 4, rules(), page=page)]
                assert len(read) == len(facts)
                assert dict(read) == expected
    assert [len(days) for days in expected.values()] == [1] * 8
