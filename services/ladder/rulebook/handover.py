"""A lane goes over from one version of the rules to another, page by page, each page with its progress in one
transaction of the lane; facts go on meanwhile, each person's by the version they are folded by.
"""

from typing import NamedTuple

from services.ladder import store as ladder
from services.ladder.core.rules import Rules
from services.ladder.rulebook import store
from services.ladder.rulebook.book import Book
from services.ladder.rulebook.store import LaneVersion, Version
from services.ladder.turn import Coming, Turn
from shared.db import Connection
from shared.settings import RefusedError


class Course(NamedTuple):
    """Which rules hold in a lane. `coming`: those it goes over to."""

    rules: Rules
    coming: Coming | None = None
    people: int = 0
    """How many have gone over."""


async def course_of(tx: Connection, lane: int, book: Book) -> Course:
    """How the lane's last owner left it. Raises RefusedError where this program would fold otherwise."""
    await store.hold(tx)
    noted, target = await store.lane(tx, lane), await store.target(tx)
    if noted is None or target is None:
        return Course(book.rules)
    if await store.folded_with(tx) != book.version(target.text).digest:
        raise RefusedError("the standings have been refolded with other rules: start the ladder with those")
    rules = await _rules(tx, noted.version, book)
    if noted.coming is None:
        return Course(rules)
    return Course(rules, _coming(target, book, noted.reached), noted.people)


async def turned(tx: Connection, course: Course, book: Book) -> Course:
    """The course towards the version that was activated last, whatever this process has heard of it."""
    await book.look(tx)
    target = await store.target(tx)
    if target is None or target.version == course.rules.version:
        return course
    return Course(course.rules, _coming(target, book, ""))


async def go_over(tx: Connection, turn: Turn, course: Course, until: int) -> Course:
    """Decide the next page of people anew in this turn, as of `until`; the course behind them, which is noted."""
    assert course.coming is not None
    coming, limit = course.coming, turn.manner.page
    stored = await ladder.page(tx, turn.lane, coming.reached, limit)
    for person, rows in (await ladder.facts(tx, turn.lane, list(stored))).items():
        turn.know(person, stored[person])
        turn.know_facts(person, rows)
        turn.go_over(person, until, coming)
    if len(stored) < limit:
        await store.move(tx, turn.lane, LaneVersion(coming.rules.version, None, "", 0))
        return Course(coming.rules)
    reached, people = max(stored), course.people + len(stored)
    await store.move(tx, turn.lane, LaneVersion(course.rules.version, coming.rules.version, reached, people))
    return course._replace(coming=coming._replace(reached=reached), people=people)


async def _rules(tx: Connection, version: int, book: Book) -> Rules:
    found = await store.find(tx, version)
    assert found is not None, "no version that was in force is ever removed"
    return book.version(found.text)


def _coming(target: Version, book: Book, reached: str) -> Coming:
    return Coming(book.version(target.text), reached, f"{target.version}@{target.activated_at}", target.emit)
