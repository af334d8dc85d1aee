"""All that is known of one person, in order, ready to be folded anew from the place where it changed.

A correction then costs what lies behind the changed place, not the whole life: one late fact among a hundred thousand
is a matter of microseconds once the rest has been folded.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from typing import Final, TypeGuard

from services.ladder.core.evolve import advance, buy, evolve, note
from services.ladder.core.facts import Known, Stated, about, instant, key
from services.ladder.core.moves import Move, Moves, moved, moves_of
from services.ladder.core.orders import Paid, paid
from services.ladder.core.rules import Rules
from services.ladder.core.standing import Standing
from services.ladder.core.worth import source_of
from shared.events import (
    ContactIdentified,
    Fact,
    PurchaseCompleted,
    PurchaseRefunded,
    ReferralCredited,
    ReferralSold,
    RungOverridden,
    RungOverrideLifted,
)

SPACING: Final = 100
"""Facts between two standings that are kept on the way."""

Key = tuple[int, str, str]


def makes_known(fact: Known) -> TypeGuard[Fact]:
    """Whether a person exists from this fact on; what others did or decided does not make one known."""
    return not isinstance(fact, ReferralCredited | ReferralSold | RungOverridden | RungOverrideLifted)


class Past:
    """A person's facts, each (source, id) once; of what other lanes state of one thing only the newest counts."""

    def __init__(self, facts: Iterable[Known], rules: Rules, spacing: int = SPACING) -> None:
        self._rules = rules
        self._spacing = spacing
        self.known: list[Known] = list(facts)
        """All of them, in the order in which they were told."""
        self._stated: dict[str, Stated] = {}
        self._purchases: defaultdict[str, list[PurchaseCompleted]] = defaultdict(list)
        self._refunds: defaultdict[str, list[PurchaseRefunded]] = defaultdict(list)
        self._kept: list[Standing | None] = []
        """The standings after so many facts, twice, three times so many …, as far as they are right."""
        self._end: tuple[int, Standing | None] | None = None
        """After how many facts the last fold ended, and where, as long as it is right."""
        self._named: ContactIdentified | None = None
        """The first fact that names where the person came from."""
        self._moves: list[Move] = []
        """Those of the last fold."""
        self._marks: list[int] = []
        """How many of them belong to each of the standings that are kept."""
        for fact in self.known:
            self._note(fact)
        own = [fact for fact in self.known if not isinstance(fact, Stated)]
        self.counting: list[Known] = sorted([*own, *self._stated.values()], key=key)
        """Those that count, in order: all but the statements that newer ones have replaced."""
        self._keys: list[Key] = [key(fact) for fact in self.counting]

    def learn(self, fact: Known) -> None:
        """One more fact, of whatever time."""
        self.known.append(fact)
        renamed = self.renames(fact)
        replaced = self._note(fact)
        if replaced is fact:
            return
        if replaced is not None:
            self._remove(replaced)
        self._insert(fact)
        if type(fact) is PurchaseRefunded and (bought := self._purchases.get(fact.data.order_id)):
            self._forget(bisect_left(self._keys, min(map(key, bought))))
        if renamed:
            self._forget(0)

    def renames(self, fact: Known) -> bool:
        """Whether with this fact the person came from elsewhere than was known, all their life."""
        if type(fact) is not ContactIdentified or fact.data.source is None:
            return False
        return self._named is None or key(fact) < key(self._named)

    def fold(self, moves: Moves | None = None) -> Standing | None:
        """The standing after all of them; None when none makes the person known.

        To `moves` are added those of the last fold that do not hold any longer, and those that hold instead.
        """
        done, standing, kept = self._begin()
        undone = self._moves[kept:]
        del self._moves[kept:]
        for place in range(done, len(self.counting)):
            standing = self._step(standing, self.counting[place])
            if (place + 1) % self._spacing == 0:
                self._kept.append(standing)
                self._marks.append(len(self._moves))
        self._end = len(self.counting), standing
        if moves is not None:
            moves.undone += undone
            moves.made += self._moves[kept:]
        return standing

    def _begin(self) -> tuple[int, Standing | None, int]:
        """(how many facts need not be folded again, the standing after them, how many moves are theirs)."""
        if self._end is not None:
            return *self._end, len(self._moves)
        if self._kept:
            return len(self._kept) * self._spacing, self._kept[-1], self._marks[-1]
        return 0, None, 0

    def _step(self, standing: Standing | None, fact: Known) -> Standing | None:
        at, rules = instant(fact), self._rules
        if type(fact) is ReferralSold:
            return None if standing is None else note(standing, fact, rules)
        if standing is not None:
            if standing.due <= at:
                standing, steps = advance(standing, at, rules)
                self._moves += moves_of(steps, rules, self._source)
        elif not makes_known(fact):
            return None
        if type(fact) is PurchaseCompleted:
            after = buy(standing, fact, self._paid(fact), rules)
        else:
            after = evolve(standing, fact, rules)
        if (move := moved(standing, after, at, rules, self._source)) is not None:
            self._moves.append(move)
        return after

    def _paid(self, fact: PurchaseCompleted) -> Paid:
        """What a purchase is worth: the earliest of its order counts, less all refunds whatever their own time."""
        order = fact.data.order_id
        bought = self._purchases[order]
        if len(bought) > 1 and min(bought, key=key) is not fact:
            return Paid(None, 0)
        return paid(fact, self._refunds.get(order, ()), self._rules)

    def _note(self, fact: Known) -> Known | None:
        """Sort a fact in by what it is about; returns the statement that no longer counts, perhaps the fact itself."""
        if type(fact) is PurchaseCompleted:
            self._purchases[fact.data.order_id].append(fact)
        elif type(fact) is PurchaseRefunded:
            self._refunds[fact.data.order_id].append(fact)
        elif type(fact) is ContactIdentified and self.renames(fact):
            self._named = fact
        elif type(fact) is ReferralCredited or type(fact) is ReferralSold:
            former = self._stated.get(about(fact))
            if former is not None and former.data.version >= fact.data.version:
                return fact
            self._stated[about(fact)] = fact
            return former
        return None

    @property
    def _source(self) -> str | None:
        return None if self._named is None else source_of(self._named.data)

    def _insert(self, fact: Known) -> None:
        place = bisect_left(self._keys, key(fact))
        self._keys.insert(place, key(fact))
        self.counting.insert(place, fact)
        self._forget(place)

    def _remove(self, fact: Known) -> None:
        place = bisect_left(self._keys, key(fact))
        del self._keys[place], self.counting[place]
        self._forget(place)

    def _forget(self, place: int) -> None:
        """Standings that have seen the fact at this place are no longer right."""
        keep = place // self._spacing
        del self._kept[keep:], self._marks[keep:]
        if self._end is not None and place < self._end[0]:
            self._end = None
