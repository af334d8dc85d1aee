"""`python -m services.ingest load FILE`: posts a shop's history in the order of its time, one request after another."""

import argparse
import csv
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx

from services.ingest.loading.delivery import MOST, Delivery, batches, quiet_midnights
from services.ingest.loading.history import Line, Refused, in_order
from services.ingest.loading.progress import Display, Progress, fingerprint
from services.ingest.loading.rows import Reading, rows
from shared.http.persistent import GaveUpError, PersistentClient

DESCRIPTION = """\
Posts a history over HTTP, in the order of its time, to programs that run with CLOCK=facts.

FILE ending in .jsonl, .ndjson or .json holds an event a line, as POST /v1/events takes them.
Any other is a CSV file in UTF-8 with a header. Its columns are named like the fields of an event:
  type (default purchase.completed), subject, time, id, source;
  every other column is a member of data, such as order_id, amount, currency, discount, items (as JSON);
  profile.email is the member email of data.profile. Empty cells are left out.

An event without id gets one derived from its content, so loading again doubles nothing. A file that is not in the
order of its time is sorted in memory (up to 3,000,000 events). After a stop or an error the same command goes on
where it was: what was answered is remembered beside the file, in FILE.progress.

Exit code: 0 all taken, 1 some lines refused (they are listed), 2 not finished.
"""


def main(arguments: list[str]) -> int:
    """Load a file; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _load(options)
    except KeyboardInterrupt:
        return _failed("stopped; the same command goes on from here")
    except (OSError, ValueError, csv.Error) as error:
        return _failed(f"{options.file}: {error}")
    except GaveUpError as error:
        return _failed(f"{error}; the same command goes on from here")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.ingest load", description=DESCRIPTION, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    option = parser.add_argument
    option("--url", default="http://127.0.0.1:8000", help="where ingest is served (%(default)s)")
    option("--key-file", type=Path, help="a file that holds an API key with the scope events:write")
    option("--batch", type=_batch_size, default=500, help="events in a request, at most 1000 (%(default)s)")
    option("--by-day", action="store_true", help="a day in a request, so that what falls due is announced within a day")
    option("--map", type=_pair, action="append", metavar="COLUMN=FIELD", help="a CSV column by another name")
    option("--set", type=_pair, action="append", metavar="FIELD=VALUE", help="a value for every CSV row")
    option("--zone", type=_zone, help="time zone of CSV times without one, such as Europe/Berlin")
    option("--state", type=Path, help="where progress is remembered (FILE.progress)")
    option("--patience", type=float, default=300, help="seconds the service may be away (%(default)s)")
    return parser


def _load(options: argparse.Namespace) -> int:
    reading = Reading(dict(options.map or ()), dict(options.set or ()), options.zone)
    state = options.state or options.file.with_name(options.file.name + ".progress")
    progress = Progress.resumed(state, fingerprint(options.file, repr(reading)))
    if progress.done:
        _say(f"going on after {progress.done:,} events")
    unplaced: list[Refused] = []
    lines = _lines(in_order(lambda: rows(options.file, reading)), unplaced)
    _deliver(lines, progress, options)
    progress.finish()
    return _reported([*unplaced, *progress.refused])


def _lines(found: Iterable[Line | Refused], unplaced: list[Refused]) -> Iterator[Line]:
    """Those that can be posted; the others are put aside."""
    for line in found:
        if isinstance(line, Refused):
            unplaced.append(line)
        else:
            yield line


def _deliver(lines: Iterator[Line], progress: Progress, options: argparse.Namespace) -> None:
    display = Display(sys.stderr)
    at = _last_of(islice(lines, progress.done))
    with _client(options) as client:
        delivery = Delivery(PersistentClient(client, patience=options.patience))
        for batch in batches(lines, options.batch, by_day=options.by_day):
            if options.by_day and at is not None:
                for midnight in quiet_midnights(at, batch):
                    delivery.tell(midnight)
            progress.advance(len(batch), delivery.deliver(batch))
            at = batch[-1].at
            display.show(progress, at)
    display.show(progress, at or 0, last=True)


def _last_of(done: Iterable[Line]) -> int | None:
    """The instant that an earlier run had come to; None: nothing was done yet."""
    return max((line.at for line in done), default=None)


def _client(options: argparse.Namespace) -> httpx.Client:
    key = options.key_file.read_text("utf-8").strip() if options.key_file else None
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(base_url=options.url, headers=headers, timeout=30)


def _reported(refused: list[Refused]) -> int:
    for line, why in sorted(refused):
        sys.stdout.write(f"line {line}: {why}\n")
    if refused:
        _say(f"{len(refused):,} lines were refused")
    return 1 if refused else 0


def _failed(why: str) -> int:
    _say(why)
    return 2


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def _batch_size(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise argparse.ArgumentTypeError(f"a batch has 1 to {MOST} events")
    return int(text)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{name!r} is no IANA time zone") from error
