"""`python -m services.notifier load-codes POOL FILE`: puts a partner's codes into a pool of a running notifier."""

import argparse
import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx
import msgspec

from services.notifier.offers.pools import Line, fault_of, read_lines
from shared.http import Problem
from shared.http.persistent import GaveUpError, PersistentClient

DESCRIPTION = """\
Puts the codes of a CSV file into a pool of partner codes, over HTTP.

FILE has a column code and, if wanted, a column valid_until (a day, which still counts, or a time), in UTF-8, with
commas or semicolons. It is looked through first: as long as a line is wrong, nothing is loaded. Codes that are in the
pool already are passed over, so the same command may be repeated, after a stop or an error too.

Exit code: 0 all are there, 1 some lines are wrong (they are listed), 2 not finished.
"""
AT_ONCE: Final = 5_000
"""Codes in a request."""


class _Loaded(msgspec.Struct):
    added: int
    known: int


def main(arguments: list[str]) -> int:
    """Load a file; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        lines = read_lines(options.file.read_bytes())
        return _refused(lines) or _load(lines, options)
    except KeyboardInterrupt:
        return _failed("stopped; the same command may be repeated")
    except OSError as error:
        return _failed(f"{options.file}: {error}")
    except Problem as problem:
        return _failed(f"{options.file}: {problem}")
    except GaveUpError as error:
        return _failed(f"{error}; the same command may be repeated")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.notifier load-codes",
        description=DESCRIPTION,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("pool", metavar="POOL", help="as an offer of the book names it")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the notifier is served (%(default)s)")
    parser.add_argument("--key-file", type=Path, help="a file that holds an API key with the scope admin")
    parser.add_argument(
        "--patience", type=float, default=60, help="seconds the notifier may be away (%(default)s)", metavar="SECONDS"
    )
    return parser


def _refused(lines: Sequence[Line]) -> int:
    """List the lines that are wrong; 1 if there are any."""
    faults = [(line.number, why) for line in lines if (why := fault_of(line)) is not None]
    for number, why in faults:
        sys.stdout.write(f"line {number}: {why}\n")
    if faults:
        _say(f"{len(faults):,} lines are wrong, nothing was loaded")
    return 1 if faults else 0


def _load(lines: Sequence[Line], options: argparse.Namespace) -> int:
    done = added = known = 0
    live = sys.stderr.isatty()
    with _client(options) as http:
        client = PersistentClient(http, patience=options.patience)
        for start in range(0, len(lines), AT_ONCE):
            batch = lines[start : start + AT_ONCE]
            loaded = _posted(client, options.pool, batch)
            done, added, known = done + len(batch), added + loaded.added, known + loaded.known
            text = f"{done:,} of {len(lines):,} codes: {added:,} new, {known:,} were there already"
            sys.stderr.write(f"\r\x1b[K{text}" if live else f"{text}\n")
            sys.stderr.flush()
    _say("\nall are there" if live else "all are there")
    return 0


def _client(options: argparse.Namespace) -> httpx.Client:
    key = options.key_file.read_text("utf-8").strip() if options.key_file else None
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(base_url=options.url, headers=headers, timeout=60)


def _posted(client: PersistentClient, pool: str, batch: Sequence[Line]) -> _Loaded:
    """What became of these codes. Raises GaveUpError."""
    answer = client.post(f"/v1/pools/{quote(pool, safe='')}", _csv(batch), "text/csv", {httpx.codes.OK})
    return msgspec.json.decode(answer.content, type=_Loaded)


def _csv(batch: Sequence[Line]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([("code", "valid_until"), *((line.code, line.until) for line in batch)])
    return out.getvalue().encode()


def _failed(why: str) -> int:
    _say(why)
    return 2


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
