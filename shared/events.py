"""Every message that crosses a boundary, declared once: CloudEvents 1.0 in structured JSON.

Three families, each one tagged union: what the shop tells (`Fact`), what the ladder announces (`Announcement`) and
what lanes tell each other or is decided by hand (`Internal`); besides them the `Tick`, by which time itself travels
under `CLOCK=facts`.
Only optional fields are ever added. JSON Schemas for OpenAPI and AsyncAPI are generated from these structs.
"""

from decimal import Decimal
from hashlib import sha1
from typing import Annotated, Any, Final, Literal, final
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from shared import instants

SHOP_EVENTS: Final = "shop.events"
SHOP_PROFILES: Final = "shop.profiles"
LADDER_EVENTS: Final = "ladder.events"
LADDER_INTERNAL: Final = "ladder.internal"
NOTIFIER_EVENTS: Final = "notifier.events"
DEAD_LETTERS: Final = "dead.letters"

LARGEST_AMOUNT: Final = 10**12
"""Amounts above this, in major units, are refused."""

NAMESPACE: Final = UUID("5d0c3d2e-6f4b-5c0e-9f0a-1f7f0a3c2b11")
"""Root of every id the system derives (UUIDv5, RFC 9562): the same cause always yields the same id."""
_NAMESPACE: Final = NAMESPACE.bytes

Id = Annotated[str, Meta(min_length=1, max_length=200)]
"""A pseudonym or key given by the shop: 1 to 200 characters."""
Text = Annotated[str, Meta(max_length=10_000)]
Currency = Annotated[str, Meta(min_length=3, max_length=3)]


_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def derived_id(*parts: str) -> str:
    """The UUIDv5 of these parts; \\x1f separates them, so that ("a", "bc") and ("ab", "c") differ.

    As `uuid.uuid5` makes it, in less than half of its time: every announcement needs one.
    """
    digest = sha1(_NAMESPACE + "\x1f".join(parts).encode(), usedforsecurity=False).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"


class _Message(msgspec.Struct, kw_only=True, tag_field="type", gc=False):
    """The CloudEvents envelope. `subject` is the person's id in the shop, and the record's key."""

    id: Id
    source: Id
    subject: Id
    time: str
    specversion: Literal["1.0"] = "1.0"


class _Timed(_Message, kw_only=True, gc=False):
    """A message that is folded: it carries its instant, parsed once."""

    at: int = field(default=0, name="_at")
    """`time` as an instant; never on the wire."""

    def __post_init__(self) -> None:
        self.at = instants.parse(self.time)


# -- facts: shop.events ------------------------------------------------------------------------------------------


_ZERO: Final = Decimal(0)
_LARGEST: Final = Decimal(LARGEST_AMOUNT)


def _check_money(amount: Decimal) -> None:
    if not amount.is_finite() or not _ZERO <= amount <= _LARGEST:
        raise ValueError(f"an amount is a number from 0 to {LARGEST_AMOUNT}")


class Item(msgspec.Struct, kw_only=True, gc=False):
    """One line of an order; `amount` and `cost` in the order's currency, major units."""

    sku: Id
    name: Text | None = None
    category: Text | None = None
    quantity: Decimal | None = None
    amount: Decimal | None = None
    cost: Decimal | None = None


class Purchase(msgspec.Struct, kw_only=True, gc=False):
    """An order that was paid or is bound to be; `amount` is what the person pays, in major units."""

    order_id: Id
    amount: Decimal
    currency: Currency
    items: list[Item] | None = None
    discount: Decimal | None = None
    channel: Text | None = None
    voucher_code: Text | None = None

    def __post_init__(self) -> None:
        _check_money(self.amount)


class Refund(msgspec.Struct, kw_only=True, gc=False):
    """Money given back for an order; without `amount` in full."""

    order_id: Id
    amount: Decimal | None = None

    def __post_init__(self) -> None:
        if self.amount is not None:
            _check_money(self.amount)


class Group(msgspec.Struct, kw_only=True, gc=False):
    """A group the person belongs to, such as students, with its proof and expiry."""

    name: Text
    proof: Text | None = None
    until: Text | None = None


class Profile(msgspec.Struct, kw_only=True, gc=False):
    """Personal data; only ever on `shop.profiles` and in the notifier's tables. `birthday` is YYYY-MM-DD or --MM-DD."""

    email: Annotated[str, Meta(max_length=320)] | None = None
    name: Text | None = None
    salutation: Text | None = None
    language: Text | None = None
    address: dict[str, Any] | Text | None = None
    phone: Text | None = None
    push_token: Text | None = None
    birthday: Text | None = None
    time_zone: Text | None = None
    interests: list[Text] | None = None
    groups: list[Group] | None = None
    preferred_channel: Text | None = None


class Identification(msgspec.Struct, kw_only=True, gc=False):
    """How a person became identifiable; `acquisition_cost` in the shop's currency, major units."""

    source: Text | None = None
    acquisition_cost: Decimal | None = None
    profile: Profile | None = None

    def __post_init__(self) -> None:
        if self.acquisition_cost is not None:
            _check_money(self.acquisition_cost)


class Response(msgspec.Struct, kw_only=True, gc=False):
    """A positive answer or a question, by whatever channel."""

    channel: Text
    campaign: Text | None = None


class CheckoutStart(msgspec.Struct, kw_only=True, gc=False):
    """A checkout was begun."""


class Engagement(msgspec.Struct, kw_only=True, gc=False):
    """The person looked."""

    kind: Literal["opened", "clicked", "visited"]


class Complaint(msgspec.Struct, kw_only=True, gc=False):
    """The person complained."""

    reason: Text | None = None
    ticket: Text | None = None


class Service(msgspec.Struct, kw_only=True, gc=False):
    """Somebody took care of the person; `minutes` of effort."""

    minutes: Annotated[float, Meta(ge=0)]
    ticket: Text | None = None


class Rating(msgspec.Struct, kw_only=True, gc=False):
    """Would you recommend us, 0 to 10."""

    score: Annotated[int, Meta(ge=0, le=10)]


class Consent(msgspec.Struct, kw_only=True, gc=False):
    """A consent or an objection. `basis` and `proof` are personal and only on `shop.profiles`."""

    channel: Text | None = None
    purpose: Text | None = None
    basis: Text | None = None
    proof: Any = None


class Cancellation(msgspec.Struct, kw_only=True, gc=False):
    """The person left by their own word."""

    reason: Text | None = None


class MembershipStart(msgspec.Struct, kw_only=True, gc=False):
    """The person joined the programme; `until` ends nothing by itself."""

    programme: Text | None = None
    until: Text | None = None
    paid: bool | int | float | str | None = None


class MembershipEnd(msgspec.Struct, kw_only=True, gc=False):
    """The membership ended; cause `not_renewed` makes a person passive."""

    cause: Annotated[str, Meta(min_length=1, max_length=200)]


class Referral(msgspec.Struct, kw_only=True, gc=False):
    """The person recommended the shop to somebody; `referee` is that person's id, where known."""

    referee: Id | None = None
    code: Text | None = None


class Voice(msgspec.Struct, kw_only=True, gc=False):
    """The person spoke of the shop in public."""

    kind: Literal["review", "social"]
    positive: bool


class PurchaseCompleted(_Timed, tag="purchase.completed"):
    """A purchase."""

    data: Purchase


class PurchaseRefunded(_Timed, tag="purchase.refunded"):
    """A refund, in full or in part."""

    data: Refund


class ContactIdentified(_Timed, tag="contact.identified"):
    """A person became identifiable."""

    data: Identification = field(default_factory=Identification)


class ContactResponded(_Timed, tag="contact.responded"):
    """A person answered or asked."""

    data: Response


class ContactCheckoutStarted(_Timed, tag="contact.checkout_started"):
    """A person began a checkout."""

    data: CheckoutStart = field(default_factory=CheckoutStart)


class ContactEngaged(_Timed, tag="contact.engaged"):
    """A person opened, clicked or visited."""

    data: Engagement


class ContactComplained(_Timed, tag="contact.complained"):
    """A person complained."""

    data: Complaint = field(default_factory=Complaint)


class ContactServed(_Timed, tag="contact.served"):
    """A person was taken care of."""

    data: Service


class ContactRated(_Timed, tag="contact.rated"):
    """A person rated the shop."""

    data: Rating


class ContactConsented(_Timed, tag="contact.consented"):
    """A person agreed to be contacted."""

    data: Consent = field(default_factory=Consent)


class ContactObjected(_Timed, tag="contact.objected"):
    """A person objected to being contacted."""

    data: Consent = field(default_factory=Consent)


class ContactCancelled(_Timed, tag="contact.cancelled"):
    """A person left by their own word."""

    data: Cancellation = field(default_factory=Cancellation)


class MembershipStarted(_Timed, tag="membership.started"):
    """A membership began."""

    data: MembershipStart = field(default_factory=MembershipStart)


class MembershipEnded(_Timed, tag="membership.ended"):
    """A membership ended."""

    data: MembershipEnd


class ReferralMade(_Timed, tag="referral.made"):
    """A person referred another."""

    data: Referral = field(default_factory=Referral)


class ReferralVoiced(_Timed, tag="referral.voiced"):
    """A person spoke of the shop in public."""

    data: Voice


Fact = (
    PurchaseCompleted
    | PurchaseRefunded
    | ContactIdentified
    | ContactResponded
    | ContactCheckoutStarted
    | ContactEngaged
    | ContactComplained
    | ContactServed
    | ContactRated
    | ContactConsented
    | ContactObjected
    | ContactCancelled
    | MembershipStarted
    | MembershipEnded
    | ReferralMade
    | ReferralVoiced
)
FACT_TYPES: Final[tuple[type[Fact], ...]] = Fact.__args__

NOT_YET_SUPPORTED: Final = frozenset({"contact.merged", "contact.erased"})
"""Known words that cannot be taken yet."""


# -- between lanes, and by hand: ladder.internal -------------------------------------------------------------------


class FactRef(msgspec.Struct, kw_only=True, gc=False, frozen=True):
    """Names a fact of some person; `at` is RFC 3339."""

    at: str
    person: str
    source: str
    id: str


class Naming(msgspec.Struct, kw_only=True, gc=False):
    """A referral as the friend's lane sees it: who made it, when, and which fact it was."""

    maker: str
    at: str
    id: str
    source: str


class Credit(msgspec.Struct, kw_only=True, gc=False):
    """The whole credit of one friend, as the friend's lane states it; of several the highest `version` counts."""

    friend: str
    converted: FactRef | None
    cause: FactRef
    version: int


class Sale(msgspec.Struct, kw_only=True, gc=False):
    """An order of a friend who is credited; of several about one order the highest `version` counts.

    `paid` is net of refunds, null: nothing is credited for it any more. Of it `costed` is for goods of which the
    cost is known.
    """

    friend: str
    order: FactRef
    paid: Decimal | None
    costed: Decimal = _ZERO
    cost: Decimal = _ZERO
    cause: FactRef
    version: int


@final
class ReferralNamed(_Timed, tag="referral.named"):
    """To the friend's lane: somebody referred you. `subject` is the friend."""

    data: Naming


@final
class ReferralCredited(_Timed, tag="referral.credited"):
    """To the maker's lane: what this friend's referral is worth. `subject` is the maker."""

    data: Credit


@final
class ReferralSold(_Timed, tag="referral.sold"):
    """To the maker's lane: a friend who is credited to you ordered. `time` is that of the order."""

    data: Sale


class Overriding(msgspec.Struct, kw_only=True, gc=False):
    """A rung given by hand: at least (`floor`) or exactly (`fixed`) this one, until an instant or until it is lifted.

    `reason` is free text without personal data; `by` is the name of the API key that was used.
    """

    rung: Annotated[int, Meta(ge=1, le=7)]
    kind: Literal["floor", "fixed"]
    reason: Text
    by: Text
    until: str | None = None

    def __post_init__(self) -> None:
        if self.until is not None:
            instants.parse(self.until)


class Lifting(msgspec.Struct, kw_only=True, gc=False):
    """The end of an override by hand."""

    by: Text
    reason: Text | None = None


@final
class RungOverridden(_Timed, tag="rung.overridden"):
    """To the person's lane: somebody gave them a rung by hand. Of several the newest counts."""

    data: Overriding


@final
class RungOverrideLifted(_Timed, tag="rung.override_lifted"):
    """To the person's lane: from here on the rules alone say where the person stands."""

    data: Lifting


Override = RungOverridden | RungOverrideLifted
BY_HAND: Final = "override"
"""The source of these records, and so in the causes of what they bring about."""

Internal = ReferralNamed | ReferralCredited | ReferralSold | RungOverridden | RungOverrideLifted


# -- time as a record --------------------------------------------------------------------------------------------


@final
class Tick(msgspec.Struct, kw_only=True, tag_field="type", tag="clock.tick", gc=False):
    """Time passed: every lane of the topic gets one. It has no subject; the partition says the lane."""

    id: str
    source: str
    time: str
    specversion: Literal["1.0"] = "1.0"
    at: int = field(default=0, name="_at")

    def __post_init__(self) -> None:
        self.at = instants.parse(self.time)


# -- announcements: ladder.events --------------------------------------------------------------------------------


class PhaseName(msgspec.Struct, kw_only=True, gc=False, frozen=True):
    """A phase and its stage."""

    phase: str
    stage: str


class Standing(msgspec.Struct, kw_only=True, gc=False, frozen=True):
    """The short standing after a step, so that a subscriber needs no second call."""

    rung: int
    phase: str
    stage: str


def fact_cause(fact_id: str, source: str) -> dict[str, str]:
    """The cause of an announcement that a fact brought about."""
    return {"fact": fact_id, "source": source}


def deadline_cause(name: str, at: int) -> dict[str, str]:
    """The cause of an announcement that the passing of time brought about."""
    return {"deadline": name, "at": instants.text(at)}


class _Change(msgspec.Struct, kw_only=True, gc=False):
    cause: dict[str, str]
    """`{"fact", "source"}` or `{"deadline", "at"}`: see `fact_cause` and `deadline_cause`."""
    standing: Standing
    recorded_at: str
    historical: bool | UnsetType = UNSET


class Announcing(msgspec.Struct, kw_only=True, gc=False):
    """Any announcement on its way out, its data encoded already; on the wire as the typed ones below."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    specversion: Literal["1.0"] = "1.0"
    data: msgspec.Raw


class RungChange(_Change, kw_only=True, gc=False):
    """From one rung to another; null before the first fact."""

    from_: int | None = field(name="from")
    to: int


class Needed(msgspec.Struct, gc=False):
    """A criterion of the rules and how much of it there is; amounts of `spend` are text."""

    measure: str
    have: int | str
    need: int | str
    within_days: int | None


class Counted(Needed, gc=False):
    """A criterion with the newest facts that count, newest first, as many as it needs."""

    facts: tuple[str, ...]


class RungDanger(_Change, kw_only=True, gc=False):
    """From the rung the person stands on to the one they would fall to at `at`, and the criteria that run out."""

    from_: int = field(name="from")
    to: int
    at: str
    because: list[Counted]


class PhaseChange(_Change, kw_only=True, gc=False):
    """From one phase and stage to another; null before the first fact."""

    from_: PhaseName | None = field(name="from")
    to: PhaseName


class Conversion(_Change, kw_only=True, gc=False):
    """`to` is the id of the friend who became a buyer."""

    from_: None = field(name="from", default=None)
    to: str


class RungPromoted(_Message, tag="rung.promoted"):
    """The person climbed, perhaps over several rungs at once."""

    data: RungChange


class RungDemoted(_Message, tag="rung.demoted"):
    """The person fell."""

    data: RungChange


class RungEndangered(_Message, tag="rung.endangered"):
    """The person falls soon if nothing more is heard."""

    data: RungDanger


class PhaseChanged(_Message, tag="phase.changed"):
    """The phase or its stage changed."""

    data: PhaseChange


class ChurnRiskRaised(_Message, tag="churn.risk_raised"):
    """The chance of another purchase fell to half of what it was."""

    data: PhaseChange


class ChurnRiskCleared(_Message, tag="churn.risk_cleared"):
    """The risk ended and the person is active."""

    data: PhaseChange


class CustomerLapsed(_Message, tag="customer.lapsed"):
    """Silence was reached."""

    data: PhaseChange


class CustomerWonBack(_Message, tag="customer.won_back"):
    """A passive person bought again."""

    data: PhaseChange


class ReferralConverted(_Message, tag="referral.converted"):
    """A friend whom the person referred became a buyer."""

    data: Conversion


Announcement = (
    RungPromoted
    | RungDemoted
    | RungEndangered
    | PhaseChanged
    | ChurnRiskRaised
    | ChurnRiskCleared
    | CustomerLapsed
    | CustomerWonBack
    | ReferralConverted
)
ANNOUNCEMENT_TYPES: Final[tuple[type[Announcement], ...]] = Announcement.__args__


def type_of(message: msgspec.Struct | type[msgspec.Struct]) -> str:
    """The CloudEvents type of a message, such as `purchase.completed`."""
    return str(message.__struct_config__.tag)


def encode(message: Fact | Internal | Announcement | Tick) -> bytes:
    """The message as it goes on the wire: a CloudEvent in structured JSON."""
    if not hasattr(message, "at"):
        return msgspec.json.encode(message)
    wire = msgspec.to_builtins(message)
    del wire["_at"]
    return msgspec.json.encode(wire)
