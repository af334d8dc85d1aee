"""The versions of the rules as they are asked for: all of them, or one with its text. Reads only."""

from typing import Final

from sqlalchemy import BigInteger, cast, func, select

from services.ladder.queries import Queries
from services.ladder.rulebook.answers import RulesAnswer, RulesText, State
from services.ladder.rulebook.book import Book
from services.ladder.rulebook.store import LaneVersion, Version
from services.ladder.rulebook.telling import going_over, state_of, told
from services.ladder.tables import lane_rules, rules, tally
from shared.http import Problem

_VERSIONS: Final = select(*(rules.c[name] for name in Version._fields)).order_by(rules.c.version.desc())

_LANES: Final = select(lane_rules)

_PEOPLE: Final = (
    select(tally.c.lane, cast(func.sum(tally.c.people), BigInteger).label("people"))
    .where(tally.c.kind == "rung")
    .group_by(tally.c.lane)
)


class Versions:
    """Answers from the database; what is in force this process knows from its book."""

    def __init__(self, queries: Queries, book: Book) -> None:
        self._queries = queries
        self._book = book

    async def all(self) -> RulesAnswer:
        """The rules in force, all versions, and how far an activation has come. Raises Problem 503."""
        versions, target, lanes = await self._kept()
        people = {row.lane: row.people for row in await self._queries.ask(_PEOPLE)}
        rules = self._book.rules
        return RulesAnswer(
            version=rules.version,
            digest=rules.digest,
            currency=rules.currency,
            time_zone=rules.time_zone,
            rules=rules.document,
            activation=going_over(target, lanes, people),
            versions=[told(each, state_of(each, target, lanes)) for each in versions],
        )

    async def one(self, number: int) -> RulesText:
        """A version with its text. Raises Problem 404 and 503."""
        versions, target, lanes = await self._kept()
        found = next((each for each in versions if each.version == number), None)
        if found is None:
            raise Problem(404, "unknown-rules", "There is no such version of the rules")
        return text_of(found, state_of(found, target, lanes), self._book)

    async def _kept(self) -> tuple[list[Version], Version | None, dict[int, LaneVersion]]:
        """(all versions, the one that was activated last, how far the lanes are)."""
        versions = [Version._make(row) for row in await self._queries.ask(_VERSIONS)]
        activated = [each for each in versions if each.activated_at is not None]
        target = max(activated, key=lambda each: (each.activated_at, each.version), default=None)
        lanes = {
            row.lane: LaneVersion(row.version, row.coming, row.reached, row.people)
            for row in await self._queries.ask(_LANES)
        }
        return versions, target, lanes


def text_of(version: Version, state: State, book: Book) -> RulesText:
    """The version with its text."""
    short = told(version, state)
    parts = {name: getattr(short, name) for name in short.__struct_fields__}
    return RulesText(**parts, rules=book.version(version.text).document, toml=version.text)
