"""What is answered about experiments over HTTP. Amounts are in the shop's currency."""

from decimal import Decimal

from pydantic import BaseModel

from services.notifier.experiments.holding import Arm
from services.notifier.experiments.trial import Goal
from services.notifier.experiments.verdict import Verdict


class PersonInTrial(BaseModel):
    """The group a person is in for one play. `since`: when the play came to them, and the watching began."""

    play: str
    arm: Arm
    since: str | None = None


class PersonExperiments(BaseModel):
    """All trials, seen from one person. `control`: they get no advertising of any play."""

    customer: str
    control: bool
    plays: list[PersonInTrial]


class GroupAnswer(BaseModel):
    """People watched to the end of the window, who of them reached the goal, what they brought, and who is waiting."""

    people: int
    reached: int
    rate: float
    money: Decimal
    money_each: Decimal
    waiting: int


class DifferenceAnswer(BaseModel):
    """The treated's rate less that of the others, with its 95 % interval (Newcombe 1998, method 10).

    The others are those held out, or the control group where it is about all advertising.
    """

    rate: float
    low: float
    high: float


class Money(BaseModel):
    """`brought`: what the treated bought beyond what as many of the others did; `spent`: on redeemed vouchers."""

    brought: Decimal
    spent: Decimal
    currency: str


class TrialResult(BaseModel):
    """What a play, or with `play` null all advertising, has brought.

    `more`: so many more people have to be watched for a verdict; null with one.
    """

    play: str | None
    goal: Goal
    window_days: int
    worth: float
    share_held_out: float
    treated: GroupAnswer
    held_out: GroupAnswer
    control: GroupAnswer
    difference: DifferenceAnswer
    money: Money
    verdict: Verdict
    more: int | None
