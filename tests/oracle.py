"""The ladder's rules a second time: naive, slow and plain, to hold the real core against.

Nothing here is incremental and nothing is shared with the core. The known facts are put in order, time is walked
through every instant at which anything could change, and at each of them everything is worked out anew from the facts
up to there; remembered are only the rungs held, the starts of graces, passivity and the instants of rises, because
these depend on what was before. Instants are microseconds since 1970, money is in minor units.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache, cached_property
from typing import NamedTuple, TypeGuard
from zoneinfo import ZoneInfo

from shared import instants
from shared.events import (
    ContactCancelled,
    ContactCheckoutStarted,
    ContactComplained,
    ContactConsented,
    ContactEngaged,
    ContactRated,
    ContactResponded,
    ContactServed,
    Credit,
    Fact,
    FactRef,
    MembershipEnded,
    MembershipStarted,
    PurchaseCompleted,
    PurchaseRefunded,
    ReferralCredited,
    ReferralMade,
    ReferralVoiced,
    RungOverridden,
    RungOverrideLifted,
)

Key = tuple[int, str, str]
Told = Fact | ReferralCredited | RungOverridden | RungOverrideLifted
"""What a person's standing is made of: their own facts, what their referrals are worth, and words by hand."""

DAY = 86_400_000_000
SECOND = 1_000_000
GRACE = {2: 0, 4: 0, 5: 30 * DAY, 6: 30 * DAY, 7: 30 * DAY}
WARNING = 30 * DAY
WINDOWS = (14, 30, 90, 180, 365 - 30, 365, 365 + 30, 730 - 30, 730, 730 + 30)
"""Days after a fact at which a window, a duration, a grace, or a window and the grace after it can end, or be near."""

# MBG/NBD on CDNOW, time in weeks.
R, ALPHA, A, B = 0.525, 6.183, 0.891, 1.614
HORIZON = 26.0
RISK, RISK_FLOOR = 0.5, 28
SILENCE, SILENCE_FLOOR = 0.2, 90


@dataclass(frozen=True)
class Shop:
    """What holds for the whole shop: digits after the point of its currency, and where its days begin."""

    exponent: int = 2
    zone: str = "UTC"


class Order(NamedTuple):
    """A purchase under its own order id; `back` is what was given back, at most the whole amount."""

    key: Key
    at: int
    amount: int
    back: int
    stands: bool


class Churn(NamedTuple):
    """When a person is at risk and when they are silent, if nothing more is bought."""

    risk_at: int
    silence_at: int


class Visible(NamedTuple):
    """A standing as one can see it."""

    rung: int
    rung_since: int
    phase: str
    stage: str
    phase_since: int
    because: str | None
    risk_at: int | None
    silence_at: int | None
    risk_raised: bool
    purchases: int
    purchase_days: int
    spent: int
    refunded: int
    first_purchase_at: int | None
    last_purchase_at: int | None
    made: int
    converted: frozenset[str]
    danger: tuple[int, int] | None
    """The fall that is near: to which rung, and when."""
    otherwise: int
    """The rung without any word by hand."""
    by_hand: str | None
    """The id of the word by hand that is in force."""


Cause = tuple[str, str, str | int]
"""("fact", id, source) or ("deadline", name, instant)."""


class Announced(NamedTuple):
    """Something the world is told; `origin` and `to` are rungs, (phase, stage) or a friend's id."""

    type: str
    at: int
    origin: object
    to: object
    cause: Cause


# -- facts -------------------------------------------------------------------------------------------------------


def instant_of(fact: Told) -> int:
    """When a fact counts; a credit counts when the friend became a buyer, or when it was taken back."""
    if isinstance(fact, ReferralCredited):
        return instants.parse((fact.data.converted or fact.data.cause).at)
    return fact.at


def key_of(fact: Told) -> Key:
    """The order of facts; a credit stands where the friend's fact stands, right behind a fact of the same name.

    What is given by hand comes behind everything else of its instant.
    """
    if is_word(fact):
        return (instant_of(fact), chr(0x10FFFF) + fact.id, fact.source)
    if isinstance(fact, ReferralCredited):
        deed = fact.data.converted or fact.data.cause
        return (instants.parse(deed.at), deed.id, f"{deed.source}\x1f{fact.id}")
    return (fact.at, fact.id, fact.source)


def cause_of(fact: Told) -> Cause:
    """What an announcement gives as its cause: a friend's deed where it came from a friend."""
    if isinstance(fact, ReferralCredited):
        return ("fact", fact.data.cause.id, fact.data.cause.source)
    return ("fact", fact.id, fact.source)


def without_repeats(facts: Iterable[Told]) -> list[Told]:
    """The facts as they came; of those with the same identity the first."""
    first: dict[tuple[str, str], Told] = {}
    for fact in facts:
        first.setdefault((fact.source, fact.id), fact)
    return list(first.values())


def that_count(facts: Iterable[Told]) -> list[Told]:
    """The facts in their order; of the credits of one friend only the newest version."""
    facts = list(facts)
    newest: dict[str, int] = {}
    for fact in facts:
        if isinstance(fact, ReferralCredited):
            newest[fact.data.friend] = max(fact.data.version, newest.get(fact.data.friend, 0))
    return sorted(
        (f for f in facts if not isinstance(f, ReferralCredited) or f.data.version == newest[f.data.friend]), key=key_of
    )


def orders_of(facts: Iterable[Told], shop: Shop) -> list[Order]:
    """Every order id once, in the order of the earliest purchase under it, refunds already taken off."""
    earliest: dict[str, PurchaseCompleted] = {}
    refunds: dict[str, list[PurchaseRefunded]] = {}
    for fact in sorted(facts, key=key_of):
        if isinstance(fact, PurchaseCompleted):
            earliest.setdefault(fact.data.order_id, fact)
        if isinstance(fact, PurchaseRefunded):
            refunds.setdefault(fact.data.order_id, []).append(fact)
    return [_order(fact, refunds.get(order_id, []), shop) for order_id, fact in earliest.items()]


def _order(fact: PurchaseCompleted, refunds: list[PurchaseRefunded], shop: Shop) -> Order:
    unit = 10**shop.exponent
    amount = int(fact.data.amount * unit)
    parts = sum(int(refund.data.amount * unit) for refund in refunds if refund.data.amount is not None)
    whole = any(refund.data.amount is None for refund in refunds)
    back = amount if whole else min(parts, amount)
    return Order(key_of(fact), fact.at, amount, back, stands=not (whole or (parts > 0 and parts >= amount)))


# -- churn -------------------------------------------------------------------------------------------------------


def chance(x: int, t_x: float, t: float) -> float:
    """The chance of at least one purchase within the horizon; times in weeks since the first purchase day."""
    decay = (R + x) * math.log((ALPHA + t) / (ALPHA + t_x))
    if decay > 600:
        return 0.0
    alive = 1 / (1 + A / (B + x) * math.exp(decay))
    return alive * -math.expm1((R + x) * math.log((ALPHA + t) / (ALPHA + t + HORIZON)))


@cache
def seconds_until(x: int, days: int, share: float, floor_days: int) -> int:
    """Whole seconds from the newest purchase day's midnight until the chance is down to this share of itself."""
    t_x = days / 7
    least = chance(x, t_x, t_x) * share

    def reached(seconds: int) -> bool:
        return chance(x, t_x, t_x + seconds / (7 * 86_400)) <= least

    low = floor_days * 86_400
    if reached(low):
        return low
    high = 2 * low
    while not reached(high):
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


@cache
def day_of(instant: int, shop: Shop) -> date:
    """The calendar day in the shop's time zone."""
    return instants.to_datetime(instant).astimezone(ZoneInfo(shop.zone)).date()


def midnight_of(day: date, shop: Shop) -> int:
    """The instant at which a day begins in the shop's time zone."""
    return instants.from_datetime(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(shop.zone)))


def churn_of(orders: Sequence[Order], shop: Shop) -> Churn | None:
    """The churn deadlines after these orders, which all stand."""
    if not orders:
        return None
    days = sorted({day_of(order.at, shop) for order in orders})
    x, span, start = len(days) - 1, (days[-1] - days[0]).days, midnight_of(days[-1], shop)
    return Churn(
        start + SECOND * seconds_until(x, span, RISK, RISK_FLOOR),
        start + SECOND * seconds_until(x, span, SILENCE, SILENCE_FLOOR),
    )


# -- what is known at an instant ---------------------------------------------------------------------------------


@dataclass
class Past:
    """All that is known of a person at one instant: the facts up to there, and what time it is."""

    facts: Sequence[Told]
    now: int
    every_order: Sequence[Order]
    shop: Shop

    @cached_property
    def told_orders(self) -> list[Order]:
        """The orders up to now, also those given back."""
        keys = {key_of(fact) for fact in self.facts if isinstance(fact, PurchaseCompleted)}
        return [order for order in self.every_order if order.key in keys]

    @cached_property
    def orders(self) -> list[Order]:
        """The orders up to now that stand."""
        return [order for order in self.told_orders if order.stands]

    @cached_property
    def churn(self) -> Churn | None:
        """The churn deadlines, if there is a purchase."""
        return churn_of(self.orders, self.shop)

    def within(self, times: Iterable[int], days: int | None) -> int:
        """How many of these instants lie within the last days; without days all of them."""
        return sum(1 for at in times if days is None or at <= self.now < at + days * DAY)

    def purchases(self, days: int | None = None) -> int:
        """Orders that stand."""
        return self.within([order.at for order in self.orders], days)

    def count(self, wanted: Callable[[Told], bool], days: int | None = None) -> int:
        """Facts of a kind."""
        return self.within([instant_of(fact) for fact in self.facts if wanted(fact)], days)

    @cached_property
    def membership(self) -> bool:
        """Whether the newest word on membership was a start."""
        words = [fact for fact in self.facts if isinstance(fact, (MembershipStarted, MembershipEnded))]
        return bool(words) and isinstance(words[-1], MembershipStarted)

    def complaint(self, age: int) -> bool:
        """Whether an unanswered complaint gets this many days old at this very instant."""
        return any(at + age * DAY == self.now for at in self.unanswered)

    @cached_property
    def unanswered(self) -> list[int]:
        """When complaints were made after which nobody was served."""
        found: list[int] = []
        for fact in self.facts:
            if isinstance(fact, ContactServed):
                found = []
            if isinstance(fact, ContactComplained):
                found.append(fact.at)
        return found

    @property
    def word(self) -> RungOverridden | None:
        """The rung given by hand: the newest word counts, unless it is over or lifts what was given."""
        word = self.newest_word
        return word if isinstance(word, RungOverridden) and self.now < end_of(word) else None

    @property
    def newest_word(self) -> Told | None:
        """The newest word by hand, in force or not."""
        return next((fact for fact in reversed(self.facts) if is_word(fact)), None)

    @property
    def word_ends(self) -> bool:
        """Whether the rung given by hand is over at this very instant."""
        word = self.newest_word
        return isinstance(word, RungOverridden) and word.at < end_of(word) == self.now

    @cached_property
    def friends(self) -> frozenset[str]:
        """The friends who became buyers."""
        told = [fact.data for fact in self.facts if isinstance(fact, ReferralCredited)]
        return frozenset(credit.friend for credit in told if credit.converted is not None)


def is_response(fact: Told) -> bool:
    """A positive answer, a consent to marketing, or joining the programme."""
    if isinstance(fact, ContactConsented):
        return fact.data.purpose in (None, "marketing")
    return isinstance(fact, ContactResponded | MembershipStarted)


def is_checkout(fact: Told) -> bool:
    """A checkout was started."""
    return isinstance(fact, ContactCheckoutStarted)


def is_engagement(fact: Told) -> bool:
    """The person looked."""
    return isinstance(fact, ContactEngaged)


def is_recommendation(fact: Told) -> bool:
    """A good word in public, or nine or ten of ten."""
    if isinstance(fact, ReferralVoiced):
        return fact.data.positive
    return isinstance(fact, ContactRated) and fact.data.score >= 9


def is_referral(fact: Told) -> bool:
    """A referral of anybody but oneself."""
    return isinstance(fact, ReferralMade) and fact.data.referee != fact.subject


def is_conversion(fact: Told) -> bool:
    """A friend became a buyer."""
    return isinstance(fact, ReferralCredited) and fact.data.converted is not None


def is_word(fact: Told) -> bool:
    """A word by hand on the person's rung."""
    return isinstance(fact, RungOverridden | RungOverrideLifted)


def end_of(word: RungOverridden) -> float:
    """When it is over by itself."""
    return math.inf if word.data.until is None else instants.parse(word.data.until)


# -- rungs -------------------------------------------------------------------------------------------------------


def enters(rung: int, past: Past) -> bool:
    """What it takes to get on a rung."""
    match rung:
        case 2:
            looked = past.count(is_engagement, 90) >= 3
            return past.count(is_response) >= 1 or past.count(is_checkout) >= 1 or looked
        case 3:
            return past.purchases() >= 1
        case 4:
            return past.purchases() >= 2 or (past.purchases() >= 1 and past.membership)
        case 5:
            return past.membership or past.purchases(365) >= 4
        case 6:
            return past.count(is_referral, 365) >= 1 or past.count(is_recommendation, 365) >= 1
        case 7:
            return past.count(is_conversion, 365) >= 3
        case _:
            return True


def keeps(rung: int, past: Past) -> bool:
    """What it takes to stay on a rung."""
    match rung:
        case 2:
            looked = past.count(is_engagement, 365) >= 3
            return past.count(is_response, 365) >= 1 or past.count(is_checkout, 365) >= 1 or looked
        case 4:
            return past.purchases(730) >= 1
        case 5:
            return (past.membership and past.purchases(730) >= 1) or past.purchases(365) >= 2
        case 6:
            return past.count(is_referral, 730) >= 1 or past.count(is_recommendation, 730) >= 1
        case 7:
            return past.count(is_conversion, 365) >= 1
        case _:
            return True


@dataclass(frozen=True)
class State:
    """What must be remembered between two instants."""

    held: frozenset[int] = frozenset()
    graces: dict[int, int] = field(default_factory=dict)
    rises: tuple[int, ...] = ()
    passive: tuple[str, int] | None = None

    @property
    def rung(self) -> int:
        """The highest rung held."""
        return max(self.held, default=0)


def climb(state: State, past: Past) -> State:
    """The rungs held now: first those that ran out of grace are lost, then those that can be are entered."""
    held, graces = set(state.held), dict(state.graces)
    for rung in sorted(state.held & GRACE.keys()):
        if keeps(rung, past):
            graces.pop(rung, None)
        elif past.now >= graces.setdefault(rung, past.now) + GRACE[rung]:
            held -= {2} if rung == 2 else {above for above in held if above >= rung}
    for rung in range(1, 8):
        if rung not in held and (rung <= 3 or rung - 1 in held) and enters(rung, past) and keeps(rung, past):
            held.add(rung)
    graces = {rung: since for rung, since in graces.items() if rung in held}
    rose = state.rung < max(held) >= 4
    return replace(state, held=frozenset(held), graces=graces, rises=(*state.rises, past.now) if rose else state.rises)


def shown(state: State, past: Past) -> int:
    """The rung to be seen: as given by hand, else the highest held."""
    if past.word is None:
        return state.rung
    return past.word.data.rung if past.word.data.kind == "fixed" else max(state.rung, past.word.data.rung)


def is_given(state: State, past: Past) -> bool:
    """Whether a word by hand holds the rung to be seen, so that a fall by the rules would not be seen."""
    return past.word is not None and (past.word.data.kind == "fixed" or state.rung <= past.word.data.rung)


# -- phases ------------------------------------------------------------------------------------------------------


def passivity(state: State, past: Past, fact: Told | None) -> tuple[str, int] | None:
    """Whether the person is passive, why and since when."""
    if fact is not None and any(order.key == key_of(fact) for order in past.orders):
        return None
    if state.passive is not None or past.churn is None:
        return state.passive
    if isinstance(fact, ContactCancelled):
        return ("cancelled", past.now)
    if isinstance(fact, MembershipEnded) and fact.data.cause == "not_renewed" and not past.purchases(90):
        return ("not_renewed", past.now)
    return ("silence", past.now) if past.now >= past.churn.silence_at else None


def paces(orders: Sequence[Order]) -> list[int]:
    """The instants of purchases at which the newest three orders brought twice the money per day of those before."""
    return [orders[i].at for i in range(5, len(orders)) if _twice(orders[i - 5 : i - 2], orders[i - 2 : i + 1])]


def _twice(older: Sequence[Order], newer: Sequence[Order]) -> bool:
    before, after = (sum(order.amount - order.back for order in three) for three in (older, newer))
    long, short = (max(DAY, three[2].at - three[0].at) for three in (older, newer))
    return after > 0 and after * long >= 2 * before * short


def stage_of(state: State, past: Past) -> tuple[str, str, str | None]:
    """Phase, stage and the reason for it."""
    if past.churn is None:
        return ("initiation", _initiation(past), None)
    if state.passive is not None:
        because, since = state.passive
        return ("passive", "lost" if past.now >= since + 365 * DAY else "win_back", because)
    if past.churn.risk_at <= past.now:
        return ("active", "degeneration", "churn_risk")
    if any(at + 14 * DAY <= past.now < at + 180 * DAY for at in past.unanswered):
        return ("active", "degeneration", "complaint")
    if past.within(state.rises, 90):
        return ("active", "growth", "rung_rose")
    if past.within(paces(past.orders), 90):
        return ("active", "growth", "pace")
    return ("active", "retention", None)


def _initiation(past: Past) -> str:
    if past.count(is_checkout, 14):
        return "closing"
    return "qualification" if past.count(is_response, 90) or past.count(is_engagement, 90) else "lead"


def deadline_name(before: State, past: Past) -> str:
    """Which deadline of this instant changed the phase."""
    active = past.churn is not None and before.passive is None
    ends = (*before.rises, *paces(past.orders))
    falls = [
        ("churn_silence", active and past.churn is not None and past.churn.silence_at == past.now),
        ("churn_risk", active and past.churn is not None and past.churn.risk_at == past.now),
        ("lost", before.passive is not None and before.passive[1] + 365 * DAY == past.now),
        ("complaint_unanswered", active and past.complaint(14)),
        ("complaint_expired", active and past.complaint(180)),
        ("growth_ended", active and any(at + 90 * DAY == past.now for at in ends)),
        ("closing_ended", past.count(lambda f: is_checkout(f) and f.at + 14 * DAY == past.now) > 0),
        ("qualification_ended", True),
    ]
    return next(name for name, fell in falls if fell)


# -- one step ----------------------------------------------------------------------------------------------------


def danger(state: State, past: Past, future: Sequence[int]) -> tuple[int, int] | None:
    """The first fall within the time of warning if nothing more is heard; `future`: instants at which one may come.

    Of a rung that is given by hand, no warning.
    """
    if is_given(state, past):
        return None
    if not state.graces and all(keeps(rung, at_instant(past, past.now + WARNING)) for rung in state.held):
        return None  # time only takes away
    for at in future[bisect_right(future, past.now) : bisect_right(future, past.now + WARNING)]:
        then = climb(state, at_instant(past, at))
        if then.rung < state.rung:
            return shown(then, at_instant(past, at)), at
        state = then
    return None


def at_instant(past: Past, now: int) -> Past:
    """The same facts at another time."""
    then = copy(past)
    then.now = now
    return then


def visible(before: Visible | None, state: State, past: Past, future: Sequence[int]) -> Visible:
    """The standing to be seen, given the one before it."""
    phase, stage, because = stage_of(state, past)
    rung = shown(state, past)
    same_rung = before is not None and before.rung == rung
    same_phase = before is not None and (before.phase, before.stage) == (phase, stage)
    bought = [order.at for order in past.orders]
    return Visible(
        rung=rung,
        rung_since=before.rung_since if before is not None and same_rung else past.now,
        phase=phase,
        stage=stage,
        phase_since=before.phase_since if before is not None and same_phase else past.now,
        because=because,
        risk_at=past.churn.risk_at if past.churn else None,
        silence_at=past.churn.silence_at if past.churn else None,
        risk_raised=past.churn is not None and past.churn.risk_at <= past.now,
        purchases=len(bought),
        purchase_days=len({day_of(at, past.shop) for at in bought}),
        spent=sum(order.amount - order.back for order in past.orders),
        refunded=sum(order.back for order in past.told_orders),
        first_purchase_at=min(bought, default=None),
        last_purchase_at=max(bought, default=None),
        made=past.count(is_referral),
        converted=past.friends,
        danger=danger(state, past, future),
        otherwise=state.rung,
        by_hand=past.word.id if past.word is not None else None,
    )


Naming = Callable[[str], Cause]
"""Gives the cause of an announcement of a type."""


def difference(before: Visible | None, after: Visible, at: int, naming: Naming) -> list[Announced]:
    """What the world is told when one standing follows another."""
    origin = None if before is None else (before.phase, before.stage)
    to = (after.phase, after.stage)
    told: list[Announced] = []
    if before is None or before.rung != after.rung:
        rung = None if before is None else before.rung
        kind = "rung.promoted" if (rung or 0) < after.rung else "rung.demoted"
        told.append(Announced(kind, at, rung, after.rung, naming(kind)))
    if origin != to:
        told.append(Announced("phase.changed", at, origin, to, naming("phase.changed")))
    told += [Announced(kind, at, origin, to, naming(kind)) for kind in moods(before, after)]
    if after.danger is not None and (before is None or before.danger is None or before.rung != after.rung):
        told.append(Announced("rung.endangered", at, after.rung, after.danger[0], naming("rung.endangered")))
    entered = after.converted - (before.converted if before is not None else frozenset())
    told += [Announced("referral.converted", at, None, friend, naming("")) for friend in sorted(entered)]
    return told


def moods(before: Visible | None, after: Visible) -> list[str]:
    """The announcements of risk and silence that go with a step."""
    was_passive = before is not None and before.phase == "passive"
    was_silent = before is not None and was_passive and before.because == "silence"
    risky = before is not None and before.phase == "active" and before.risk_raised
    is_active, is_silent = after.phase == "active", after.phase == "passive" and after.because == "silence"
    said = {
        "churn.risk_raised": is_active and after.risk_raised and not risky,
        "churn.risk_cleared": is_active and risky and not after.risk_raised,
        "customer.lapsed": is_silent and not was_silent and (before is None or before.stage != after.stage),
        "customer.won_back": is_active and was_passive,
    }
    return [kind for kind, true in said.items() if true]


# -- time --------------------------------------------------------------------------------------------------------


class Step(NamedTuple):
    """One fact, or all deadlines of one instant, and the standing after it.

    `key` orders it among facts: a deadline comes before the facts of its instant.
    """

    key: Key
    fact: Told | None
    after: Visible
    announced: list[Announced]


def candidates(facts: Sequence[Told], orders: Sequence[Order], shop: Shop) -> set[int]:
    """Every instant at which anything could change by the passing of time."""
    found = {instant_of(fact) + days * DAY for fact in facts for days in WINDOWS}
    found |= {instants.parse(f.data.until) for f in facts if isinstance(f, RungOverridden) and f.data.until}
    standing = [order for order in orders if order.stands]
    for n in range(len(standing)):
        churn = churn_of(standing[: n + 1], shop)
        assert churn is not None
        found |= {churn.risk_at, churn.silence_at, churn.silence_at + 365 * DAY}
    return found


def walk(facts: Iterable[Told], until: int, shop: Shop) -> list[Step]:
    """The life that these facts make, step by step, up to and with an instant."""
    facts = that_count(facts)
    orders = orders_of(facts, shop)
    future = sorted(candidates(facts, orders, shop))
    agenda: list[tuple[Key, Told | None]] = [(key_of(fact), fact) for fact in facts]
    agenda += [((at, "", ""), None) for at in future]
    steps: list[Step] = []
    known: list[Told] = []
    state = State()
    for key, fact in sorted((entry for entry in agenda if entry[0][0] <= until), key=lambda entry: entry[0]):
        known += [fact] if fact is not None else []
        if not any(is_own(other) for other in known):
            known = [other for other in known if not is_word(other)]
            continue  # nobody is known by what a friend did, or gets a rung before they are known
        past, before = Past(known, key[0], orders, shop), state
        state = climb(before, past)
        state = replace(state, passive=passivity(state, past, fact))
        was = steps[-1].after if steps else None
        after = visible(was, state, past, future)
        steps.append(Step(key, fact, after, difference(was, after, key[0], _naming(fact, before, past))))
    return steps


def is_own(fact: Told) -> TypeGuard[Fact]:
    """Whether it happened to the person."""
    return not isinstance(fact, ReferralCredited) and not is_word(fact)


def _naming(fact: Told | None, before: State, past: Past) -> Naming:
    if fact is not None:
        return lambda _: cause_of(fact)
    named = {"churn.risk_raised": "churn_risk", "customer.lapsed": "churn_silence", "rung.demoted": "rung_lapsed"}
    named["rung.endangered"] = "rung_endangered"
    if past.word_ends:
        named["rung.promoted"] = named["rung.demoted"] = "override_ends"
    return lambda kind: ("deadline", named.get(kind) or deadline_name(before, past), past.now)


def steps_seen(facts: Iterable[Told], until: int, shop: Shop) -> list[Step]:
    """The steps that can be seen: facts, and deadlines that changed rung, phase, stage or, of the active, risk.

    Of who has a rung by hand, also what changed the rung that the rules would give.
    """
    seen: list[Step] = []
    was: tuple[object, ...] | None = None
    for step in walk(facts, until, shop):
        risk = step.after.phase == "active" and step.after.risk_raised
        by_hand = (step.after.otherwise, step.after.by_hand)
        now = (step.after.rung, step.after.phase, step.after.stage, risk, step.after.danger is not None, by_hand)
        if step.fact is not None or now != was:
            seen.append(step)
        was = now
    return seen


# -- what others ask ---------------------------------------------------------------------------------------------


def standing_at(facts: Iterable[Told], as_of: int, shop: Shop = Shop()) -> Visible | None:
    """The standing at an instant: the facts up to it, refunds and credits after it not yet known."""
    steps = walk([fact for fact in without_repeats(facts) if _known_at(fact) <= as_of], as_of, shop)
    return steps[-1].after if steps else None


def fall_after(facts: Iterable[Told], as_of: int, shop: Shop = Shop()) -> tuple[object, int] | None:
    """The first fall after an instant if nothing more is heard: to which rung, and when."""
    known = [fact for fact in without_repeats(facts) if _known_at(fact) <= as_of and instant_of(fact) <= as_of]
    steps = walk(known, as_of + 1_000 * DAY, shop)
    demotions = (one for step in steps if step.key[0] > as_of for one in step.announced if one.type == "rung.demoted")
    return next(((one.to, one.at) for one in demotions), None)


def chances_at(facts: Iterable[Told], as_of: int, shop: Shop = Shop()) -> tuple[float, float] | None:
    """The chance of another purchase right after the newest one and at an instant, to four decimals."""
    known = [fact for fact in without_repeats(facts) if _known_at(fact) <= as_of]
    orders = [order for order in orders_of(known, shop) if order.stands]
    if not orders:
        return None
    days = sorted({day_of(order.at, shop) for order in orders})
    x, t_x = len(days) - 1, (days[-1] - days[0]).days / 7
    passed = (as_of - midnight_of(days[-1], shop)) / (7 * DAY)
    return round(chance(x, t_x, t_x), 4), round(chance(x, t_x, t_x + passed), 4)


def _known_at(fact: Told) -> int:
    return instants.parse(fact.data.cause.at) if isinstance(fact, ReferralCredited) else fact.at


def told(arrivals: Iterable[Told | int], as_of: int, shop: Shop = Shop()) -> list[Announced]:
    """What is announced when facts come in this order, each taken before the next, and time then goes on to `as_of`.

    An instant among them is a sweep: time goes on up to there before the next fact comes.
    """
    life = Telling(shop)
    for arrival in arrivals:
        if isinstance(arrival, int):
            life.wait(arrival)
        elif not life.knows(arrival):
            life.hear(arrival)
    life.wait(as_of)
    return life.announced


def life(facts: Iterable[Told], as_of: int, shop: Shop = Shop()) -> tuple[Visible | None, list[Announced]]:
    """The standing at an instant, and what was announced until then if every fact was told in its time."""
    known = sorted((fact for fact in without_repeats(facts) if _known_at(fact) <= as_of), key=key_of)
    return standing_at(known, as_of, shop), told(known, as_of, shop)


class Telling:
    """One person as the world hears of them, fact by fact."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.known: list[Told] = []
        self.steps: list[Step] = []
        self.corrected: Key = (0, "", "")
        self.announced: list[Announced] = []

    def wait(self, until: int) -> None:
        """Time passes: the deadlines up to an instant fire, each at its own."""
        newest = self.newest
        self.steps = steps_seen(self.known, max(until, newest[0]), self.shop)
        self.announced += [a for step in self.steps if step.key > newest for a in step.announced]

    def knows(self, fact: Told) -> bool:
        """Whether it was told before; the first body under an identity stays."""
        return any((known.source, known.id) == (fact.source, fact.id) for known in self.known)

    def hear(self, fact: Told) -> None:
        """A fact arrives: in order it is a step of its own, else what it changes is told at once."""
        if not self._corrects(fact):
            self.known.append(fact)
            self.wait(instant_of(fact))
            return
        self.wait(instant_of(fact))
        before, at = self.steps[-1].after if self.steps else None, max(instant_of(fact), self.newest[0])
        self.known.append(fact)
        self.steps = steps_seen(self.known, at, self.shop)
        self.corrected = (at, "", "")
        if self.steps:
            self.announced += difference(before, self.steps[-1].after, at, lambda _: cause_of(fact))

    @property
    def newest(self) -> Key:
        """Where the person's life has come to; a correction is a step too, so that nothing is told before it."""
        return max(self.steps[-1].key, self.corrected) if self.steps else self.corrected

    def _corrects(self, fact: Told) -> bool:
        if isinstance(fact, PurchaseRefunded) or key_of(fact) < self.newest:
            return True
        if isinstance(fact, PurchaseCompleted):
            return any(_order_id(other) == fact.data.order_id for other in self.known)
        if isinstance(fact, ReferralCredited):
            earlier = [other for other in self.known if isinstance(other, ReferralCredited)]
            return any(other.data.friend == fact.data.friend for other in earlier)
        return False


def _order_id(fact: Told) -> str | None:
    return fact.data.order_id if isinstance(fact, PurchaseCompleted | PurchaseRefunded) else None


# -- several people ----------------------------------------------------------------------------------------------


def credit_of(friend: str, facts: Iterable[Fact], shop: Shop = Shop()) -> tuple[str, PurchaseCompleted] | None:
    """Who brought this friend, and the purchase that made it count; `facts` are everybody's."""
    facts = list(facts)
    own = [fact for fact in facts if fact.subject == friend]
    standing = {order.key for order in orders_of(own, shop) if order.stands}
    bought = sorted((f for f in own if isinstance(f, PurchaseCompleted) and key_of(f) in standing), key=key_of)
    by_friend = [f for f in own if isinstance(f, ReferralMade)]
    naming = sorted((f for f in facts if isinstance(f, ReferralMade) and f.data.referee == friend), key=key_of)
    valid = [
        f
        for f in naming
        if f.subject != friend and not any(o.data.referee == f.subject and key_of(o) < key_of(f) for o in by_friend)
    ]
    if not valid or not bought or key_of(valid[0]) > key_of(bought[0]):
        return None
    return valid[0].subject, bought[0]


def ladder_of(facts: Iterable[Fact], as_of: int, shop: Shop = Shop()) -> dict[str, Visible]:
    """The standings of all people at an instant, from everybody's facts up to it."""
    own: dict[str, list[Fact]] = {}
    for (subject, _, _), fact in _first_bodies(facts).items():
        if fact.at <= as_of:
            own.setdefault(subject, []).append(fact)
    everything = [fact for theirs in own.values() for fact in theirs]
    lives: dict[str, list[Told]] = {person: list(theirs) for person, theirs in own.items()}
    for friend in sorted({f.data.referee for f in everything if isinstance(f, ReferralMade) and f.data.referee}):
        found = credit_of(friend, everything, shop)
        if found is not None:
            lives[found[0]].append(credited(found[0], friend, found[1]))
    return {person: walk(theirs, as_of, shop)[-1].after for person, theirs in lives.items()}


def _first_bodies(facts: Iterable[Fact]) -> dict[tuple[str, str, str], Fact]:
    first: dict[tuple[str, str, str], Fact] = {}
    for fact in facts:
        first.setdefault((fact.subject, fact.source, fact.id), fact)
    return first


def credited(maker: str, friend: str, purchase: Fact) -> ReferralCredited:
    """What the friend's side tells the maker's when this purchase makes the referral count."""
    deed = FactRef(at=purchase.time, person=friend, source=purchase.source, id=purchase.id)
    worth = Credit(friend=friend, converted=deed, cause=deed, version=1)
    return ReferralCredited(id=f"credit {friend}", source="ladder", subject=maker, time=purchase.time, data=worth)
