"""The whole system as a real process, as `make run` starts it, on a data directory of its own."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import httpx

ROOT: Final = Path(__file__).parent.parent
FOLDER: Final = ROOT / "build" / "demo"
START_SECONDS: Final = 60.0
SETTLE_SECONDS: Final = 60.0
PAUSE: Final = 0.05
"""Seconds between two looks."""

_CALM: Final = 3
"""So many looks in a row must find nothing left to do: what one program writes another has yet to see."""


Found = TypeVar("Found")


class DemoError(RuntimeError):
    """The demo cannot go on; the text is one line."""


class System:
    """A running system."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process = process
        self.folder = folder
        self.url = self._until(self._listening, START_SECONDS, "the system did not start")

    @property
    def log(self) -> Path:
        """What the system says, a JSON object a line."""
        return self.folder / "log.jsonl"

    @property
    def maildir(self) -> Path:
        """Where mail goes that would have been sent."""
        return self.folder / "data" / "maildir"

    @property
    def letters(self) -> int:
        """How much mail there is."""
        return sum(1 for _ in (self.maildir / "new").iterdir())

    def load(self, file: Path) -> None:
        """Load a history with the project's own loader. Raises DemoError when it was not taken as a whole."""
        command = [sys.executable, "-m", "services.ingest", "load", str(file), "--url", self.url, "--by-day"]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        if code:
            raise DemoError(f"the loader ended with exit code {code}")

    def settle(self, *services: str) -> None:
        """Wait until these services have processed all that was loaded. Raises DemoError when it takes too long."""
        calm = 0

        def still() -> bool:
            nonlocal calm
            answer = httpx.get(f"{self.url}/readyz", timeout=30)
            done = answer.status_code == 200 and not any(answer.json()["lag"][service] for service in services)
            calm = calm + 1 if done else 0
            return calm >= _CALM

        self._until(still, SETTLE_SECONDS, "the system has not processed everything")

    def wait(self) -> None:
        """Wait until it ends."""
        self._process.wait()

    def _listening(self) -> str:
        for line in self.log.read_text("utf-8").splitlines():
            if '"http.listening"' in line:
                return str(json.loads(line)["url"])
        return ""

    def _until(self, look: Callable[[], Found], seconds: float, failure: str) -> Found:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise DemoError(f"{failure}: {self._last_words()}")
            if found := look():
                return found
            time.sleep(PAUSE)
        raise DemoError(f"{failure} within {seconds:.0f} seconds; its log is {self.log}")

    def _last_words(self) -> str:
        lines = self.log.read_text("utf-8").splitlines()
        return lines[-1] if lines else f"it ended with exit code {self._process.returncode}"


@contextmanager
def running() -> Iterator[System]:
    """A fresh system, stopped at the end; its data is then removed, but after a failure it stays, to be looked at."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=FOLDER))
    folder.chmod(0o755)  # started by root, PostgreSQL runs under another account
    process = _started(folder)
    failed = False
    try:
        yield System(process, folder)
    except Exception:
        failed = True
        raise
    finally:
        _stop(process)
        if not failed:
            _remove(folder)


def _started(folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log.jsonl").open("wb") as log:
        command = [sys.executable, "-m", "services"]
        return subprocess.Popen(command, cwd=ROOT, env=_environment(folder), stdout=log, stderr=log)


def _environment(folder: Path) -> dict[str, str]:
    """No settings of the caller's shell leak in."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    port = _free_port()
    return {
        **inherited,
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DATA_DIR": str(folder / "data"),
        "LANES": "4",
        "CLOCK": "facts",
        "SIMULATE": "1",
        "TIME_ZONE": "UTC",
        "SENDER_NAME": "The record shop",
        "MAIL_FROM": "shop@record-shop.example",
        "IMPRINT": "The record shop (a demonstration, nobody is written to)",
        "SHOP_URL": "https://record-shop.example",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _remove(folder: Path) -> None:
    """Remove the data; of a folder that PostgreSQL's account cannot reach, the database is elsewhere, behind a link."""
    cluster = folder / "data" / "postgres"
    if cluster.is_symlink():
        shutil.rmtree(cluster.resolve().parent)
    shutil.rmtree(folder)
