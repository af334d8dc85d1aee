"""What is asked and answered about offers over HTTP. Amounts are in the shop's currency."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.notifier.offers.desk import Without
from shared.events import LARGEST_AMOUNT

_NO_NUL = "^[^\x00]*$"
Id = Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_NUL)]
Money = Annotated[Decimal, Field(ge=0, le=LARGEST_AMOUNT)]


class VoucherAnswer(BaseModel):
    """A voucher; `minimum` is the least value of the order, null for none; `categories` empty: all.

    `withdrawn`: the shop took it back, or its message was never sent.
    """

    code: str
    state: Literal["valid", "expired", "used", "withdrawn"]
    customer: str
    bound: bool
    message: str
    play: str
    offer: str
    kind: Literal["percent", "amount", "free_shipping"]
    percent: int | None
    amount: Decimal | None
    minimum: Decimal | None
    categories: list[str]
    single_use: bool
    currency: str
    issued_at: str
    valid_until: str


class OrderLine(BaseModel):
    """A line of an order, as far as vouchers for certain categories need it."""

    model_config = ConfigDict(extra="ignore")

    category: Annotated[str, Field(max_length=10_000)] | None = None
    amount: Money | None = None


class Redeeming(BaseModel):
    """An order that is to use a voucher. `amount` is its value before the voucher, without shipping."""

    model_config = ConfigDict(extra="ignore")

    order_id: Id
    amount: Money
    currency: Annotated[str, Field(min_length=3, max_length=3)] | None = None
    customer: Id | None = None
    shipping: Money = Decimal(0)
    items: Annotated[list[OrderLine], Field(max_length=10_000)] = []


class Redeemed(BaseModel):
    """What the voucher takes off this order; told again, it is the same."""

    code: str
    order_id: str
    discount: Decimal
    currency: str


class PoolAnswer(BaseModel):
    """A pool of partner codes: how many were given, are left, and ended unused."""

    pool: str
    given: int
    left: int
    expired: int


class Pools(BaseModel):
    """All pools."""

    items: list[PoolAnswer]


class Loaded(BaseModel):
    """How many codes of a file are new, and how many were there before."""

    pool: str
    added: int
    known: int


class OfferFigures(BaseModel):
    """An offer's terms, and what became of it this month."""

    key: str
    terms: dict[str, Any]
    given: int
    redeemed: int
    cost: Decimal
    withheld: dict[Without, int]


class BudgetFigures(BaseModel):
    """A play's budget this month."""

    play: str
    month: Decimal
    spent: Decimal


class OffersAnswer(BaseModel):
    """The book of offers with this calendar month's figures; `withheld` is by what the play wanted, offer or choice."""

    month: str
    currency: str
    offers: list[OfferFigures]
    choices: list[dict[str, Any]]
    budgets: list[BudgetFigures]
    withheld: dict[str, dict[Without, int]]
