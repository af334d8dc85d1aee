"""The mail that a message becomes, as a mail program reads it."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from services.notifier.mail import Composer, Letter
from services.notifier.message import Mail, Message, message_id
from services.notifier.offers.book import Percent, read_offers
from services.notifier.offers.voucher import Voucher, Wanted, voucher_for
from services.notifier.profile import address
from services.notifier.sealed import ALPHABET, Link, read_token, token, typed_code, voucher_code
from services.notifier.settings import NotifierSettings
from shared.events import Profile
from tests.make import day
from tests.unit.notifier.people import BOOK

SECRET = b"a secret of the tests"
PLAYS = {
    Mail.THANK_YOU: "thank_you",
    Mail.WIN_BACK: "win_back",
    Mail.PERK_GRANTED: "loyalty_perk",
    Mail.PERK_WITHDRAWN: "loyalty_perk",
}


def composer(**settings: object) -> Composer:
    given = {"sender_name": "Schöner Laden", "public_url": "https://laden.example", **settings}
    return Composer(NotifierSettings.model_validate(given), BOOK, SECRET)


def message(mail: Mail, *rungs: int) -> Message:
    play = PLAYS[mail]
    return Message(
        id=message_id(play, "c1", "cause"),
        person="c1",
        play=play,
        mail=mail,
        cause="cause",
        cause_at=day(0),
        at=day(1),
        rungs=rungs,
    )


def letter(
    mail: Mail, *rungs: int, profile: Profile | None = None, with_voucher: bool = True, **settings: object
) -> Letter:
    written = message(mail, *rungs)
    voucher = _voucher(written) if mail is Mail.WIN_BACK and with_voucher else None
    reader = profile or Profile(email="anna@example.org", name="Anna Größe", language="de")
    return composer(**settings).letter(written, reader, voucher, day(1))


def _voucher(written: Message) -> Voucher:
    offer = read_offers(NotifierSettings().offers_file, 2).named("win_back")
    assert isinstance(offer, Percent)
    return voucher_for(Wanted(written.id, written.person, written.play, offer.key, written.at), offer, SECRET, 2)


def parsed(letter: Letter) -> EmailMessage:
    return message_from_bytes(letter.content, policy=policy.default)


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    text = found.get_content()
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize(
    ("mail", "rungs"),
    [
        *((Mail.THANK_YOU, (rung,)) for rung in (4, 5, 6, 7)),
        (Mail.WIN_BACK, ()),
        (Mail.PERK_GRANTED, (5,)),
        (Mail.PERK_GRANTED, (5, 6, 7)),
        (Mail.PERK_WITHDRAWN, (7,)),
    ],
)
def test_every_mail_is_whole_in_both_languages(mail: Mail, rungs: tuple[int, ...], language: str) -> None:
    """Both bodies greet by name, name the sender and offer the way out; nothing of the template is left."""
    reader = Profile(email="anna@example.org", name="Anna Größe", language=language)
    read = parsed(letter(mail, *rungs, profile=reader, imprint="Schöner Laden, Gasse 1, Köln"))

    assert read["Subject"]
    assert read["Content-Language"] == language
    for kind in ("plain", "html"):
        text = part(read, kind)
        assert "Anna Größe" in text
        assert "Gasse 1, Köln" in text
        assert "https://laden.example/u/" in text
        assert "{{" not in text
        assert "{%" not in text


def test_headers_say_who_writes_to_whom_and_how_to_stop_it() -> None:
    """Umlauts survive, the id is the message's, and the link is not broken over lines (RFC 8058)."""
    sent = letter(Mail.THANK_YOU, 4)
    read = parsed(sent)

    assert str(read["From"]) == "Schöner Laden <shop@example.com>"
    assert str(read["To"]) == "Anna Größe <anna@example.org>"
    assert read["Message-ID"] == f"<{sent.message_id}@example.com>"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (line,) = [line for line in sent.content.splitlines() if line.startswith(b"List-Unsubscribe:")]
    link = line.decode().removeprefix("List-Unsubscribe: <https://laden.example/u/").removesuffix(">")
    assert read_token(SECRET, link) == Link("c1", sent.message_id)


def test_a_name_can_do_no_harm() -> None:
    """It adds no header and no markup."""
    reader = Profile(email="eve@example.org", name="<b>Eve</b>\r\nBcc: all@example.org", language="en")
    read = parsed(letter(Mail.THANK_YOU, 4, profile=reader))

    assert read["Bcc"] is None
    assert "&lt;b&gt;Eve&lt;/b&gt;" in part(read, "html")
    assert "<b>" not in part(read, "html")


@pytest.mark.parametrize(
    ("spoken", "subject"),
    [("de-AT", "Danke"), ("DE", "Danke"), ("en-GB", "Thank"), ("fr", "Thank"), (None, "Danke")],
)
def test_the_language_is_the_readers(spoken: str | None, subject: str) -> None:
    """German for German, English for the others, the shop's own where it is not known."""
    read = parsed(letter(Mail.THANK_YOU, 4, profile=Profile(email="a@example.org", language=spoken)))

    assert read["Subject"].startswith(subject)


def test_the_offer_names_its_code_and_terms() -> None:
    """What the mail promises is what the voucher holds."""
    text = part(parsed(letter(Mail.WIN_BACK)), "plain")

    assert voucher_code(SECRET, message_id("win_back", "c1", "cause")) in text
    assert "15 %" in text
    assert "12. Februar 2024" in text  # it ends with the first instant of the 13th
    assert "30,00\xa0€" in text


@pytest.mark.parametrize("language", ["de", "en"])
def test_an_offer_that_was_withheld_leaves_a_whole_letter(language: str) -> None:
    """It speaks of no voucher, in neither part nor subject."""
    reader = Profile(email="a@example.org", language=language)
    read = parsed(letter(Mail.WIN_BACK, profile=reader, with_voucher=False))

    text = str(read["Subject"]) + part(read, "plain") + part(read, "html")
    assert "utschein" not in text
    assert "voucher" not in text
    assert len(part(read, "plain")) > 400


def test_an_address_beyond_ascii_is_written_as_the_standards_want() -> None:
    """The domain as the DNS knows it, the local part as it is (RFC 6531)."""
    sent = letter(Mail.THANK_YOU, 4, profile=Profile(email="jürgen@bücher.example"))

    assert sent.recipient == "jürgen@xn--bcher-kva.example"
    assert str(parsed(sent)["To"]) == "jürgen@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "email",
    ["", "anna", "anna@", "@example.org", "a b@example.org", "anna@localhost", "a@b..example", "a\n@example.org"],
)
def test_what_is_no_address_is_none(email: str) -> None:
    """Such a message is held back, not tried."""
    assert address(Profile(email=email)) is None


def test_codes_are_of_the_message_alone_and_can_be_typed() -> None:
    """The same message has the same code everywhere; small letters, blanks and look-alikes are understood."""
    code = voucher_code(SECRET, "m1")

    assert code == voucher_code(SECRET, "m1")
    assert code != voucher_code(b"another", "m1")
    assert set(code) <= {*ALPHABET, "-"}
    assert typed_code(" " + code.lower().replace("-", " ").replace("0", "o").replace("1", "l")) == code


def test_a_token_is_ours_whole_or_not_at_all() -> None:
    """Whatever is changed in a link makes it worthless."""
    link = Link("kündin/7", message_id("win_back", "c1", "cause"))
    good = token(SECRET, link)

    assert read_token(SECRET, good) == link
    assert read_token(b"another", good) is None
    for bad in ("", "x", "ü", good[:-2], good + "AAAA", "A" + good[1:] if good[0] != "A" else "B" + good[1:]):
        assert read_token(SECRET, bad) is None
