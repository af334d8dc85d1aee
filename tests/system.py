"""Real processes of the system, started, asked, killed and stopped by tests."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx
import msgspec

from shared import events
from tests.until import until

ROOT = Path(__file__).parent.parent
START_SECONDS = 60
END_SECONDS = 10
"""A program ends within this time after SIGTERM."""


class Program:
    """One `python -m …` with its own environment; an async context manager that ends it."""

    def __init__(self, module: str, environment: Mapping[str, str], *arguments: str) -> None:
        self.module = module
        self._arguments = arguments
        self._environment = {**_inherited(), "HOST": "127.0.0.1", "PORT": "0", **environment}
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self.lines: list[str] = []
        """What it wrote to standard error."""
        self.url = ""

    async def start(self) -> Self:
        """Start it and wait until it listens."""
        await self.launch()
        await until(self._listens, START_SECONDS)
        return self

    async def launch(self) -> None:
        """Start it without waiting."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self.module,
            *self._arguments,
            cwd=ROOT,
            env=self._environment,
            stderr=asyncio.subprocess.PIPE,
            limit=2**22,
        )
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.lines.append(line.decode(errors="replace").rstrip())
            with contextlib.suppress(ValueError):
                told = json.loads(line)
                if isinstance(told, dict) and told.get("event") == "http.listening":
                    self.url = told["url"]

    def _listens(self) -> bool:
        assert self._process is not None
        if self._process.returncode is not None:
            raise RuntimeError(f"{self.module} ended with {self._process.returncode}:\n" + "\n".join(self.lines[-20:]))
        return bool(self.url)

    def send(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def kill(self) -> None:
        """Kill it with -9."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self.wait()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def stop(self) -> int:
        """Ask it to end, and wait; its exit code. TimeoutError when it takes too long."""
        if self.running():
            with contextlib.suppress(ProcessLookupError):
                self.send(signal.SIGTERM)
        return await self.wait(END_SECONDS)

    async def wait(self, seconds: float = 60) -> int:
        """Wait for its end; its exit code."""
        assert self._process is not None
        code = await asyncio.wait_for(self._process.wait(), seconds)
        if self._reading is not None:
            await self._reading
        return code

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGCONT)
            try:
                await self.stop()
            except TimeoutError:
                await self.kill()


class Ended(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


async def run(module: str, environment: Mapping[str, str], *arguments: str, seconds: float = 120) -> Ended:
    """Run `python -m …` to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        cwd=ROOT,
        env={**_inherited(), "HOST": "127.0.0.1", "PORT": "0", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(process.returncode or 0, out.decode(), err.decode())


def _inherited() -> dict[str, str]:
    """Of this process's environment what a program needs; no settings leak in."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


class Client:
    """Asks a system over HTTP."""

    def __init__(self, *urls: str) -> None:
        """`urls`: of ingest, ladder and notifier; one for all in the all-in-one."""
        self.http = httpx.AsyncClient(timeout=60)
        self.ingest, self.ladder, self.notifier = urls if len(urls) == 3 else (urls[0],) * 3

    async def post(self, events: list[dict[str, Any]]) -> httpx.Response:
        """Post facts as plain JSON."""
        return await self.http.post(f"{self.ingest}/v1/events", json=events)

    async def lag(self) -> dict[str, int]:
        """How far each service is behind, as its /readyz says."""
        told: dict[str, int] = {}
        for url in {self.ingest, self.ladder, self.notifier}:
            answer = await self.http.get(f"{url}/readyz")
            assert answer.status_code == 200, answer.text
            told |= answer.json()["lag"]
        return told

    async def settled(self, seconds: float = 60) -> None:
        """Wait until everything that was posted has been processed, by the ladder and behind it by the notifier."""
        calm = 0

        async def still() -> bool:
            nonlocal calm
            behind = await self.lag()
            calm = 0 if any(behind.values()) else calm + 1
            assert calm >= 3, f"still behind: {behind}"
            return True

        await until(still, seconds)

    async def announcements(self, **query: str) -> list[events.Announcement]:
        """All announcements from the feed, from the oldest on."""
        found: list[dict[str, Any]] = []
        after: str | None = None
        more = True
        while more:
            parameters = {"limit": "1000", **query, **({"after": after} if after else {})}
            page = (await self.http.get(f"{self.ladder}/v1/announcements", params=parameters)).json()
            found += page["items"]
            after, more = page["next"], page["more"]
        return msgspec.convert(found, list[events.Announcement])

    async def tell(self, to: str) -> None:
        """Let time be `to` (RFC 3339) under `CLOCK=facts`."""
        answer = await self.http.post(f"{self.ingest}/v1/clock", json={"to": to})
        assert answer.status_code == 202, answer.text

    async def ask(self, path: str, **query: str) -> Any:
        """The ladder's answer to a question."""
        answer = await self.http.get(f"{self.ladder}{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()


@contextlib.asynccontextmanager
async def client_of(*programs: Program) -> AsyncIterator[Client]:
    """A client of these running programs."""
    client = Client(*(program.url for program in programs))
    try:
        yield client
    finally:
        await client.close()
