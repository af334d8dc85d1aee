"""The notifier at work in this process: its lanes, its sender and its HTTP side, on a real database and log."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec

from services.notifier.part import open_part
from services.notifier.settings import NotifierSettings
from shared import db, events, instants
from shared.events import LADDER_EVENTS, SHOP_PROFILES, Announcement
from shared.http import Keys, Part, application
from shared.log import Entry, Log
from shared.log.partitioner import lane_of
from shared.log.postgres import PostgresLog
from shared.notices import Notice
from shared.program import Runtime
from shared.topics import topics
from tests.make import DOUBLE_OPT_IN, THREE_PLAYS, fact
from tests.until import until

NAMED = {"mail_from": "shop@example.com", "sender_name": "Example Shop", "imprint": "Example Shop, 1 Example Street"}
"""Without these nothing but service mail is sent."""

REAL_MAIL = {
    "mail_from": "laden@example.org",
    "sender_name": "Schöner Laden",
    "imprint": "Schöner Laden, Gasse 1, Köln",
    "public_url": "https://laden.example",
}


_notices: msgspec.json.Decoder[Notice] = msgspec.json.Decoder(Notice)


def _as_declared(value: bytes) -> None:
    """Whatever is told is of a declared type, and has nothing in it that is not declared."""
    told, read = msgspec.json.decode(value), msgspec.to_builtins(_notices.decode(value))
    assert told["data"].keys() <= read["data"].keys()


@dataclass
class Notifier:
    """A running notifier."""

    log: Log
    pool: db.Pool
    part: Part
    http: httpx.AsyncClient
    settings: NotifierSettings

    async def now(self) -> int:
        """The database's clock."""
        return int(await self.pool.fetchval("select (extract(epoch from clock_timestamp()) * 1000000)::bigint"))

    def lane(self, person: str) -> int:
        """Where that person is."""
        return lane_of(person, self.settings.lanes)

    async def append(self, topic: str, *values: tuple[str, bytes]) -> None:
        """Append records, (person, value) each."""
        await self.log.append([Entry(topic, self.lane(who), who.encode(), value) for who, value in values])

    async def announce(self, *messages: Announcement) -> None:
        """As the ladder does."""
        await self.append(LADDER_EVENTS, *((each.subject, events.encode(each)) for each in messages))

    async def tick(self, to: int) -> None:
        """Let time be `to` in every lane, as the ladder does behind its announcements."""
        tick = events.encode(events.Tick(id=f"tick-{to}", source="ladder", time=instants.text(to)))
        await self.log.append([Entry(LADDER_EVENTS, lane, None, tick) for lane in range(self.settings.lanes)])

    async def tell(self, type_: str, at: int, person: str = "c1", topic: str = SHOP_PROFILES, **data: Any) -> None:
        """A fact, by default with its personal part."""
        told = fact(type_, at, subject=person, **data)
        await self.append(topic, (person, events.encode(told)))

    async def tell_fact(self, told: events.Fact) -> None:
        """A fact without a personal part."""
        await self.append(events.SHOP_EVENTS, (told.subject, events.encode(told)))

    async def introduce(self, person: str = "c1", at: int | None = None, **profile: Any) -> None:
        """Somebody with an address who agreed to advertising by e-mail."""
        since = await self.now() - instants.HOUR if at is None else at
        given = {"email": f"{person}@example.org", "name": "Anna Größe", "language": "de", **profile}
        await self.tell("contact.identified", since, person, profile=given)
        await self.tell("contact.consented", since, person, **DOUBLE_OPT_IN)

    async def settled(self, seconds: float = 30) -> None:
        """Wait until everything is processed, sent and told."""
        lag = self.part.lag
        assert lag is not None

        async def done() -> bool:
            return await lag() == 0

        await until(done, seconds)

    async def rows(self, person: str = "c1") -> list[asyncpg.Record]:
        """This person's messages as they are kept, in the order of their decision."""
        found: list[asyncpg.Record] = await self.pool.fetch(
            "select * from notifier.message where person = $1 order by at, mail desc", person
        )
        return found

    async def outcomes(self, person: str = "c1") -> list[tuple[str, str, str | None]]:
        """(mail, state, reason) of this person's messages."""
        return [(row["mail"], row["state"], row["reason"]) for row in await self.rows(person)]

    async def become(self, *states: str, person: str = "c1") -> None:
        """Wait until this person's messages are in these states."""

        async def there() -> bool:
            found = [state for _, state, _ in await self.outcomes(person)]
            assert found == [*states]
            return True

        await until(there)

    async def told(self, topic: str = events.NOTIFIER_EVENTS) -> list[dict[str, Any]]:
        """What the notifier has told on that topic."""
        rows = await self.pool.fetch("select value from notifier.outbox where topic = $1 order by lane, seq", topic)
        if topic == events.NOTIFIER_EVENTS:
            for row in rows:
                _as_declared(row["value"])
        return [msgspec.json.decode(row["value"]) for row in rows]

    async def messages(self, **parameters: Any) -> list[dict[str, Any]]:
        """The items of the first page of messages."""
        response = (await self.http.get("/v1/messages", params=parameters)).raise_for_status()
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    def mail(self) -> list[EmailMessage]:
        """What lies in the Maildir."""
        files = sorted((self.settings.data_dir / "maildir" / "new").iterdir())
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]

    def text(self, place: int = -1) -> str:
        """The plain text of a mail in the Maildir, by default of the only one."""
        body = self.mail()[place].get_body(("plain",))
        assert body is not None
        text: str = body.get_content()
        return text


@asynccontextmanager
async def notifier(
    dsn: str,
    folder: Path,
    settings: Mapping[str, object] | None = None,
    *,
    keys: Keys | None = None,
    unnamed: bool = False,
) -> AsyncIterator[Notifier]:
    """A notifier, if not set otherwise with a Maildir under `folder`, until the block ends."""
    chosen = NotifierSettings.model_validate(
        {"lanes": 4, "data_dir": folder, "plays_file": THREE_PLAYS, **({} if unnamed else NAMED), **(settings or {})}
    )
    log = PostgresLog(dsn)
    await log.open(topics(chosen))
    pool = await db.pool(dsn, size=2, name="test")
    try:
        async with asyncio.TaskGroup() as tasks:
            runtime = Runtime(log, dsn, f"worker-{id(log)}", tasks)
            async with open_part(chosen, runtime) as part, _client(part, keys) as client:
                yield Notifier(log, pool, part, client, chosen)
    finally:
        await log.close()
        await pool.close()


@asynccontextmanager
async def _client(part: Part, keys: Keys | None) -> AsyncIterator[httpx.AsyncClient]:
    app = application([part], keys or Keys(None), title="test", version="0")
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://notifier") as client:
        yield client


def smtp(port: int, **settings: object) -> dict[str, object]:
    """Settings for real mail over a server on this machine."""
    return {**REAL_MAIL, "smtp_url": f"smtp://127.0.0.1:{port}", **settings}
