"""Partner codes from a file to a member's mail: the loader against a running notifier, and the play that gives them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.notifier.offers import loading
from services.notifier.offers.loading import main
from shared.http import Keys, new_key
from shared.instants import MINUTE
from tests.integration.ingest_http import serving
from tests.integration.notifier_part import Notifier, notifier
from tests.integration.test_notifier_moments import SHIPPED, hurry, plays, until_sent
from tests.make import promoted


@asynccontextmanager
async def served(database: str, tmp_path: Path, keys: Keys | None = None) -> AsyncIterator[tuple[Notifier, str]]:
    """A notifier with the shipped books, and where it is served."""
    async with notifier(database, tmp_path, SHIPPED) as running, serving(running.part, keys) as url:
        yield running, url


async def load(url: str, file: Path, *options: str, pool: str = "partner") -> int:
    """The exit code of the command, which does not wait for what is away."""
    return await asyncio.to_thread(main, [pool, str(file), "--url", url, "--patience", "0", *options])


async def test_a_file_is_loaded_in_pieces_and_may_be_loaded_again(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As German spreadsheets write it; the ends are kept, nothing is doubled, and each piece has its line."""
    monkeypatch.setattr(loading, "AT_ONCE", 4)
    file = tmp_path / "codes.csv"
    file.write_text("Valid_Until;Code\n2031-12-31;M-0\n" + "".join(f";M-{n}\n" for n in range(1, 10)), "utf-8-sig")
    async with served(database, tmp_path) as (running, url):
        for _ in range(2):
            assert await load(url, file) == 0

        rows = await running.pool.fetch("select code, valid_until from notifier.pool_code order by number")
        assert [row["code"] for row in rows] == [f"M-{n}" for n in range(10)]
        assert [row["valid_until"] is not None for row in rows] == [True] + [False] * 9
    lines = capsys.readouterr().err.splitlines()
    assert lines[:4] == [
        "4 of 10 codes: 4 new, 0 were there already",
        "8 of 10 codes: 8 new, 0 were there already",
        "10 of 10 codes: 10 new, 0 were there already",
        "all are there",
    ]
    assert lines[-2:] == ["10 of 10 codes: 0 new, 10 were there already", "all are there"]


async def test_a_file_with_a_wrong_line_loads_nothing(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every wrong line is named by its number in the file."""
    file = tmp_path / "codes.csv"
    file.write_text("code,valid_until\nM-1,\n,2031-12-31\nM-2,soon\n")
    async with served(database, tmp_path) as (running, url):
        assert await load(url, file) == 1
        assert await running.pool.fetchval("select count(*) from notifier.pool_code") == 0
    out = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in out] == ["line 3", "line 4"]


async def test_what_cannot_be_loaded_is_said(database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there or no CSV, a notifier that is away or wants a key, a pool with no name of one."""
    file, none, latin, kept = (tmp_path / name for name in ("codes.csv", "none.csv", "latin.csv", "key"))
    file.write_text("M-1\n")
    latin.write_bytes(b"M-\xe9\n")
    secret, key = new_key("ops", ["admin"])
    kept.write_text(f"{secret}\n")
    assert await load("http://127.0.0.1:9", file) == 2
    async with served(database, tmp_path, Keys([key])) as (_, url):
        assert [await load(url, each) for each in (none, latin, file)] == [2, 2, 2]
        assert await load(url, file, "--key-file", str(kept), pool="No Pool") == 2
        assert await load(url, file, "--key-file", str(kept)) == 0
    told = capsys.readouterr().err
    for said in ("no answer within", "No such file", "not UTF-8", "the answer was 401", "the answer was 422"):
        assert said in told


async def test_a_member_gets_a_partners_code_while_there_is_one(database: str, tmp_path: Path) -> None:
    """Once for the rung; whoever comes when the pool is empty is asked which partners they would like."""
    file = tmp_path / "codes.csv"
    file.write_text("code,valid_until\nMUSEUM-7,2031-12-31\n")
    async with served(database, tmp_path) as (running, url):
        assert await load(url, file) == 0
        now = await running.now()
        for who in ("c1", "c2"):
            await running.introduce(who)
            for number in range(2):
                await running.announce(promoted(now - MINUTE, 5, subject=who, id_=f"{who}-{number}"))
            await running.settled()
            await hurry(running, "partner_perk")
            await until_sent(running, "partner_perk", who)

        first, second = (_text(running, who) for who in ("c1", "c2"))
        assert "Ihr Gutscheincode: MUSEUM-7\n" in first
        assert "bis zum 31. Dezember 2031 und wird unmittelbar bei unserem Partner eingelöst" in first
        assert "Gutschein" not in second
        assert "Haben Sie einen Wunsch?" in second
        assert ("partner_perk", "held_back", "duplicate") in [each[:3] for each in await plays(running)]
        withheld = [each["data"] for each in await running.told() if each["type"] == "offer.withheld"]
        assert [(each["play"], each["reason"]) for each in withheld] == [("partner_perk", "pool_empty")]


def _text(running: Notifier, who: str) -> str:
    """The mail about partners that this person got."""
    mails = [each for each in running.mail() if f"<{who}@" in str(each["To"])]
    bodies = [each.get_body(("plain",)) for each in mails]
    texts = [body.get_content() for body in bodies if body is not None]
    (found,) = [text for text in texts if "an die wir zuerst denken" in text]
    return str(found)
