"""The book as shipped: every mail of it is whole, in both languages, with its offer and without."""

import pytest

from services.notifier.letters.printing import Font
from services.notifier.mail import Composer, Text
from services.notifier.message import WAYS, Channel, Message, Purpose, message_id
from services.notifier.offers.voucher import Voucher
from services.notifier.plays.book import Play, Send
from services.notifier.plays.carriers import SHORT
from services.notifier.plays.reading import read_book
from services.notifier.plays.texts import Templates
from services.notifier.settings import NotifierSettings
from shared.events import Profile
from tests.make import day

SETTINGS = NotifierSettings.model_validate(
    {"sender_name": "Schöner Laden", "imprint": "Schöner Laden, Gasse 1, Köln", "shop_url": "https://laden.example"}
)
BOOK = read_book(SETTINGS.plays_file)
SHORT_TEXTS = [
    (play, step) for play in BOOK.play for step in play.step if isinstance(step, Send) and SHORT & {*step.channels}
]
LETTERS = [
    (play, step)
    for play in BOOK.play
    for step in play.step
    if isinstance(step, Send) and Channel.POST in Templates().channels(step.mail)
]
MAILS = [(play, step) for play in BOOK.play for step in play.step if isinstance(step, Send)]


def written(
    play: Play,
    step: Send,
    language: str,
    purpose: Purpose | None = None,
    *,
    offer: bool,
    channel: Channel = Channel.EMAIL,
) -> Text:
    message = Message(
        id=message_id(play.id, "c1", "x"),
        person="c1",
        play=play.id,
        mail=step.mail,
        cause="x",
        cause_at=day(0),
        at=day(1),
        channel=channel,
        way=WAYS[channel],
        purpose=purpose or step.purpose or play.purpose,
        rungs=(5,),
    )
    voucher = Voucher("7QK2-M0XD-94TB", message.id, "c1", 15, 3000, day(1), day(43)) if offer else None
    reader = Profile(email="anna@example.org", name="Anna Größe", language=language)
    return Composer(SETTINGS, BOOK, b"secret").text(message, reader, voucher)


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize(("play", "step"), MAILS, ids=lambda each: getattr(each, "mail", ""))
def test_every_mail_is_whole(play: Play, step: Send, language: str) -> None:
    """Subject, preheader, salutation, a paragraph, the offer, imprint, and the notice that fits its purpose."""
    for offer in {False, step.offer is not None}:
        text = written(play, step, language, offer=offer)

        assert text.subject
        assert "\n" not in text.subject
        for body in (text.plain, text.html):
            assert "Anna Größe" in body
            assert "Gasse 1, Köln" in body
            assert ("7QK2-M0XD-94TB" in body) is offer
            assert ("/u/" in body) is ((step.purpose or play.purpose) is Purpose.MARKETING)
            for left in ("{{", "{%", "None", "  ,"):
                assert left not in body
        assert 'display: none; max-height: 0; overflow: hidden">' in text.html
        assert 'overflow: hidden"></div>' not in text.html
        assert len(text.plain) > 300
        assert "\n\n\n\n" not in text.plain
        if not offer:
            assert "utschein" not in text.plain + text.html + text.subject
            assert "oucher" not in text.plain + text.html + text.subject


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("channel", sorted(SHORT))
@pytest.mark.parametrize(("play", "step"), SHORT_TEXTS, ids=lambda each: getattr(each, "mail", ""))
def test_every_short_text_is_whole(play: Play, step: Send, channel: Channel, language: str) -> None:
    """It names the shop, stands on one line, has the offer, and as a text message the way to object."""
    for offer in {False, step.offer is not None}:
        text = written(play, step, language, offer=offer, channel=channel)

        assert (text.subject != "", text.html) == (True, "")
        assert "Schöner Laden" in text.plain
        assert ("7QK2-M0XD-94TB" in text.plain) is offer
        assert ("/u/" in text.plain) is (channel is Channel.SMS)
        assert "\n" not in text.plain + text.subject
        assert len(text.plain.partition(" http")[0]) < 320


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize(("play", "step"), LETTERS, ids=lambda each: getattr(each, "mail", ""))
def test_every_letter_is_whole(play: Play, step: Send, language: str) -> None:
    """Subject, salutation, the offer, a greeting, nothing that only mail can do, and no letter that the font lacks."""
    for offer in {False, step.offer is not None}:
        text = written(play, step, language, offer=offer, channel=Channel.POST)

        assert "\n" not in text.subject != ""
        assert "Anna Größe" in text.plain
        assert ("7QK2-M0XD-94TB" in text.plain) is offer
        assert text.plain.rstrip().endswith("Schöner Laden")
        assert "http" not in text.plain
        assert "mail" not in text.plain.lower()
        assert Font(None).lacks(text.plain) == ""


def test_an_apology_without_a_basis_for_advertising_has_none_in_it() -> None:
    """It goes as service, without the code and without the notice about advertising."""
    ((play, step),) = [(play, step) for play, step in MAILS if step.or_service]

    text = written(play, step, "de", Purpose.SERVICE, offer=False)

    assert "/u/" not in text.plain
    assert "keine Werbung" in text.plain


def test_paragraphs_become_paragraphs_and_a_voucher_a_box() -> None:
    """A mail that has one template reads the same in both of its parts."""
    (found,) = [(play, step) for play, step in MAILS if step.mail == "reminder_offer"]

    html = written(*found, "en", offer=True).html

    assert "<p>And if you stay away for a reason that we could change, please tell us." in html
    assert "<strong>15% off on your next order\nYour voucher code: 7QK2-M0XD-94TB</strong>" in html


def test_service_in_the_book_has_no_advertising_in_it() -> None:
    """Only what is owed: the confirmation, the end of a membership, an apology; none with an offer."""
    service = {step.mail for play, step in MAILS if (step.purpose or play.purpose) is Purpose.SERVICE}

    assert service == {"cancel_confirmed", "renewal_reminder", "membership_ended", "apology"}
    assert not [step for play, step in MAILS if step.offer and (step.purpose or play.purpose) is Purpose.SERVICE]
