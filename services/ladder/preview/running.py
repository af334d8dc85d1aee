"""A preview at work: page after page, a little at a time, so that whoever else works in the process hardly notices."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

import msgspec

from services.ladder.announce import announce
from services.ladder.core import fold
from services.ladder.core.rules import Rules
from services.ladder.core.standing import RUNGS, decode
from services.ladder.preview.answers import Line, Move, Progress, Result
from services.ladder.preview.queries import Person, PreviewQueries
from services.ladder.preview.replay import Life, relive
from services.ladder.reading import read_journal
from shared import instants

PAGE: Final = 100
Pairs = Counter[tuple[str, str]]


@dataclass(slots=True)
class Preview:
    """One draft of the rules, tried out on a sample of the people up to `now`."""

    queries: PreviewQueries
    rules: Rules
    draft: Rules
    now: int
    rungs: Pairs = field(default_factory=Counter)
    stages: Pairs = field(default_factory=Counter)
    moved: int = 0
    types: Counter[str] = field(default_factory=Counter)

    async def result(self) -> AsyncGenerator[bytes]:
        """Lines with the progress, then one with the result."""
        async with aclosing(self.told()) as told:
            async for line in told:
                yield msgspec.json.encode(line) + b"\n"

    async def told(self) -> AsyncGenerator[Line]:
        """The same, not written down yet."""
        total, done = await self.queries.count(), 0
        async for page in self._pages():
            done += len(page)
            yield Line(progress=Progress(people=done, of=max(done, total)))
        yield Line(result=self._result(done))

    async def announcements(self) -> AsyncGenerator[bytes]:
        """What would have been announced, person by person, as CloudEvents; a page's lines at once."""
        async for page in self._pages():
            lines = [
                announce(person.person, change, change.at, historical=False, via=via)[1]
                for person, life in page
                for change, via in life.changes
            ]
            if lines:
                yield b"\n".join(lines) + b"\n"

    async def _pages(self) -> AsyncIterator[list[tuple[Person, Life]]]:
        lane, after = -1, ""
        while people := await self.queries.page(lane, after, PAGE):
            lane, after = people[-1].lane, people[-1].person
            yield await asyncio.to_thread(self._relived, people)

    def _relived(self, people: list[Person]) -> list[tuple[Person, Life]]:
        lives = []
        for person in people:
            life = relive(map(read_journal, person.facts), self.draft, self.now)
            self._count(person, life)
            lives.append((person, life))
        return lives

    def _count(self, person: Person, life: Life) -> None:
        stands, _ = fold.sweep(decode(person.state), self.now, self.rules)
        would = life.standing
        rungs = RUNGS[stands.rung - 1], RUNGS[would.rung - 1] if would is not None else ""
        stages = str(stands.stage), str(would.stage) if would is not None else ""
        self.rungs[rungs] += 1
        self.stages[stages] += 1
        self.moved += rungs[0] != rungs[1] or stages[0] != stages[1]
        self.types.update(change.type for change, _ in life.changes)

    def _result(self, people: int) -> Result:
        return Result(
            as_of=instants.text(self.now),
            version=self.draft.version,
            people=people,
            moved=self.moved,
            rungs=_moves(self.rungs),
            stages=_moves(self.stages),
            announcements=dict(sorted(self.types.items())),
        )


def _moves(pairs: Pairs) -> list[Move]:
    return [Move(from_=from_, to=to, people=people) for (from_, to), people in sorted(pairs.items())]
