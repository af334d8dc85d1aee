"""Notifiers as real processes that send over a real SMTP server, and what everybody can see of their work."""

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import httpx
import msgspec

from shared.log import Record
from shared.topics import topics
from tests.e2e.deployment import Deployment
from tests.make import THREE_PLAYS
from tests.system import Program
from tests.until import until

REAL_MAIL: Final = {
    "MAIL_FROM": "laden@example.org",
    "SENDER_NAME": "Schöner Laden",
    "IMPRINT": "Schöner Laden, Gasse 1, Köln",
    "PUBLIC_URL": "https://laden.example",
}
_COUNTED: Final = re.compile(r'^loyalty_messages_total\{play="[a-z_]+",state="(\w+)"\} (\S+)$', re.MULTILINE)


def smtp(port: int) -> dict[str, str]:
    """Settings for mail over a server on this machine."""
    return {**REAL_MAIL, "PLAYS_FILE": str(THREE_PLAYS), "SMTP_URL": f"smtp://127.0.0.1:{port}"}


class Notifiers:
    """The notifiers of a deployment: those that run, and those that were killed."""

    def __init__(self, system: Deployment) -> None:
        self.system = system
        self.running: list[Program] = []
        self.all: list[Program] = []

    async def add(self) -> Program:
        """One more; questions go to the newest."""
        program = Program("services.notifier", self.system.environment)
        self.running.append(program)
        self.all.append(program)
        await program.start()
        self.system.client.notifier = program.url
        return program

    async def kill(self, program: Program) -> None:
        """With -9; nobody waits for its leases."""
        self.running.remove(program)
        await program.kill()
        await self.forget(program)

    async def forget(self, program: Program) -> None:
        """The leases and the name of one that is silent run out now instead of in some seconds.

        Not of a lane whose row it holds, stopped in a transaction: that expires by itself, and its session is ended.
        """
        owner = f"%-{program.pid}-%"
        pool = self.system.pool
        await pool.execute(
            """
            update notifier.lane set lease_until = clock_timestamp() where lane in
            (select lane from notifier.lane where owner like $1 for update skip locked)
            """,
            owner,
        )
        await pool.execute("delete from notifier.worker where id like $1", owner)

    @property
    def url(self) -> str:
        """Of the newest."""
        return self.system.client.notifier

    async def messages(self, **query: str) -> list[dict[str, Any]]:
        """All messages, page by page."""
        found: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        while True:
            page = await _got(self.system.client.http, f"{self.url}/v1/messages", limit="1000", **query, **after)
            found += page["items"]
            if page["next"] is None:
                return found
            after = {"after": page["next"]}

    async def become(self, *outcomes: tuple[str, str, str | None], **query: str) -> list[dict[str, Any]]:
        """Wait until the messages have these (play, state, reason), in any order; the messages."""

        async def there() -> list[dict[str, Any]]:
            found = await self.messages(**query)
            assert sorted(map(outcome, found), key=repr) == sorted(outcomes, key=repr)
            return found

        return await until(there, 60)

    async def counted(self, state: str) -> int:
        """How many messages came into this state, as the newest one's metrics say."""
        text = (await self.system.client.http.get(f"{self.url}/metrics")).raise_for_status().text
        return sum(int(float(count)) for counted, count in _COUNTED.findall(text) if counted == state)

    def programs(self) -> list[Program]:
        """All programs of the system, also those that were killed."""
        return [self.system.ingest, *self.system.ladders, *self.all]


@asynccontextmanager
async def notifying(system: Deployment, number: int) -> AsyncIterator[Notifiers]:
    """So many notifiers beside the rest of the system, until the block ends."""
    notifiers = Notifiers(system)
    try:
        for _ in range(number):
            await notifiers.add()
        yield notifiers
    finally:
        async with AsyncExitStack() as stack:
            for program in notifiers.running:
                stack.push_async_exit(program.__aexit__)


def outcome(message: dict[str, Any]) -> tuple[str, str, str | None]:
    """(play, state, reason) of a message."""
    return message["play"], message["state"], message.get("reason")


async def on_log(system: Deployment, topic: str) -> list[Record]:
    """All records of a topic, lane by lane."""
    log = system.store.log()
    await log.open(topics(system.settings))
    try:
        found: list[Record] = []
        for lane, end in (await log.end_positions(topic)).items():
            reader = await log.reader(lane, {topic: 0})
            found += await reader.take_until(topic, end)
            await reader.close()
        return found
    finally:
        await log.close()


async def told(system: Deployment, topic: str) -> list[dict[str, Any]]:
    """The events of a topic, lane by lane, those that are repeated once."""
    found = [msgspec.json.decode(record.value) for record in await on_log(system, topic)]
    return list({each["id"]: each for each in found}.values())


def found_in(texts: Iterable[bytes | str], secrets: Sequence[str]) -> list[str]:
    """Those of the texts that hold one of the secrets, in whatever case; empty where all is as it should be."""
    read = (text.decode(errors="replace") if isinstance(text, bytes) else text for text in texts)
    return [text for text in read if any(secret in text.lower() for secret in secrets)]


async def _got(http: httpx.AsyncClient, url: str, **query: str) -> Any:
    answer = await http.get(url, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()
