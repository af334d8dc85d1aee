"""From facts to standings and announcements: in order, late, or by the passing of time alone.

In order a fact is one `step`. One that changes the past (`is_late`, or a refund, a second purchase of an order, a
purchase whose refund is known, a further credit for the same friend) is a `correct`: the person is folded anew from
all their facts. Both end in the same standing whatever the order of arrival.
"""

from collections.abc import Iterable

from services.ladder.core.decide import Change, FactCause, alike, decide, decide_deadlines
from services.ladder.core.evolve import advance, evolve, note
from services.ladder.core.facts import Known, instant, key, known_since
from services.ladder.core.moves import Move, Moves, moved, moves_of
from services.ladder.core.past import Past, makes_known
from services.ladder.core.rules import Rules
from services.ladder.core.standing import Standing, copied
from shared.events import ReferralCredited, ReferralSold


def is_late(standing: Standing, fact: Known) -> bool:
    """Whether the fact comes before the person's newest step; an order of a friend must come behind it."""
    return instant(fact) <= standing.step_at if type(fact) is ReferralSold else key(fact) < standing.step


def step(
    standing: Standing | None, fact: Known, rules: Rules, moves: list[Move] | None = None
) -> tuple[Standing, list[Change]]:
    """Folds a fact that is newer than everything known of the person; deadlines on the way fire before it.

    To `moves` are added those that figures know of; of somebody known before it must not name a first source, which
    changes all that they have done (`Past.renames`). Raises ValueError when the person is unknown and the fact does not
    make them known.
    """
    at = instant(fact)
    if standing is None:
        if not makes_known(fact):
            raise ValueError("a credit or an override alone makes nobody known")
        after = evolve(None, fact, rules)
        if moves is not None and (move := moved(None, after, at, rules, after.worth.source)) is not None:
            moves.append(move)
        return after, decide(None, after, cause_of(fact), at, rules)
    if type(fact) is ReferralSold:
        return note(standing, fact, rules), []
    changes: list[Change] = []
    if standing.due <= at:
        standing, changes = sweep(standing, at, rules, moves)
    after = evolve(standing, fact, rules)
    if moves is not None and (move := moved(standing, after, at, rules, after.worth.source)) is not None:
        moves.append(move)
    if type(fact) is ReferralCredited or not alike(standing, after):
        changes += decide(standing, after, cause_of(fact), at, rules, _friend(fact))
    return after, changes


def sweep(
    standing: Standing, until: int, rules: Rules, moves: list[Move] | None = None
) -> tuple[Standing, list[Change]]:
    """Time passed: every deadline up to and including `until` fires at its own instant."""
    after, steps = advance(standing, until, rules)
    if moves is not None:
        moves += moves_of(steps, rules, after.worth.source)
    changes: list[Change] = []
    for one in steps:
        changes += decide_deadlines(one.before, one.after, one.deadline, one.at, rules)
    return after, changes


def counted_behind(standing: Standing | None, past: Past, rules: Rules) -> list[Move]:
    """The moves of the deadlines that have fired behind the newest fact; to be asked before a correction is learnt.

    `past` remembers meanwhile the moves up to that fact.
    """
    newest = past.fold()
    if standing is None or newest is None:
        return []
    return moves_of(advance(newest, standing.step_at, rules)[1], rules, newest.worth.source)


def correct(
    before: Standing | None, past: Past, cause: Known, rules: Rules, moves: Moves | None = None
) -> tuple[Standing, list[Change]]:
    """Folds the person anew and tells the difference, at the later of the cause's instant and the newest step.

    An order of a friend makes nothing happen at its instant, to which the person need not have been swept.
    `past` has learnt all that is known of the person, `cause` among it. To `moves` are added those of the facts from
    the changed place on, as they were and as they are, and of the deadlines behind them as they are.
    Raises ValueError when nothing of it makes the person known.
    """
    at = _told_at(before, cause)
    changes: list[Change] = []
    if before is not None:
        before, changes = sweep(before, at, rules)
    after = past.fold(moves)
    if after is None:
        raise ValueError("a credit or an override alone makes nobody known")
    after, steps = advance(after, at, rules)
    if moves is not None:
        moves.made += moves_of(steps, rules, after.worth.source)
    after = _as_of_step(after, at)
    return after, changes + decide(before, after, cause_of(cause), at, rules, _friend(cause))


def _told_at(before: Standing | None, cause: Known) -> int:
    if before is None:
        return instant(cause)
    return before.step_at if type(cause) is ReferralSold else max(instant(cause), before.step_at)


def refold(facts: Iterable[Known], rules: Rules, until: int | None = None) -> Standing | None:
    """The standing of these facts, folded from nothing: those up to `until` (None: all), then the deadlines up to it.

    None when no fact makes the person known.
    """
    standing = Past((fact for fact in facts if until is None or instant(fact) <= until), rules).fold()
    return standing if standing is None or until is None else advance(standing, until, rules)[0]


def as_of(facts: Iterable[Known], rules: Rules, at: int) -> Standing | None:
    """The standing as it was at `at`: of the facts known now up to then, with what was known of refunds by then."""
    known = Past((fact for fact in facts if known_since(fact) <= at), rules)
    return refold(known.counting, rules, at)


def cause_of(fact: Known) -> FactCause:
    """The fact as the cause of an announcement; of a credit what happened to the friend."""
    if type(fact) is ReferralCredited or type(fact) is ReferralSold:
        return FactCause(fact.data.cause.id, fact.data.cause.source)
    return FactCause(fact.id, fact.source)


def _as_of_step(standing: Standing, at: int) -> Standing:
    """A correction is a step of its own: what was announced before it stays before it."""
    if standing.step_at >= at:
        return standing
    standing = copied(standing)
    standing.step_at, standing.step_id, standing.step_source = at, "", ""
    return standing


def _friend(fact: Known) -> str | None:
    return fact.data.friend if type(fact) is ReferralCredited else None
