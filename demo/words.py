"""Facts, causes and criteria in plain words."""

from typing import Final

from demo.answers import Answer
from demo.happening import Happening

_FACTS: Final = {
    "purchase.completed": "order of {amount} EUR",
    "purchase.refunded": "{amount} EUR given back",
    "contact.identified": "the shop learns who this is",
    "contact.responded": "an answer by {channel}",
    "contact.checkout_started": "a checkout is started",
    "contact.engaged": "looks around",
    "contact.complained": "complaint: {reason}",
    "contact.served": "{minutes} minutes of service",
    "contact.rated": "gives {score} of 10",
    "contact.consented": "consent to {purpose} by {channel}",
    "contact.objected": "objection to {purpose} by {channel}",
    "contact.cancelled": "leaves: {reason}",
    "membership.started": "joins the {programme}",
    "membership.ended": "membership ends: {cause}",
    "referral.made": "refers {referee}",
    "referral.voiced": "praises the shop in public",
}
_DEADLINES: Final = {
    "churn_risk": "an order is half as likely as after the last one",
    "churn_silence": "an order is a fifth as likely as after the last one",
    "complaint_unanswered": "14 days without an answer to a complaint",
    "complaint_expired": "the complaint is half a year old",
    "growth_ended": "90 days of growth are over",
    "lost": "365 days passive",
    "closing_ended": "14 days since the checkout",
    "qualification_ended": "90 days since the last contact",
    "rung_lapsed": "what held the rung has run out",
    "rung_endangered": "the rung will end if nothing more is heard",
}
_CHANGES: Final = {
    "churn.risk_raised": "churn risk",
    "churn.risk_cleared": "risk cleared",
    "customer.lapsed": "lapsed",
    "customer.won_back": "won back",
    "referral.converted": "referral converted",
}


def fact(happening: Happening) -> str:
    """What happened."""
    if happening.type == "purchase.refunded" and not happening.data["amount"]:
        return "order given back in full"
    return _FACTS[happening.type].format(**happening.data)


def deadline(name: str) -> str:
    """What passed; the name as it is where there are no words for it."""
    return _DEADLINES.get(name, name)


def change(announcement: Answer) -> str:
    """What changed, of a transition as histories tell it."""
    from_, to, type_ = announcement["from"], announcement["to"], announcement["type"]
    if type_ == "rung.promoted":
        return f"▲ rung {to}" if from_ is None else f"▲ rung {from_} to {to}"
    if type_ == "rung.demoted":
        return f"▼ rung {from_} to {to}"
    if type_ == "rung.endangered":
        return f"rung {from_} ends soon"
    if type_ == "phase.changed":
        return f"{to['phase']}: {to['stage']}"
    return _CHANGES[type_]


def counted(criteria: list[Answer]) -> str:
    """What held, such as `purchases within 365 days: 6 (4 needed)`."""
    return " and ".join(f"{_measure(each)}: {each['have']} ({each['need']} needed)" for each in criteria)


def missing(ways: list[list[Answer]]) -> str:
    """The ways to a rung, and what each still needs."""
    return ", or ".join(
        " and ".join(f"{_measure(each)}: {each['have']} of {each['need']}" for each in way) for way in ways
    )


def _measure(criterion: Answer) -> str:
    days = criterion["within_days"]
    name = criterion["measure"].replace("_", " ")
    return f"{name} within {days} days" if days else str(name)
