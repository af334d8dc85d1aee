"""Shows how far a job has come: on a terminal a bar in one line, elsewhere a line every few seconds."""

import time
from typing import Final, TextIO

EVERY: Final = 5.0
"""Seconds between two lines where nobody watches."""
OFTEN: Final = 0.2
"""The same on a terminal."""
_WIDTH: Final = 30


class Bar:
    """One stretch of work; `total` may be an estimate."""

    def __init__(self, out: TextIO, what: str, total: int) -> None:
        self._out, self._what, self._total = out, what, max(1, total)
        self._live = out.isatty()
        self._shown = time.monotonic()
        self._done = 0

    def advance(self, by: int = 1) -> None:
        """So much more is done; shown if it is time."""
        self._done += by
        if time.monotonic() - self._shown >= (OFTEN if self._live else EVERY):
            self._show()

    def end(self) -> None:
        """Shown for the last time."""
        self._show()
        if self._live:
            self._out.write("\n")
            self._out.flush()

    def _show(self) -> None:
        self._shown = time.monotonic()
        share = min(1.0, self._done / self._total)
        if self._live:
            full = round(share * _WIDTH)
            self._out.write(f"\r\x1b[K{self._what} [{'#' * full}{'.' * (_WIDTH - full)}] {self._done:,}")
        else:
            self._out.write(f"{self._what}: {self._done:,} ({share:.0%})\n")
        self._out.flush()
