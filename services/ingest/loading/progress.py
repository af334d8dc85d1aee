"""Remembers how far a load has come, so that it goes on from there, and shows it."""

import hashlib
import time
from pathlib import Path
from typing import Final, Self, TextIO

import msgspec

from services.ingest.loading.history import Refused
from shared import instants

EVERY: Final = 5.0
"""Seconds between two lines where nobody watches."""
OFTEN: Final = 0.2
"""The same on a terminal."""


class _Step(msgspec.Struct, omit_defaults=True):
    done: int
    refused: list[Refused] = []


class _Start(msgspec.Struct):
    loading: str


class Progress:
    """Which events of a file have been answered, and which of them were refused; kept in a file of JSON lines."""

    def __init__(self, path: Path, loading: str) -> None:
        self._path = path
        self._loading = loading
        self.done = 0
        self.refused: list[Refused] = []

    @classmethod
    def resumed(cls, path: Path, loading: str) -> Self:
        """As it was left, if it was for `loading` (which names the file's content and how it is read)."""
        progress = cls(path, loading)
        start, *steps = path.read_bytes().splitlines() if path.exists() else [b"{}"]
        try:
            if msgspec.json.decode(start, type=_Start).loading == loading:
                for step in steps:
                    progress._add(msgspec.json.decode(step, type=_Step))
                return progress
        except msgspec.DecodeError:
            pass
        path.write_bytes(msgspec.json.encode(_Start(loading)) + b"\n")
        return progress

    def advance(self, done: int, refused: list[Refused]) -> None:
        """So many more events were answered."""
        step = _Step(done, refused)
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(step) + b"\n")
        self._add(step)

    def finish(self) -> None:
        """Nothing is left to remember."""
        self._path.unlink(missing_ok=True)

    def _add(self, step: _Step) -> None:
        self.done += step.done
        self.refused += step.refused


def fingerprint(path: Path, *options: str) -> str:
    """The content of a file and how it is read."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return "\x1f".join((content, *options))


class Display:
    """Shows how far it has come: on a terminal in one line, elsewhere a line every few seconds."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live = out.isatty()
        self._began = self._shown = time.monotonic()
        self._before: int | None = None

    def show(self, progress: Progress, at: int, *, last: bool = False) -> None:
        """Show it if it is time, or for the last time; `at` is the instant that the history has come to."""
        now = time.monotonic()
        self._before = progress.done if self._before is None else self._before
        if not last and now - self._shown < (OFTEN if self._live else EVERY):
            return
        self._shown = now
        rate = (progress.done - self._before) / max(now - self._began, 0.001)
        counts = f"{progress.done:,} events, {len(progress.refused):,} refused"
        text = f"{counts}, up to {instants.text(at)[:10]}, {rate:,.0f}/s"
        self._out.write(f"\r\x1b[K{text}" if self._live else f"{text}\n")
        if self._live and last:
            self._out.write("\n")
        self._out.flush()
