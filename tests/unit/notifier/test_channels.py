"""By which channel a step writes, and what the answer of who carries it means."""

from pathlib import Path

import msgspec
import pytest

from services.notifier.channels import SENT, PutOff, Refused
from services.notifier.channels.webhook import heard
from services.notifier.consent import Ledger, Statement
from services.notifier.message import Channel, Message, Reason, State, Way
from services.notifier.plays.book import Book, Send
from services.notifier.plays.carriers import Carriers
from services.notifier.plays.deciding import decide
from services.notifier.plays.person import Moment, Person
from services.notifier.plays.reading import parse_book
from services.notifier.plays.texts import Templates, written
from services.notifier.profile import KnownProfile
from services.notifier.subscriptions.judging import Said
from shared.events import Profile
from tests.make import day, promoted
from tests.unit.notifier.people import consent, expressed

PLAY = """version = 1

[[play]]
id = "thanks"
on = ["rung.promoted"]
max_age_days = 14

[[play.step]]
do = "send"
mail = "thank_you"
channels = ["push", "sms", "email"]
"""
ALL = frozenset({Channel.EMAIL, Channel.SMS, Channel.PUSH})
REACHED = Profile(email="anna@example.org", phone="+49 151 5550", push_token="device-1")
EVERYTHING = (consent(), expressed(id_="e1", channel="sms"), expressed(id_="e2", channel="push"))


def book(channels: str = '["push", "sms", "email"]', more: str = "") -> Book:
    return parse_book(PLAY.replace('["push", "sms", "email"]', channels + more))


def somebody(
    profile: Profile = REACHED, preferred: Channel | None = None, said: tuple[Statement, ...] = EVERYTHING
) -> Person:
    known = KnownProfile(at=day(0), id="p", source="shop", profile=profile)
    return Person("c1", (known,), Ledger(said), preferred=preferred)


def decided(person: Person, plays: Book, there: frozenset[Channel] = ALL) -> Message:
    carriers = Carriers(there, (Channel.SMS, Channel.EMAIL, Channel.PUSH), written(plays, Templates()))
    decision = decide(promoted(day(1), 4), person, Moment(day(1), carriers=carriers), plays)
    (message,) = decision.messages
    return message


def went(message: Message) -> Channel | None:
    assert message.state is State.PENDING
    return message.channel


def test_the_first_that_is_there_permitted_and_reachable_is_taken() -> None:
    """In the order of the step."""
    assert went(decided(somebody(), book())) is Channel.PUSH
    assert went(decided(somebody(), book(), ALL - {Channel.PUSH})) is Channel.SMS
    assert went(decided(somebody(msgspec.structs.replace(REACHED, push_token=" ")), book())) is Channel.SMS
    assert went(decided(somebody(said=EVERYTHING[:1]), book())) is Channel.EMAIL
    assert decided(somebody(), book()).way is Way.WEBHOOK


@pytest.mark.parametrize("word", ["sms", "SMS "])
def test_what_the_person_asked_for_goes_first(word: str) -> None:
    """On their page before the profile; if it is one of the step's, and permitted."""
    asked = msgspec.structs.replace(REACHED, preferred_channel=word)

    assert went(decided(somebody(asked), book())) is Channel.SMS
    assert went(decided(somebody(asked, Channel.EMAIL), book())) is Channel.EMAIL
    assert went(decided(somebody(asked, Channel.POST), book())) is Channel.SMS
    assert went(decided(somebody(asked, said=EVERYTHING[:1]), book())) is Channel.EMAIL


def test_by_preference_is_the_shops_order_of_what_has_a_text() -> None:
    """Where the person asked for nothing."""
    assert went(decided(somebody(), book('"by_preference"'))) is Channel.SMS
    assert went(decided(somebody(preferred=Channel.PUSH), book('"by_preference"'))) is Channel.PUSH
    other = parse_book(PLAY.replace("thank_you", "reminder").replace('["push", "sms", "email"]', '"by_preference"'))
    assert went(decided(somebody(preferred=Channel.PUSH), other)) is Channel.EMAIL


def test_what_nobody_carries_is_held_back() -> None:
    """With a reason of its own; otherwise for what is against the first that is there."""
    message = decided(somebody(), book('["push", "sms"]'), frozenset({Channel.EMAIL}))
    assert (message.reason, message.channel, message.way) == (Reason.NO_CHANNEL, Channel.PUSH, Way.WEBHOOK)

    assert decided(somebody(said=()), book()).reason is Reason.NO_BASIS
    assert decided(somebody(Profile(), said=()), book()).reason is Reason.NO_ADDRESS


def test_a_consent_to_texts_is_for_the_number_it_names() -> None:
    """Another number is another's."""
    proof = {"wording": "May we text you?", "form": "checkout", "phone": "+49 170 1"}
    person = somebody(said=(expressed(channel="sms", proof=proof),))

    assert decided(person, book('["sms"]')).reason is Reason.NO_BASIS


def test_rather_as_service_than_not_at_all() -> None:
    """By the first channel at which they are reached."""
    message = decided(somebody(Profile(phone="+49 151 5550"), said=()), book(more="\nor_service = true"))

    assert (message.state, message.channel, message.purpose) == (State.PENDING, Channel.SMS, "service")


def test_without_channels_it_is_mail() -> None:
    """As ever."""
    assert Send(mail="thank_you").channels == (Channel.EMAIL,)
    assert went(decided(somebody(), book('["email"]'))) is Channel.EMAIL


def test_a_channel_without_a_text_is_a_fault(tmp_path: Path) -> None:
    """In either language; a text of the shop's own is one."""
    with pytest.raises(ValueError, match=r"no template de/short/reminder.txt.j2; .*en/short/reminder.txt.j2"):
        parse_book(PLAY.replace("thank_you", "reminder"))
    for language in ("de", "en"):
        (tmp_path / language / "short").mkdir(parents=True)
        (tmp_path / language / "short" / "reminder.txt.j2").write_text("{% block text %}x{% endblock %}", "utf-8")
    assert parse_book(PLAY.replace("thank_you", "reminder"), tmp_path).play
    for wrong in ("[]", '"fax"', '["fax"]'):
        with pytest.raises(ValueError, match="channels"):
            book(wrong)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (Said(204, ""), SENT),
        (Said(200, "half"), SENT),
        (Said(None, "no answer"), PutOff("no answer")),
        (Said(500, ""), PutOff("500")),
        (Said(302, "there"), PutOff("302 there")),
        (Said(429, "busy", "30"), PutOff("429 busy", 30)),
        (Said(503, "", "99999999"), PutOff("503", 86_400)),
        (Said(408, ""), PutOff("408")),
        (Said(400, "what?"), Refused("400 what?")),
        (Said(410, ""), Refused("410")),
    ],
)
def test_only_2xx_is_taken_and_4xx_is_for_good(said: Said, meant: object) -> None:
    """The rest is tried again, as late as the receiver asks."""
    assert heard(said, day(0)) == meant
