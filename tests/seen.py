"""What a system has announced and where people stand, in the words of the oracle, so that both can be compared.

An announcement is a `Seen`, a standing a tuple of everything the oracle tells of it. Places are rungs or
(phase, stage); causes are ("fact", id, source) or ("deadline", name, instant).
"""

import hashlib
import pickle
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from services.ladder.core import fold, worth
from services.ladder.core.facts import Known
from services.ladder.core.moves import Moves
from services.ladder.core.past import Past
from services.ladder.core.rules import Rules
from services.ladder.core.standing import decode, due_at
from services.ladder.figures.sums import Figure, Sums
from services.ladder.reading import read_journal
from shared import events, instants
from shared.db import Pool
from tests import oracle

CACHE: Final = Path(__file__).parent.parent / "build" / "oracle"


UTC_SHOP: Final = oracle.Shop()


class Seen(NamedTuple):
    """An announcement as the oracle puts it."""

    person: str
    type: str
    at: int
    origin: object
    to: object
    cause: oracle.Cause


Standing = tuple[object, ...]


class Reading(NamedTuple):
    """What the oracle says of many lives: everything announced up to `end`, and where people stand then."""

    end: int
    announced: frozenset[Seen]
    standings: dict[str, Standing]

    def of(self, people: Iterable[str]) -> "Reading":
        """The same of these people only."""
        chosen = frozenset(people)
        announced = frozenset(each for each in self.announced if each.person in chosen)
        return Reading(self.end, announced, {person: self.standings[person] for person in chosen})


# -- what the system says ----------------------------------------------------------------------------------------


def seen(message: events.Announcement) -> Seen:
    """An announcement from the wire."""
    cause = message.data.cause
    told: oracle.Cause = (
        ("fact", cause["fact"], cause["source"])
        if "fact" in cause
        else ("deadline", cause["deadline"], instants.parse(cause["at"]))
    )
    origin, to = _place(message.data.from_), _place(message.data.to)
    return Seen(message.subject, events.type_of(message), instants.parse(message.time), origin, to, told)


def _place(told: object) -> object:
    return (told.phase, told.stage) if isinstance(told, events.PhaseName) else told


def by_id(messages: Iterable[events.Announcement]) -> dict[str, Seen]:
    """Announcements by their ids; AssertionError where one id, or one announcement, comes twice."""
    found: dict[str, Seen] = {}
    for message in messages:
        assert message.id not in found, f"{message.id} comes twice"
        found[message.id] = seen(message)
    doubled = [each for each, count in Counter(found.values()).items() if count > 1]
    assert not doubled, f"announced under several ids: {doubled[:3]}"
    return found


async def standings(pool: Pool, rules: Rules, at: int) -> dict[str, Standing]:
    """Everybody's standing at an instant, from the ladder's tables."""
    rows = await pool.fetch("select person, state from ladder.standing")
    found: dict[str, Standing] = {}
    for row in rows:
        standing, _ = fold.sweep(decode(row["state"]), at, rules)
        found[row["person"]] = (
            standing.rung,
            standing.rung_since,
            standing.phase,
            standing.stage,
            standing.phase_since,
            standing.purchases,
            standing.purchase_days,
            standing.spent,
            standing.refunded,
            standing.referrals_made,
            standing.referrals_converted,
        )
    return found


Place = tuple[int, str, int | None]
"""Rung, stage, and when something is due."""


async def stored(pool: Pool) -> dict[str, Place]:
    """Where everybody stands, as it is stored."""
    rows = await pool.fetch("select person, rung, stage, due_at from ladder.standing")
    return {row["person"]: (row["rung"], row["stage"], row["due_at"]) for row in rows}


async def folded_anew(pool: Pool, rules: Rules, at: int) -> dict[str, Place]:
    """Where everybody stands by these rules at an instant, all that is known of them folded from nothing."""
    journals: defaultdict[str, list[Known]] = defaultdict(list)
    for row in await pool.fetch("select person, body from ladder.fact"):
        journals[row["person"]].append(read_journal(row["body"]))
    found: dict[str, Place] = {}
    for person, facts in journals.items():
        if (folded := fold.refold(facts, rules)) is not None:
            standing, _ = fold.sweep(folded, at, rules)
            found[person] = standing.rung, standing.stage, due_at(standing)
    return found


async def counted(pool: Pool) -> dict[tuple[str, str], tuple[int, int]]:
    """The tallies over all lanes, without those that are zero."""
    rows = await pool.fetch("select kind, key, sum(people)::bigint, sum(spent)::bigint from ladder.tally group by 1, 2")
    return {(row[0], row[1]): (row[2], row[3]) for row in rows if row[2] or row[3]}


async def recounted(pool: Pool) -> dict[tuple[str, str], tuple[int, int]]:
    """What the tallies should say, counted from the rows themselves."""
    people: Counter[tuple[str, str]] = Counter()
    spent: Counter[tuple[str, str]] = Counter()
    for row in await pool.fetch("select rung, phase, stage, state from ladder.standing"):
        people["rung", str(row["rung"])] += 1
        people["stage", f"{row['phase']}/{row['stage']}"] += 1
        people["place", f"{row['rung']}/{row['phase']}/{row['stage']}"] += 1
        spent["rung", str(row["rung"])] += decode(row["state"]).spent
    for row in await pool.fetch("select type from ladder.transition"):
        people["announced", row["type"]] += 1
    return {key: (people[key], spent[key]) for key in people}


Figures = dict[tuple[object, ...], tuple[int, ...]]
"""By span, kind, day and key the numbers of a row."""


async def figured(pool: Pool) -> Figures:
    """The daily differences over all lanes, without rows that say nothing."""
    found: Figures = {}
    for table, names in (("figure", Figure._fields), ("worth", worth.Sums._fields)):
        columns = ", ".join(f"sum({name})::bigint" for name in names)
        rows = await pool.fetch(f"select span, kind, day, key, {columns} from ladder.{table} group by 1, 2, 3, 4")
        found |= {tuple(row[:4]): tuple(row[4:]) for row in rows if any(row[4:])}
    return found


async def refigured(pool: Pool, rules: Rules) -> Figures:
    """What they should say: every person's journal told anew, up to the step their standing is of."""
    journal = defaultdict(list)
    for row in await pool.fetch("select person, body from ladder.fact"):
        journal[row["person"]].append(read_journal(row["body"]))
    sums, moves = Sums(), Moves()
    for row in await pool.fetch("select person, state from ladder.standing"):
        newest = Past(journal[row["person"]], rules).fold(moves)
        assert newest is not None
        fold.sweep(newest, decode(row["state"]).step_at, rules, moves.made)
        sums.count(moves)
    return {tuple(row[:4]): tuple(row.figure) for row in sums.rows() + sums.worth.rows()}


# -- what the oracle says ----------------------------------------------------------------------------------------


def expected_announcements(facts: Iterable[events.Fact], end: int) -> frozenset[Seen]:
    """What is announced up to `end` when these facts, none of which concerns two people, are told in this order."""
    lives: dict[str, list[events.Fact]] = defaultdict(list)
    for fact in facts:
        lives[fact.subject].append(fact)
    return frozenset(Seen(person, *each) for person, theirs in lives.items() for each in oracle.told(theirs, end))


def expected_standings(facts: Iterable[events.Fact], at: int, shop: oracle.Shop = UTC_SHOP) -> dict[str, Standing]:
    """Everybody's standing at an instant."""
    return {
        person: (
            seen.rung,
            seen.rung_since,
            seen.phase,
            seen.stage,
            seen.phase_since,
            seen.purchases,
            seen.purchase_days,
            seen.spent,
            seen.refunded,
            seen.made,
            len(seen.converted),
        )
        for person, seen in oracle.ladder_of(facts, at, shop).items()
    }


def cdnow_read(facts: list[events.PurchaseCompleted]) -> Reading:
    """The oracle's reading of CDNOW; it takes half a minute, so it is kept for as long as the oracle is the same."""
    reasons = Path(__file__).with_name("oracle.py").read_bytes() + msgspec.json.encode(facts)
    kept = CACHE / f"{hashlib.sha256(reasons).hexdigest()[:16]}.pickle"
    if not kept.exists():
        end = facts[-1].at
        reading = Reading(end, expected_announcements(facts, end), expected_standings(facts, end))
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        part.write_bytes(pickle.dumps(tuple(reading)))
        part.replace(kept)
    return Reading(*pickle.loads(kept.read_bytes()))
