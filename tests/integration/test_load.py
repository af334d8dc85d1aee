"""The loader against a running ingest: a history is in the log in the order of its time, whatever came between."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from services.ingest.loading.command import main
from services.ingest.loading.delivery import Delivery
from services.ingest.loading.history import Line
from services.ingest.settings import IngestSettings
from shared import events
from shared.http import Keys, new_key
from shared.http.persistent import PersistentClient
from shared.log import LogUnavailableError
from shared.log.postgres import PostgresLog
from tests.integration.ingest_http import Ingest, ingest
from tests.make import posted

HEADER = "subject,time,order_id,amount,currency"
FACTS = msgspec.json.Decoder(events.Fact)


class MoodyLog(PostgresLog):
    """A log that is away while `away` is true, and after `takes` appends."""

    takes: int | None = None

    async def append(self, entries: Any) -> None:
        if self.takes == 0:
            raise LogUnavailableError("away")
        self.takes = self.takes and self.takes - 1
        await super().append(entries)


@pytest.fixture
async def service(database: str) -> AsyncIterator[Ingest]:
    """One lane, so that the order in the log is the order of the requests."""
    async with ingest(database, IngestSettings(lanes=1), log=MoodyLog(database)) as served:
        yield served


async def load(service: Ingest, file: Path, *options: str) -> int:
    """The exit code of a load into this service, which does not wait for what is away."""
    arguments = [str(file), "--url", str(service.client.base_url), "--patience", "0", *options]
    return await asyncio.to_thread(main, arguments)


async def facts(service: Ingest) -> list[events.Fact]:
    return [FACTS.decode(record.value) for record in await service.records(events.SHOP_EVENTS)]


def csv(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def purchases(count: int) -> list[str]:
    """Lines of purchases, the newest first."""
    return [f"c{n % 3},2026-01-{n + 1:02}T00:00:00Z,o{n},{n}.50,EUR" for n in reversed(range(count))]


async def test_a_csv_file_is_loaded_in_the_order_of_its_time(service: Ingest, tmp_path: Path) -> None:
    """Every column is where it belongs, and nothing is left beside the file."""
    file = csv(tmp_path / "shop.csv", *purchases(10))

    assert await load(service, file, "--batch", "3") == 0

    loaded = await facts(service)
    assert [fact.time for fact in loaded] == [f"2026-01-{n + 1:02}T00:00:00Z" for n in range(10)]
    assert isinstance(loaded[7], events.PurchaseCompleted)
    assert (loaded[7].subject, loaded[7].data.order_id, str(loaded[7].data.amount)) == ("c1", "o7", "7.50")
    assert list(tmp_path.iterdir()) == [file]


async def test_json_lines_are_loaded_as_they_are(service: Ingest, tmp_path: Path) -> None:
    """Any facts, with ids or without; empty lines mean nothing."""
    file = tmp_path / "shop.jsonl"
    lines = [
        posted("contact.rated", {"score": 9}, time="2026-01-02T00:00:00Z", id="e2"),
        posted(time="2026-01-01T00:00:00Z"),
    ]
    file.write_text("\n\n".join(map(json.dumps, lines)))

    assert await load(service, file) == 0

    assert [events.type_of(fact) for fact in await facts(service)] == ["contact.checkout_started", "contact.rated"]


async def test_facts_of_one_instant_are_in_the_order_of_their_ids(service: Ingest, tmp_path: Path) -> None:
    """Also where the ids are only derived: the ladder orders by (time, id)."""
    file = csv(tmp_path / "shop.csv", *(f"c1,2026-01-01T00:00:00Z,o{n},1,EUR" for n in range(20)))

    assert await load(service, file) == 0

    ids = [fact.id for fact in await facts(service)]
    assert ids == sorted(ids)


async def test_refused_lines_are_told_with_their_numbers(
    service: Ingest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By ingest or before it; all others are loaded, and the exit code says that some were not."""
    file = csv(
        tmp_path / "shop.csv",
        'c1,2026-01-03T00:00:00Z,"o\n1",1,EUR',
        "c1,2026-01-02T00:00:00Z,o2,-1,USD",
        "c1,yesterday,o3,1,EUR",
        "c1,2026-01-01T00:00:00Z",
        "c1,2026-01-01T00:00:00Z,o5,1,EUR",
    )

    assert await load(service, file) == 1

    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in told] == ["line 4", "line 5", "line 6"]
    assert "/data/amount" in told[0]
    assert "/data/currency" in told[0]
    assert "RFC3339" in told[1]
    assert "has 2 columns" in told[2]
    assert len(await facts(service)) == 2


async def test_a_load_that_was_interrupted_goes_on(
    service: Ingest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log goes away in between: the same command goes on behind what was answered, and each purchase is there."""
    file = csv(tmp_path / "shop.csv", *purchases(10))
    assert isinstance(service.log, MoodyLog)
    service.log.takes = 2

    assert await load(service, file, "--batch", "3") == 2
    service.log.takes = None
    assert await load(service, file, "--batch", "3") == 0

    assert "going on after 6 events" in capsys.readouterr().err
    assert [fact.time for fact in await facts(service)] == [f"2026-01-{n + 1:02}T00:00:00Z" for n in range(10)]


async def test_what_was_refused_before_a_stop_is_told_after_it(
    service: Ingest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report is of the whole file."""
    file = csv(tmp_path / "shop.csv", "a@b,2026-01-01T00:00:00Z,o1,1,EUR", "c1,2026-01-02T00:00:00Z,o2,1,EUR")
    assert isinstance(service.log, MoodyLog)
    service.log.takes = 0

    assert await load(service, file, "--batch", "1") == 2
    service.log.takes = None
    assert await load(service, file, "--batch", "1") == 1

    assert "\nline 2: /subject " in "\n" + capsys.readouterr().out


async def test_another_file_under_the_same_name_begins_anew(service: Ingest, tmp_path: Path) -> None:
    """Progress belongs to a content, not to a name."""
    assert isinstance(service.log, MoodyLog)
    service.log.takes = 1
    assert await load(service, csv(tmp_path / "shop.csv", *purchases(5)), "--batch", "3") == 2
    service.log.takes = None

    assert await load(service, csv(tmp_path / "shop.csv", *purchases(4))) == 0

    assert len(await facts(service)) == 3 + 4


async def test_columns_may_have_other_names_and_values_for_all_rows(service: Ingest, tmp_path: Path) -> None:
    """A till's export is loaded as it is: its names, its dates without a zone, one currency for all."""
    file = csv(tmp_path / "till.csv", "c1,2026-01-01,o1,1.00,", header="customer,day,order_id,amount,discount")

    options = ["--map", "customer=subject", "--map", "day=time", "--set", "currency=EUR", "--zone", "Europe/Berlin"]
    assert await load(service, file, *options) == 0

    [fact] = await facts(service)
    assert (fact.subject, fact.time) == ("c1", "2026-01-01T00:00:00+01:00")


async def test_members_of_members_and_numbers_have_columns_too(service: Ingest, tmp_path: Path) -> None:
    """profile.email is a member of the profile; a score is a number."""
    header = "type,subject,time,score,profile.email,profile.language"
    lines = "contact.rated,c1,2026-01-01T00:00:00Z,9,,", "contact.identified,c1,2026-01-02T00:00:00Z,,a@example.org,de"

    assert await load(service, csv(tmp_path / "crm.csv", *lines, header=header)) == 0

    [profile] = await service.records(events.SHOP_PROFILES)
    assert msgspec.json.decode(profile.value)["data"] == {"profile": {"email": "a@example.org", "language": "de"}}
    assert len(await facts(service)) == 2


@pytest.mark.parametrize("content", [b"time,amount\n", b"", b"subject,time\n\xff\n", b'subject\n"c1\n'])
async def test_what_cannot_be_loaded_is_said_in_a_line(
    service: Ingest, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    """No column for the person, nothing at all, bytes that are not UTF-8, quotes without an end: exit code 2."""
    file = tmp_path / "shop.csv"
    file.write_bytes(content)

    assert await load(service, file) == 2

    assert capsys.readouterr().err.count("\n") == 1


async def test_nobody_at_the_address_is_said_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and what to do."""
    file = csv(tmp_path / "shop.csv", *purchases(1))

    code = await asyncio.to_thread(main, [str(file), "--url", "http://127.0.0.1:9", "--patience", "0"])

    assert code == 2
    assert "the same command goes on from here" in capsys.readouterr().err


async def test_a_missing_file_is_said_in_a_line(service: Ingest, tmp_path: Path) -> None:
    """Exit code 2."""
    assert await load(service, tmp_path / "none.csv") == 2


async def test_an_api_key_comes_from_a_file(database: str, tmp_path: Path) -> None:
    """Without it nothing is taken."""
    key, record = new_key("loader", ["events:write"])
    (tmp_path / "key").write_text(key + "\n")
    file = csv(tmp_path / "shop.csv", *purchases(1))

    async with ingest(database, IngestSettings(lanes=1), Keys([record])) as served:
        assert await load(served, file) == 2
        assert await load(served, file, "--key-file", str(tmp_path / "key")) == 0
        assert len(await facts(served)) == 1


async def test_a_service_that_is_away_is_waited_for(service: Ingest) -> None:
    """As long as it asks for, and once more; the batch is answered in the end."""
    log = service.log
    assert isinstance(log, MoodyLog)
    log.takes = 0
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        log.takes = None if len(waited) == 2 else 0

    event = msgspec.json.encode(posted())
    with httpx.Client(base_url=service.client.base_url) as client:
        delivery = Delivery(PersistentClient(client, patience=60, pause=pause))
        refused = await asyncio.to_thread(delivery.deliver, [Line(0, "", 1, event)])

    assert (refused, waited) == ([], [5.0, 5.0])
    assert len(await facts(service)) == 1


async def test_the_command_itself(service: Ingest, tmp_path: Path) -> None:
    """`python -m services.ingest load FILE` loads, and tells how far it has come."""
    file = csv(tmp_path / "shop.csv", *purchases(3))
    command = [sys.executable, "-m", "services.ingest", "load", str(file), "--url", str(service.client.base_url)]

    ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr
    assert "3 events, 0 refused, up to 2026-01-03" in ended.stderr
