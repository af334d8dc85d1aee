"""Lives told to the core: in order, or as they happen to arrive."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from services.ladder.core import fold
from services.ladder.core.decide import Change, DeadlineCause
from services.ladder.core.facts import Known, about, key
from services.ladder.core.past import Past, makes_known
from services.ladder.core.rules import Rules
from services.ladder.core.standing import Standing, decode, encode
from shared.events import PhaseName, PurchaseCompleted, PurchaseRefunded, ReferralCredited, ReferralSold
from shared.instants import DAY
from tests import make


@dataclass
class Ladder:
    """One person's place on the ladder, told facts in whatever order they arrive, as the store tells them."""

    rules: Rules = field(default_factory=make.rules)
    standing: Standing | None = None
    facts: list[Known] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    past: Past | None = None
    """Kept over all corrections, with a standing at every second fact, so that all of its short cuts are taken."""

    def learn(self, fact: Known) -> list[Change]:
        """Take in a fact: known ones are passed over, those that change the past correct it, others are a step."""
        if any((known.source, known.id) == (fact.source, fact.id) for known in self.facts):
            return []
        changes_past = self._changes_past(fact)
        self.facts.append(fact)
        if self.past is None:
            self.past = Past([], self.rules, spacing=2)
        self.past.learn(fact)
        if self.standing is None and not any(makes_known(known) for known in self.facts):
            return []
        if changes_past:
            self.standing, changes = fold.correct(self.standing, self.past, fact, self.rules)
        else:
            self.standing, changes = fold.step(self.standing, fact, self.rules)
        self.changes += changes
        return changes

    def sweep(self, until: int) -> list[Change]:
        """Time passes."""
        if self.standing is None:
            return []
        self.standing, changes = fold.sweep(self.standing, until, self.rules)
        self.changes += changes
        return changes

    def store(self) -> None:
        """The standing goes into storage and comes back, as between two batches."""
        if self.standing is not None:
            self.standing = decode(encode(self.standing))

    def _changes_past(self, fact: Known) -> bool:
        if self.standing is None:
            return bool(self.facts)
        claim = _claim(fact)
        again = claim is not None and any(_claim(known) == claim for known in self.facts)
        return again or type(fact) is PurchaseRefunded or fold.is_late(self.standing, fact)


def _claim(fact: Known) -> tuple[str, str] | None:
    """What only the first fact may change without a look back: an order, or a friend's credit."""
    if isinstance(fact, PurchaseCompleted | PurchaseRefunded):
        return "order", fact.data.order_id
    return ("stated", about(fact)) if isinstance(fact, ReferralCredited | ReferralSold) else None


def tell(*facts: Known, until: int | None = None, rules: Rules | None = None) -> Ladder:
    """A life in the order given, swept to `until` at its end."""
    ladder = Ladder() if rules is None else Ladder(rules)
    for fact in facts:
        ladder.learn(fact)
    if until is not None:
        ladder.sweep(until)
    return ladder


def stand(*facts: Known, at: int, rules: Rules | None = None) -> Standing:
    """The standing at an instant after these facts, told in order."""
    ladder = tell(*sorted(facts, key=key), until=at, rules=rules)
    assert ladder.standing is not None
    return ladder.standing


def place(standing: Standing) -> tuple[int, str]:
    """Rung and stage."""
    return standing.rung, str(standing.stage)


def timeless(standing: Standing | None) -> Standing | None:
    """The standing without what depends on when which fact became known: its newest step."""
    return None if standing is None else replace(standing, step_at=0, step_id="", step_source="")


Told = tuple[float, str, object, object, str]


def told(changes: Iterable[Change]) -> list[Told]:
    """Announcements as (day, type, from, to, cause), short enough to be read in a test."""
    return [(_days(one.at), one.type, _short(one.from_), _short(one.to), _cause(one)) for one in changes]


def types(changes: Iterable[Change]) -> list[str]:
    """The types of announcements, in order."""
    return [one.type for one in changes]


def of_type(changes: Sequence[Change], type_: str) -> list[Change]:
    """The announcements of one type."""
    return [one for one in changes if one.type == type_]


def _days(at: int) -> float:
    return (at - make.START) / DAY


def _short(end: int | str | PhaseName | None) -> object:
    return end.stage if isinstance(end, PhaseName) else end


def _cause(change: Change) -> str:
    return change.cause.name if isinstance(change.cause, DeadlineCause) else change.cause.fact
