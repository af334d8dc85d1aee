"""Answers about experiments, from the tables."""

from decimal import Decimal
from typing import Final

from services.notifier.experiments import store
from services.notifier.experiments.answers import (
    DifferenceAnswer,
    GroupAnswer,
    Money,
    PersonExperiments,
    PersonInTrial,
    TrialResult,
)
from services.notifier.experiments.holding import WHOLE, Arm, Experiments
from services.notifier.experiments.newcombe import Count
from services.notifier.experiments.store import Group
from services.notifier.experiments.trial import Aim
from services.notifier.experiments.verdict import Verdict, conclude
from services.notifier.offers import major
from services.notifier.settings import NotifierSettings
from services.notifier.store import time_of
from shared import instants
from shared.db import Pool
from shared.http import Problem
from shared.log.partitioner import lane_of

_DIGITS: Final = 6


class Results:
    """Answers from the database behind `pool`."""

    def __init__(self, pool: Pool, settings: NotifierSettings, experiments: Experiments) -> None:
        self._pool = pool
        self._settings = settings
        self._experiments = experiments

    async def person(self, customer: str) -> PersonExperiments:
        """The groups this person is in; chance has decided even where no play has come to them yet."""
        async with self._pool.acquire() as connection:
            seen = await store.exposures_of(connection, lane_of(customer, self._settings.lanes), customer)
        return PersonExperiments(
            customer=customer,
            control=self._experiments.in_control(customer),
            plays=[self._in_trial(customer, play, seen.get(play)) for play in sorted(self._experiments.trials)],
        )

    def _in_trial(self, customer: str, play: str, seen: tuple[str, int] | None) -> PersonInTrial:
        if seen is None:
            return PersonInTrial(play=play, arm=self._experiments.arm(customer, play))
        return PersonInTrial(play=play, arm=Arm(seen[0]), since=instants.text(seen[1]))

    async def result(self, play: str) -> TrialResult:
        """What a play has brought so far. Raises Problem 404 for one that is not on trial."""
        trial = self._experiments.trials.get(play)
        if trial is None:
            raise Problem(404, "unknown-trial", "There is no play of this name on trial")
        return await self._result(play, trial, trial.held_out, Arm.HELD_OUT)

    async def whole(self) -> TrialResult:
        """What all advertising together has brought. Raises Problem 404 where the book does not watch that."""
        aim = self._experiments.whole
        if aim is None:
            raise Problem(404, "unknown-trial", "The book of plays has no [whole]")
        return await self._result(WHOLE, aim, self._experiments.control, Arm.CONTROL)

    async def _result(self, play: str, aim: Aim, share: float, against: Arm) -> TrialResult:
        """`against`: the group that the treated are compared with; `share`: of all people, how many are in it."""
        groups, spent = await self._groups(play, aim)
        treated, others = groups[Arm.TREATED], groups[against]
        found = conclude(_count(treated), _count(others), aim.worth, share)
        return TrialResult(
            play=play or None,
            goal=aim.goal,
            window_days=aim.window_days,
            worth=aim.worth,
            share_held_out=share,
            treated=self._group(treated),
            held_out=self._group(groups[Arm.HELD_OUT]),
            control=self._group(groups[Arm.CONTROL]),
            difference=DifferenceAnswer(
                rate=_rounded(found.difference), low=_rounded(found.interval.low), high=_rounded(found.interval.high)
            ),
            money=Money(
                brought=self._money(_brought(treated, others)),
                spent=self._money(spent),
                currency=self._settings.currency,
            ),
            verdict=found.verdict,
            more=found.more if found.verdict is Verdict.TOO_EARLY else None,
        )

    async def _groups(self, play: str, aim: Aim) -> tuple[dict[Arm, Group], int]:
        """(the groups, what vouchers took off)."""
        async with self._pool.acquire() as connection:
            now = await time_of(connection, 0, by_facts=self._settings.clock == "facts")
            found = {group.arm: group for group in await store.groups(connection, play, aim, now)}
            spent = await store.spent(connection, play, aim.window, now)
        return {arm: found.get(arm, Group(arm, 0, 0, 0, 0)) for arm in Arm}, spent

    def _group(self, group: Group) -> GroupAnswer:
        return GroupAnswer(
            people=group.people,
            reached=group.reached,
            rate=_rounded(_count(group).rate),
            money=self._money(group.money),
            money_each=self._money(round(group.money / group.people) if group.people else 0),
            waiting=group.waiting,
        )

    def _money(self, amount: int) -> Decimal:
        return major(amount, self._settings.exponent)


def _count(group: Group) -> Count:
    return Count(group.reached, group.people)


def _brought(treated: Group, others: Group) -> int:
    """What the treated brought beyond what as many of the others did; nothing can be said without any of those."""
    if not others.people:
        return 0
    return round(treated.money - others.money * treated.people / others.people)


def _rounded(number: float) -> float:
    return round(number, _DIGITS)
