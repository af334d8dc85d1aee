"""`python -m services.ladder fit`: fits the models of buying and paying to the own journal, and drafts rules."""

import argparse
import asyncio
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from services.ladder.core.rules import Rules, RulesError
from services.ladder.estimates import queries, report
from services.ladder.estimates.draft import draft
from services.ladder.estimates.fit import STEPS, Fitted, fit
from services.ladder.estimates.fitting import DegenerateError
from services.ladder.estimates.history import Sample
from services.ladder.estimates.journal import everybody
from services.ladder.estimates.progress import Bar
from services.ladder.estimates.reach import database
from services.ladder.rulebook.book import Book
from services.ladder.rulebook.opening import kept
from services.ladder.settings import LadderSettings
from shared.db import Connection
from shared.program import REFUSALS
from shared.settings import RefusedError, load

DESCRIPTION = """\
Fits MBG/NBD (and BG/NBD, to compare) and Gamma-Gamma to the purchases in the journal by maximum likelihood, tests the
model on the last days against recency alone, and writes a draft of the rules with the fitted parameters. Changes
nothing in the database; the ladder may go on meanwhile.

Exit code: 0 a draft was written, 1 refused or degenerate: the parameters in force stay.
"""
_EPOCH: Final = date(1970, 1, 1)


def main(arguments: list[str]) -> None:
    """Run the job; a refusal is one line and exit code 1."""
    chosen = _parser().parse_args(arguments)
    try:
        settings = load(LadderSettings)
        path = chosen.draft or settings.data_dir / "rules-draft.toml"
        sys.stdout.write(_run(settings, chosen.until, path))
    except (*REFUSALS, RulesError) as refused:
        sys.exit(str(refused))
    except DegenerateError as reason:
        sys.exit(f"not fitted, the parameters in force stay: {reason}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.ladder fit", description=DESCRIPTION, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--until", type=date.fromisoformat, metavar="DATE", help="the last day to look at (today)")
    parser.add_argument("--draft", type=Path, metavar="FILE", help="where to write (DATA_DIR/rules-draft.toml)")
    return parser


def _run(settings: LadderSettings, until: date | None, path: Path) -> str:
    book, sample = asyncio.run(_read(settings, until))
    rules = book.rules
    bar = Bar(sys.stderr, "fits done", STEPS)
    fitted = fit(sample, int(rules.unit), rules.churn.horizon_days / 7, bar.advance)
    bar.end()
    end, split = (_EPOCH + timedelta(days=day) for day in (sample.end, sample.split))
    _write(settings, book.written, path, fitted, f"to the purchases of {fitted.people:,} people up to {end}")
    return report.told(fitted, end, split, path)


async def _read(settings: LadderSettings, until: date | None) -> tuple[Book, Sample]:
    async with database(settings, "ladder-fit") as connection:
        book = await kept(connection, settings)
        rules = book.rules
        end = await _today(connection, settings, rules) if until is None else (until - _EPOCH).days
        sample = Sample(end, end - rules.churn.horizon_days)
        bar = Bar(sys.stderr, "people read", await queries.people(connection))
        async for _, days in everybody(connection, settings.lanes, rules):
            sample.add(days)
            bar.advance()
        bar.end()
        return book, sample


async def _today(connection: Connection, settings: LadderSettings, rules: Rules) -> int:
    now = await queries.now(connection, by_facts=settings.clock == "facts")
    if now is None:
        raise RefusedError("nothing has been told yet, there is nothing to fit to")
    return rules.day_of(now)[0]


def _write(settings: LadderSettings, rules: str, path: Path, fitted: Fitted, note: str) -> None:
    money = None if isinstance(fitted.paying, str) else fitted.paying.money
    text = draft(rules, fitted.buying.params, money, note, settings.exponent)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
