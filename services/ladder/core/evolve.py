"""One person's standing through facts and time."""

from typing import Final, NamedTuple, assert_never

from services.ladder.core import phases, rungs, worth
from services.ladder.core.facts import Known, instant, key
from services.ladder.core.orders import Paid
from services.ladder.core.rules import Affected, Pace, Rules
from services.ladder.core.standing import FOREVER, NEVER, RUNGS, Because, Marks, Override, Stage, Standing, copied
from shared import events, instants
from shared.events import PurchaseCompleted, ReferralSold
from shared.instants import DAY

_NOTHING: Final[Affected] = ()


class Step(NamedTuple):
    """All deadlines of one instant; `deadline` names the one that a change of phase is ascribed to."""

    at: int
    before: Standing
    after: Standing
    deadline: str


def advance(standing: Standing, until: int, rules: Rules) -> tuple[Standing, list[Step]]:
    """Lets every deadline up to and including `until` fire at its own instant."""
    steps: list[Step] = []
    while standing.due <= until:
        at = standing.due
        after = copied(standing)
        after.step_at, after.step_id, after.step_source = at, "", ""
        if after.override is not None and after.override.until <= at:
            after.override = None
        if after.sales and after.sales[0].at <= at:
            _count_sales(after, at)
        rungs.fall(after, rules, at)
        _settle(after, rules, at)
        steps.append(Step(at, standing, after, phases.deadline(standing, rules, at)))
        standing = after
    return standing, steps


def evolve(standing: Standing | None, fact: Known, rules: Rules) -> Standing:
    """The standing after a fact that is the newest, deadlines up to its instant having fired.

    A refund only makes known: what it changes lies in the past, so the person is refolded from all facts.
    """
    at = instant(fact)
    after = _begin(standing, fact, at)
    return _climb(after, _remember(after, fact, at, rules), rules, at)


def buy(standing: Standing | None, fact: PurchaseCompleted, paid: Paid, rules: Rules) -> Standing:
    """`evolve` for a purchase of which it is known what was paid, doublets and refunds considered."""
    after = _begin(standing, fact, fact.at)
    after.refunded += paid.refunded
    affected = _NOTHING if paid.net is None else _order(after, fact, paid.net, rules)
    return _climb(after, affected, rules, fact.at)


def _begin(standing: Standing | None, fact: Known, at: int) -> Standing:
    if standing is None:
        ends = (FOREVER, *[NEVER] * (len(RUNGS) - 1))
        return Standing(*key(fact), 1, at, Stage.LEAD, at, ends)
    after = copied(standing)
    after.step_at, after.step_id, after.step_source = key(fact)
    return after


def _climb(after: Standing, affected: Affected, rules: Rules, at: int) -> Standing:
    if affected:
        rung = after.rung if after.override is None else after.rung_by_rules
        if rung < rungs.climb(after, affected, at) >= rules.growth_from:
            after.growth_by_rung_until = at + rules.durations.growth_by_rung
    _settle(after, rules, at)
    return after


def _settle(after: Standing, rules: Rules, at: int) -> None:
    phases.settle(after, rules, at)
    falls, override = rungs.due(after, rules), after.override
    if override is not None and override.holds(after.rung_by_rules):
        after.endangered = False  # nobody sees this fall
    elif falls < FOREVER:
        warning = falls - rules.warning
        after.endangered = warning <= at
        falls = falls if after.endangered else warning
    else:
        after.endangered = False
    after.due = min(falls, phases.due(after, rules, at))
    if override is not None and override.until < after.due:
        after.due = override.until
    if after.sales and after.sales[0].at < after.due:
        after.due = after.sales[0].at


# -- friends' orders ---------------------------------------------------------------------------------------------


def note(standing: Standing, fact: ReferralSold, rules: Rules) -> Standing:
    """The standing that knows of a friend's order, which counts when the person is swept up to there.

    Nothing else changes: what happens to the person before it may still be told, and must not be late for it.
    """
    sale = worth.sale(fact, instant(fact), rules)
    if sale is None:
        return standing
    after = copied(standing)
    after.sales = tuple(sorted((*standing.sales, sale), key=lambda one: one.at))
    after.due = min(after.due, sale.at)
    return after


def _count_sales(after: Standing, at: int) -> None:
    due = [sale for sale in after.sales if sale.at <= at]
    after.sales = after.sales[len(due) :]
    after.worth = worth.referred(after.worth, due)


# -- purchases ---------------------------------------------------------------------------------------------------


def _order(after: Standing, fact: PurchaseCompleted, net: int, rules: Rules) -> Affected:
    _count_day(after, rules, fact.at)
    _remember_order(after, fact.id, net, rules, fact.at)
    if fact.data.items:
        after.worth = worth.supplied(after.worth, fact.data, net, rules)
    if after.purchase_days == 1:
        after.first_day_spent = after.spent
        if after.purchases == 1 and fact.data.discount is not None:
            after.worth = worth.discounted(after.worth, fact.data.discount, rules)
    after.passive_because = None
    return rules.affected["purchases"]


def _count_day(after: Standing, rules: Rules, at: int) -> None:
    """Several purchases on one day are one day, so they leave the churn deadlines as they are."""
    day, midnight = rules.day_of(at)
    after.last_purchase_at = at
    if after.first_purchase_at is None:
        after.first_purchase_at = at
        after.first_day = day
    elif day <= after.last_day:  # less only where a clock was put back over midnight
        return
    after.purchase_days += 1
    after.last_day = day
    after.last_midnight = midnight
    risk, silence = rules.churn.after(after.purchase_days - 1, day - after.first_day)
    after.risk_at = midnight + risk
    after.silence_at = midnight + silence


def _remember_order(after: Standing, fact_id: str, net: int, rules: Rules, at: int) -> None:
    after.purchases += 1
    after.spent += net
    keep = rules.keep_orders
    if rules.spend_window:
        begin = at - rules.spend_window
        keep = max(keep, 1 + sum(order > begin for order in after.order_ats))
    after.order_ats = ats = (*after.order_ats[1 - keep :], at)
    after.order_ids = (*after.order_ids[1 - keep :], fact_id)
    after.order_amounts = amounts = (*after.order_amounts[1 - keep :], net)
    pace = rules.pace
    if len(ats) >= 2 * pace.orders and _quickened(ats, amounts, pace):
        after.growth_by_pace_until = at + rules.durations.growth_by_pace


def _quickened(ats: tuple[int, ...], amounts: tuple[int, ...], pace: Pace) -> bool:
    """Whether the newest orders brought so much more money per day than those before them; exact, in integers.

    There must be as many as both together have.
    """
    orders = pace.orders
    newer, older = sum(amounts[-orders:]), sum(amounts[-2 * orders : -orders])
    newer_span = max(DAY, ats[-1] - ats[-orders])
    older_span = max(DAY, ats[-orders - 1] - ats[-2 * orders])
    return newer > 0 and newer * older_span * pace.per >= pace.times * older * newer_span


# -- all other facts ---------------------------------------------------------------------------------------------


def _remember(after: Standing, fact: Known, at: int, rules: Rules) -> Affected:  # noqa: C901 - a table of facts
    """Notes the fact; returns the rungs it may change."""
    match fact:
        case PurchaseCompleted():
            return _order(after, fact, rules.minor(fact.data.amount), rules)
        case events.ContactEngaged():
            return _mark(after, "engagements", fact.id, rules, at)
        case events.ContactResponded():
            return _mark(after, "responses", fact.id, rules, at)
        case events.ContactCheckoutStarted():
            return _mark(after, "checkouts", fact.id, rules, at)
        case events.ContactConsented():
            return _mark(after, "responses", fact.id, rules, at) if _for_marketing(fact.data) else _NOTHING
        case events.ContactRated():
            good = fact.data.score >= rules.recommendation_score
            return _mark(after, "recommendations", fact.id, rules, at) if good else _NOTHING
        case events.ReferralVoiced():
            return _mark(after, "recommendations", fact.id, rules, at) if fact.data.positive else _NOTHING
        case events.ReferralMade():
            own = fact.data.referee == fact.subject
            return _NOTHING if own else _mark(after, "referrals_made", fact.id, rules, at)
        case events.ReferralCredited():
            converted = fact.data.converted
            return _mark(after, "referrals_converted", converted.id, rules, at) if converted else _NOTHING
        case events.MembershipStarted():
            after.member_by = fact.id
            _mark(after, "responses", fact.id, rules, at)
            return rules.affected["joining"]
        case events.MembershipEnded():
            after.member_by = None
            _not_renewed(after, fact.data.cause, rules, at)
            return rules.affected["membership"]
        case events.ContactCancelled():
            _turn_passive(after, Because.CANCELLED)
        case events.ContactComplained():
            phases.complain(after, rules, at)
            after.worth = worth.complained(after.worth)
        case events.ContactServed():
            after.complaints = ()
            after.worth = worth.served(after.worth, fact.data.minutes)
        case events.ContactIdentified():
            after.worth = worth.identified(after.worth, fact.data, rules)
        case events.PurchaseRefunded():
            after.worth = worth.refunded(after.worth)
        case events.ContactObjected() | events.ReferralSold():  # an order of a friend is noted, see `note`
            pass
        case events.RungOverridden():
            rungs.override(after, _given(fact, at), at)
        case events.RungOverrideLifted():
            rungs.override(after, None, at)
        case _:
            assert_never(fact)
    return _NOTHING


def _mark(after: Standing, measure: str, fact_id: str, rules: Rules, at: int) -> Affected:
    keep = rules.keep_marks[measure]
    marks = after.marks.get(measure)
    if marks is None:
        marks = Marks(1, (at,), (fact_id,))
    else:
        ats, ids = (*marks.ats, at)[-keep:], (*marks.ids, fact_id)[-keep:]
        marks = Marks(marks.count + 1, ats, ids)
    after.marks = {**after.marks, measure: marks}
    return rules.affected[measure]


def _given(fact: events.RungOverridden, at: int) -> Override | None:
    """None for one that was over before it began: it ends what was given before, and gives nothing."""
    data = fact.data
    until = FOREVER if data.until is None else instants.parse(data.until)
    if until <= at:
        return None
    return Override(fact.id, data.rung, data.kind == "fixed", at, until, data.reason, data.by)


def _for_marketing(consent: events.Consent) -> bool:
    return consent.purpose is None or consent.purpose == "marketing"


def _not_renewed(after: Standing, cause: str, rules: Rules, at: int) -> None:
    bought = after.last_purchase_at
    if cause == "not_renewed" and bought is not None and at >= bought + rules.durations.not_renewed:
        _turn_passive(after, Because.NOT_RENEWED)


def _turn_passive(after: Standing, because: Because) -> None:
    """Only those who bought and are not passive yet; the first cause stays."""
    if after.purchases and after.passive_because is None:
        after.passive_because = because
