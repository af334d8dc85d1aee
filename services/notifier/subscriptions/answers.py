"""What is sent and answered at /v1/subscriptions. Times are RFC 3339."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.notifier.subscriptions.subscription import ALL_TYPES, DeliveryState, OffReason, State

_NO_NUL: Final = "^[^\x00]*$"


def _known(type_: str) -> str:
    if type_ not in ALL_TYPES:
        raise ValueError(f"is none of {', '.join(ALL_TYPES)}")
    return type_


Url = Annotated[
    str, Field(max_length=2_000, pattern=_NO_NUL, description="https, without user and fragment; where to post.")
]
Kind = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": [*ALL_TYPES]})]
Kinds = Annotated[list[Kind], Field(max_length=50, description="Types of announcements; empty: all.")]
Rungs = Annotated[
    list[Annotated[int, Field(ge=1, le=7)]],
    Field(max_length=7, description="Of people on these rungs, as the announcement tells it; empty: of all."),
]
Historical = Annotated[bool, Field(description="Also what was recorded long after its time.")]
Description = Annotated[str, Field(max_length=500, pattern=_NO_NUL)]


class NewSubscription(BaseModel):
    """A subscription to be made."""

    model_config = ConfigDict(extra="forbid")

    url: Url
    types: Kinds = []
    rungs: Rungs = []
    historical: Historical = False
    description: Description = ""


class SubscriptionChange(BaseModel):
    """What is to be different; members that are missing stay as they are."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    types: Kinds | None = None
    rungs: Rungs | None = None
    historical: Historical | None = None
    description: Description | None = None
    state: State | None = None


class Rotation(BaseModel):
    """How long the old secret signs besides the new one."""

    model_config = ConfigDict(extra="forbid")

    overlap_hours: Annotated[int, Field(ge=0, le=168)] = 24


class Replay(BaseModel):
    """What to deliver again: one announcement by its `id`, or all that were recorded from `since` on before `until`."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_NUL)] | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Replay":
        if (self.id is None) == (self.since is None) or (self.id is not None and self.until is not None):
            raise ValueError("say id, or since and perhaps until")
        return self


class SubscriptionItem(BaseModel):
    """A subscription; `failing_since` and `paused_until` only where it is so."""

    id: str
    url: str
    description: str
    types: list[str]
    rungs: list[int]
    historical: bool
    state: State
    off_reason: OffReason | None = None
    created_at: str
    failing_since: str | None = None
    paused_until: str | None = None


class MadeSubscription(SubscriptionItem):
    """A new subscription with its secret, which is shown only here."""

    secret: str


class Subscriptions(BaseModel):
    """All subscriptions, the oldest first."""

    items: list[SubscriptionItem]
    next: None = None


class NewSecret(BaseModel):
    """The new secret, shown only here; the old one signs as well until `old_until`."""

    secret: str
    old_until: str


class Pong(BaseModel):
    """What the receiver said to a ping; `status` null: nothing."""

    delivered: bool
    status: int | None
    detail: str
    seconds: float


class Queued(BaseModel):
    """How many deliveries a replay has queued."""

    queued: int


class AttemptItem(BaseModel):
    """One attempt; `status` null: there was no answer, and `detail` says why; else it is the answer's beginning."""

    number: int
    at: str
    seconds: float
    status: int | None
    detail: str


class DeliveryItem(BaseModel):
    """An announcement for a subscription, and what became of it. `next_attempt_at` only while it waits."""

    id: str
    type: str
    subject: str
    sequence: str
    state: DeliveryState
    attempts: int
    created_at: str
    next_attempt_at: str | None = None
    ended_at: str | None = None


class DeliveryDetail(DeliveryItem):
    """The same with its body and every attempt."""

    body: dict[str, Any]
    log: list[AttemptItem]


class Deliveries(BaseModel):
    """A page of deliveries, newest first."""

    items: list[DeliveryItem]
    next: str | None
