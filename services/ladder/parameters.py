"""The parameters of the ladder's questions, checked and described."""

from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import Header, Path, Query
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from services.ladder.core.standing import Phase, Stage
from services.ladder.estimates.queries import Order, Sort
from shared import instants

MOST: Final = 1_000
"""Items in one page at most."""

_NO_NUL: Final = "^[^\x00]+$"
_CURSOR: Final = "Go on behind the page that gave this as `next`."

AnnouncementType = Literal[
    "rung.promoted",
    "rung.demoted",
    "rung.endangered",
    "phase.changed",
    "churn.risk_raised",
    "churn.risk_cleared",
    "customer.lapsed",
    "customer.won_back",
    "referral.converted",
]


def instant(told: Any) -> int:
    """The instant of an RFC 3339 text; a `+` that was not percent-encoded arrives as a blank. Raises ValueError."""
    if not isinstance(told, str):
        raise ValueError("not an RFC 3339 time with date, time and zone")
    try:
        at = instants.parse(told[:11] + told[11:].replace(" ", "+"))
        instants.text(at)
    except OverflowError as error:
        raise ValueError("the time in UTC is not within the years 1 to 9999") from error
    return at


def _reckoned(day: date) -> date:
    """Only days whose years before and after can be named. Raises ValueError."""
    if not 1900 <= day.year < 3000:
        raise ValueError("must be within the years 1900 to 2999")
    return day


Date = Annotated[date, AfterValidator(_reckoned)]
PersonInPath = Annotated[
    str,
    Path(alias="id", min_length=1, max_length=200, pattern=_NO_NUL, description="The person's id, percent-encoded."),
]
Person = Annotated[
    str | None, Query(min_length=1, max_length=200, pattern=_NO_NUL, description="Only what concerns this person.")
]
AsOf = Annotated[
    int | None,
    BeforeValidator(instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
    Query(description="The standing as it was at this instant, by the facts known now."),
]
RulesVersion = Annotated[
    int | None,
    Query(ge=0, le=2**31 - 1, description="By this version of the rules, instead of the one in force."),
]
Day = Annotated[Date | None, Query(alias="at", description="A calendar day of the shop.")]
After = Annotated[str | None, Query(description=_CURSOR)]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Items in the page at most.")]
RungNumber = Annotated[int | None, Query(ge=1, le=7, description="Only people on this rung.")]
PhaseName = Annotated[Phase | None, Query(description="Only people in this phase.")]
SortBy = Annotated[
    Sort | None,
    Query(
        description="In the order of what people are worth, of the chance that they buy again, or of what is at stake. "
        "By the estimates as they were made the last time; in the last two who never bought is left out."
    ),
]
SortOrder = Annotated[Order, Query(description="With `sort`: the highest or the lowest first.")]
StageName = Annotated[Stage | None, Query(description="Only people in this stage.")]
Types = Annotated[
    list[AnnouncementType] | None, Query(alias="type", description="Only these types; may be given several times.")
]
Historical = Annotated[bool, Query(description="Also what became true long before it was recorded.")]
LastEventId = Annotated[str | None, Header(description=_CURSOR)]
