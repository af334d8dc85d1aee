"""What a person chooses on their page, what is asked for, and what a confirmation gives."""

import msgspec
import pytest

from services.notifier.consent import Asked, Basis, Ledger, Statement, basis
from services.notifier.consent.confirmation.request import CONFIRM_WITHIN, asked_to_confirm, confirmed, requested
from services.notifier.consent.preferences import Change, Choice, Visit, change, current
from services.notifier.consent.sales import Sale
from services.notifier.consent.words import Topic
from services.notifier.message import Channel, Purpose, Reason, State
from shared.instants import HOUR
from tests.make import DOUBLE_OPT_IN, day
from tests.unit.notifier.people import bought, consent, expressed, objection

ADDRESS = "anna@example.org"
VISIT = Visit("c1", "m1", day(9), "203.0.113.9", "The shop", "en", "notifier")
ALL_TOPICS = frozenset(Topic)


def ledger(*statements: Statement, sales: tuple[Sale, ...] = ()) -> Ledger:
    return Ledger(statements, sales)


def choice(*channels: Channel, topics: frozenset[Topic] = ALL_TOPICS) -> Choice:
    return Choice(frozenset(channels), topics)


def after(known: Ledger, wanted: Choice) -> tuple[Change, Ledger]:
    """What follows from this choice, and the ledger with it, all of it confirmed."""
    made = change(known, current(known, ADDRESS), wanted, VISIT)
    consents = confirmed(made.request, "m2", ADDRESS, day(10), "203.0.113.9", "notifier") if made.request else []
    return made, Ledger((*known.statements, *made.statements, *consents), known.sales)


# -- the page ----------------------------------------------------------------------------------------------------


def test_the_page_shows_what_somebody_gets() -> None:
    """By each channel that has a basis, about each topic that was not refused."""
    known = ledger(consent(), expressed(), objection(day(1), "b", purpose="surveys"), sales=(bought(day(0)),))

    assert current(known, ADDRESS) == choice(
        Channel.EMAIL, Channel.PHONE, Channel.POST, topics=ALL_TOPICS - {Topic.SURVEYS}
    )
    assert current(ledger(), None) == choice()


@pytest.mark.parametrize(
    "wanted",
    [
        choice(),
        choice(Channel.EMAIL),
        choice(Channel.POST, topics=frozenset()),
        choice(Channel.EMAIL, Channel.POST, Channel.PHONE, topics=frozenset({Topic.OFFERS})),
    ],
)
def test_after_choosing_and_confirming_the_page_shows_what_was_chosen(wanted: Choice) -> None:
    """Less, more, or other; and choosing the same again says nothing."""
    known = ledger(consent(), expressed(), sales=(bought(day(0)),))
    _, then = after(known, wanted)
    _, back = after(then, choice(Channel.EMAIL, Channel.POST))

    assert current(then, ADDRESS) == wanted
    assert change(then, current(then, ADDRESS), wanted, VISIT) == Change((), None)
    assert current(back, ADDRESS).channels == {Channel.EMAIL, Channel.POST}


def test_less_counts_at_once_and_more_has_to_be_confirmed() -> None:
    """E-mail that is switched on anew is a request; until it is confirmed nothing comes."""
    known = ledger(consent(), objection(day(1), "b"))
    made = change(known, current(known, ADDRESS), choice(Channel.EMAIL), VISIT)

    assert made.statements == ()
    assert made.request is not None
    assert made.request.purposes == ("marketing",)
    assert current(ledger(*known.statements, *made.statements), ADDRESS).channels == frozenset()


def test_a_topic_that_was_refused_comes_back_only_by_its_name() -> None:
    """A new consent to all advertising does not lift it."""
    surveys = Asked(channel=Channel.EMAIL, purpose=Purpose.MARKETING, topic=Topic.SURVEYS)
    refused = ledger(objection(day(1), "b", purpose="surveys"), consent(day(2), "c"))

    assert basis(refused, surveys, None) is Reason.OBJECTED
    made, then = after(refused, choice(Channel.EMAIL))
    assert made.request is not None
    assert made.request.purposes == ("surveys",)
    assert isinstance(basis(then, surveys, None), Basis)


def test_letters_are_agreed_to_in_words_that_are_kept() -> None:
    """An objection to letters is taken back by an express consent."""
    made, then = after(ledger(objection(day(1)), sales=(bought(day(0)),)), choice(Channel.POST))

    (said,) = made.statements
    assert "by post" in said.proof["wording"]
    assert said.proof["ip"] == "203.0.113.9"
    assert current(then, ADDRESS).channels == {Channel.POST}


# -- the request -------------------------------------------------------------------------------------------------


def asks(at: int = day(1), **more: object) -> Statement:
    proof = {"wording": "Yes, write", "version": "7", "form": "footer", "ip": "203.0.113.7"}
    return consent(at, "r", **{"basis": "requested", "proof": proof, **more})


def decided(known: Ledger, address: str | None = ADDRESS, now: int = day(1), *earlier: int) -> Reason | None:
    request = requested("c1", asks(), "The shop", "en")
    assert request is not None
    return asked_to_confirm(request, known, address, earlier, now, None).reason


def test_a_request_is_answered_by_one_mail_of_service() -> None:
    """It stands on the request, and is no advertising."""
    request = requested("c1", asks(), "The shop", "en")
    assert request is not None
    message = asked_to_confirm(request, ledger(asks()), ADDRESS, (), day(1), None)

    assert (message.state, message.purpose, message.basis) == (State.PENDING, Purpose.SERVICE, "service")


def test_why_a_request_is_not_answered() -> None:
    """Too late, no address, revoked since, agreed already, or asked for within the hour."""
    assert decided(ledger(), now=day(1) + CONFIRM_WITHIN + 1) is Reason.TOO_OLD
    assert decided(ledger(), None) is Reason.NO_ADDRESS
    assert decided(ledger(objection(day(2), "b"))) is Reason.OBJECTED
    assert decided(ledger(objection(day(0), "b"))) is None
    assert decided(ledger(consent())) is Reason.DUPLICATE
    assert decided(ledger(), ADDRESS, day(1), day(1) - HOUR + 1) is Reason.DUPLICATE
    assert decided(ledger(), ADDRESS, day(1), day(1) - HOUR) is None


@pytest.mark.parametrize("other", [asks(channel="phone"), asks(purpose="service"), asks(basis=None), consent()])
def test_what_asks_for_no_mail_is_no_request(other: Statement) -> None:
    """Only e-mail can be confirmed in the mailbox."""
    assert requested("c1", other, "The shop", "en") is None


def test_a_confirmation_gives_the_consent_with_the_whole_proof() -> None:
    """It permits advertising to that address; the wording is the request's, or ours where it had none."""
    request = requested("c1", asks(), "The shop", "en")
    bare = requested("c1", asks(proof=None), "The shop", "en")
    assert request is not None
    assert bare is not None
    (given,) = confirmed(request, "m2", ADDRESS, day(2), "203.0.113.8", "notifier")

    assert given.proof.keys() >= DOUBLE_OPT_IN["proof"].keys()
    assert (given.proof["wording"], given.proof["version"], given.proof["form"]) == ("Yes, write", "7", "footer")
    assert (given.proof["requested_ip"], given.proof["confirmed_ip"]) == ("203.0.113.7", "203.0.113.8")
    assert "The shop" in bare.wording
    advert = Asked(channel=Channel.EMAIL, purpose=Purpose.MARKETING, address=ADDRESS)
    assert isinstance(basis(ledger(given), advert, None), Basis)
    assert basis(ledger(given), msgspec.structs.replace(advert, address="b@example.org"), None) is Reason.NO_BASIS
