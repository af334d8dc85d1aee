"""The text of a message and the e-mail it becomes: made of the message, the person's profile and the shop."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_currency
from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from services.notifier.content.piece import Piece, piece_in
from services.notifier.content.shelf import Shelf
from services.notifier.message import Channel, Message, Purpose, Way
from services.notifier.mime import encoded, mail_bytes, mailbox
from services.notifier.offers import Voucher, major
from services.notifier.offers.book import OfferBook, Partner
from services.notifier.plays.book import Book
from services.notifier.plays.carriers import template
from services.notifier.plays.groups import Seal
from services.notifier.profile import address, addressee, language, name, postal
from services.notifier.ratings.rating import Thumb, rating_token
from services.notifier.returns.path import return_path
from services.notifier.sealed import CONFIRM, Link, referral_code, token
from services.notifier.settings import NotifierSettings
from shared import instants
from shared.events import Profile

TEMPLATES: Final = Path(__file__).with_name("templates")
_LOCALES: Final = {"de": "de_DE", "en": "en_GB"}


class Text(NamedTuple):
    """What the person reads."""

    language: str
    subject: str
    plain: str
    html: str


class UnwrittenError(Exception):
    """A template cannot be rendered; the text says which one, and why."""


@contextmanager
def rendering(name: str) -> Iterator[None]:
    """A shop's own template may fail in every way a program can."""
    try:
        yield
    except Exception as error:
        line = f", line {error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
        raise UnwrittenError(f"{name}{line}: {error}") from error


class Letter(NamedTuple):
    """A finished e-mail, or what else is handed over, and its envelope."""

    message_id: str
    sender: str
    recipient: str
    content: bytes


def templates(own: Path | None) -> SandboxedEnvironment:
    """The templates: those of the shop's own folder before the shipped ones."""
    return SandboxedEnvironment(
        loader=FileSystemLoader([each for each in (own, TEMPLATES) if each is not None]),
        autoescape=lambda template: template is not None and template.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


class Composer:
    """Writes this shop's mail."""

    def __init__(
        self,
        settings: NotifierSettings,
        book: Book,
        secret: bytes,
        offers: OfferBook | None = None,
        *,
        shelf: Shelf | None = None,
    ) -> None:
        self._settings = settings
        self._book = book
        self._secret = secret
        self._offers = offers or OfferBook(version=1)
        self._shelf = shelf or Shelf()
        self._templates = templates(settings.templates_dir)

    def text(self, message: Message, profile: Profile, voucher: Voucher | None) -> Text:
        """Subject and both bodies, in the person's language; a short text has one. Raises UnwrittenError."""
        lang = language(profile, self._settings.mail_language)
        context = self._context(message, profile, voucher, lang)
        if message.way is Way.WEBHOOK:
            return self._short(lang, message, context)
        if message.way is Way.LETTER:
            return self._letter(lang, message, context)
        subject, _, plain = self._render(lang, message, "txt", context).lstrip().partition("\n")
        html = self._html(lang, message, {**context, "subject": subject.strip()})
        return Text(lang, subject.strip(), plain.strip() + "\n", html)

    def _context(self, message: Message, profile: Profile, voucher: Voucher | None, lang: str) -> dict[str, Any]:
        context = {
            **self._shop(),
            "addressee": addressee(profile),
            "rung": max(message.rungs, default=0),
            "perks": self._perks(message, lang),
            "voucher": self._voucher(voucher, lang),
            "unsubscribe": self.unsubscribe_url(message),
            "confirm": self.confirm_url(message),
            "rate_up": self.rating_url(message, Thumb.UP),
            "rate_down": self.rating_url(message, Thumb.DOWN),
            "advertising": message.purpose is Purpose.MARKETING,
            "perks_ahead": [getattr(perk, lang) for perk in self._book.perk],
            "group": self._group(message, profile, lang),
            "piece": self._piece(message),
        }
        if self._book.shows_code(message) or self._book.find(message.play) is None:
            context["referral_code"] = referral_code(self._secret, message.person)
        return context

    def letter(self, message: Message, profile: Profile, voucher: Voucher | None, date: int) -> Letter:
        """The e-mail, dated with that instant; the profile has an address."""
        recipient = address(profile)
        assert recipient is not None
        text = self.text(message, profile, voucher)
        settings = self._settings
        headers = {
            "From": mailbox(settings.sender_name, settings.mail_from),
            "To": mailbox(name(profile), recipient),
            "Subject": encoded(text.subject, "Subject"),
            "Date": format_datetime(instants.to_datetime(date)),
            "Message-ID": f"<{message.id}@{settings.mail_from.rpartition('@')[2]}>",
            "Content-Language": text.language,
            "Auto-Submitted": "auto-generated",
        }
        if message.purpose is Purpose.MARKETING:
            headers["List-Unsubscribe"] = f"<{self.unsubscribe_url(message)}>"
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        content = mail_bytes(text.plain, text.html, headers, boundary=f"=_{message.id}")
        return Letter(message.id, self._sender(message), recipient, content)

    def sheet(self, message: Message, profile: Profile, voucher: Voucher | None, date: int) -> Letter:  # noqa: ARG002
        """A letter of paper, which bears no date before its day is closed; the profile has a postal address."""
        reached = postal(profile)
        assert reached is not None
        return Letter(message.id, "", reached, self.text(message, profile, voucher).plain.encode())

    def _sender(self, message: Message) -> str:
        """Of the envelope: where the mail comes back to."""
        base = self._settings.return_path
        return self._settings.mail_from if base is None else return_path(base, self._secret, message.id)

    def unsubscribe_url(self, message: Message) -> str:
        """Where the person of this message objects to more of them."""
        base = str(self._settings.public_url).rstrip("/")
        return f"{base}/u/{token(self._secret, Link(message.person, message.id))}"

    def confirm_url(self, message: Message) -> str:
        """Where the person of this message confirms what was asked for."""
        base = str(self._settings.public_url).rstrip("/")
        return f"{base}/c/{token(self._secret, Link(message.person, message.id), CONFIRM)}"

    def rating_url(self, message: Message, thumb: Thumb) -> str:
        """Where the person of this message answers its question with this thumb."""
        base = str(self._settings.public_url).rstrip("/")
        return f"{base}/r/{rating_token(self._secret, Link(message.person, message.id), thumb)}"

    def notice(self, message: Message, profile: Profile) -> str | None:
        """How one objects, for the foot of a letter; a letter without advertising has none. Raises UnwrittenError."""
        if message.purpose is not Purpose.MARKETING:
            return None
        file = template(language(profile, self._settings.mail_language), Channel.POST, "notice")
        with rendering(file):
            context = {**self._shop(), "unsubscribe": self.unsubscribe_url(message)}
            return " ".join(self._templates.get_template(file).render(context).split())

    def _letter(self, lang: str, message: Message, context: dict[str, Any]) -> Text:
        file = template(lang, Channel.POST, message.mail)
        with rendering(file):
            subject, _, plain = self._templates.get_template(file).render(context).lstrip().partition("\n")
        return Text(lang, subject.strip(), plain.strip() + "\n", "")

    def _short(self, lang: str, message: Message, context: dict[str, Any]) -> Text:
        """On one line; advertising as a text message says how to object to it, which no other place would."""
        file = template(lang, Channel.SMS, message.mail)
        with rendering(file):
            source = self._templates.get_template(file)
            title, text = (" ".join(block(source, each, context).split()) for each in ("title", "text"))
            if context["advertising"] and message.channel is Channel.SMS:
                notice = self._templates.get_template(template(lang, Channel.SMS, "notice")).render(context)
                text = f"{text} {' '.join(notice.split())}"
        return Text(lang, title, text, "")

    def _render(self, lang: str, message: Message, kind: str, context: dict[str, Any]) -> str:
        file = f"{lang}/{message.mail}.{kind}.j2"
        with rendering(file):
            return self._templates.get_template(file).render(context)

    def _html(self, lang: str, message: Message, context: dict[str, Any]) -> str:
        """By its own template, or by one for all whose text is nothing but paragraphs."""
        own = f"{lang}/{message.mail}.html.j2"
        with rendering(own):
            source = self._templates.get_template(f"{lang}/{message.mail}.txt.j2")
            context = {**context, "preheader": block(source, "preheader", context)}
            found = self._templates.select_template([own, f"{lang}/paragraphs.html.j2"])
            told = [] if found.name == own else parts(block(source, "body", context))
            return found.render({**context, "parts": told})

    def _shop(self) -> dict[str, Any]:
        settings = self._settings
        url = None if settings.shop_url is None else str(settings.shop_url)
        return {"shop": settings.sender_name, "shop_url": url, "imprint": settings.imprint}

    def _perks(self, message: Message, lang: str) -> list[str]:
        """How the perks are called; one that is no longer in the book has no name left."""
        perks = [self._book.perk_on(rung) for rung in message.rungs]
        return [getattr(perk, lang) for perk in perks if perk is not None]

    def _group(self, message: Message, profile: Profile, lang: str) -> dict[str, str | None] | None:
        """The group it is about, as it is called, and the last day of its proof."""
        found = Seal(self._secret, self._settings.zone).opened(message.cause, message.person, profile)
        if found is None:
            return None
        until = None if found.until is None else format_date(found.until, "long", locale=_LOCALES[lang])
        return {"name": self._book.called(found.name, lang), "until": until}

    def _piece(self, message: Message) -> Piece | None:
        """The piece of content it brings. Raises UnwrittenError where this process does not have it yet."""
        key = piece_in(message.cause)
        found = None if key is None else self._shelf.find(key)
        if key is not None and found is None:
            raise UnwrittenError(f"the piece of content {key} is not here")
        return found

    def _voucher(self, voucher: Voucher | None, lang: str) -> dict[str, Any] | None:
        if voucher is None:
            return None
        settings = self._settings
        return {
            "code": voucher.code,
            "worth": self._worth(voucher, lang),
            "percent": voucher.percent,
            "minimum": self._money(voucher.minimum, lang),
            "categories": list(voucher.categories),
            "bound": voucher.bound,
            "single_use": voucher.single_use,
            "partner": voucher.kind == "partner",
            "until": format_date(_last_day(voucher.valid_until, settings.zone), "long", locale=_LOCALES[lang]),
        }

    def _worth(self, voucher: Voucher, lang: str) -> str:
        """What a voucher is good for, in a few words that may stand alone."""
        german = lang == "de"
        if voucher.kind == "partner":
            offer = self._offers.named(voucher.offer)
            return getattr(offer, lang) if isinstance(offer, Partner) else ""
        if voucher.kind == "free_shipping":
            return "Kostenloser Versand" if german else "Free shipping"
        if voucher.percent is not None:
            return f"{voucher.percent} % Rabatt" if german else f"{voucher.percent}% off"
        amount = self._money(voucher.amount, lang)
        return f"{amount} Rabatt" if german else f"{amount} off"

    def _money(self, amount: int | None, lang: str) -> str | None:
        told = major(amount, self._settings.exponent)
        return None if told is None else format_currency(told, self._settings.currency, locale=_LOCALES[lang])


class Part(NamedTuple):
    """A paragraph; one that is set in, such as a voucher, stands in a box with its lines as they are."""

    text: str
    boxed: bool


def block(template: Template, name: str, context: dict[str, Any]) -> str:
    """What a block of a template says by itself; "" where there is none."""
    found = template.blocks.get(name)
    return "" if found is None else "".join(found(template.new_context(context))).strip("\n")


def parts(body: str) -> list[Part]:
    """The paragraphs of a text."""
    found = [paragraph for paragraph in re.split(r"\n\s*\n", body) if paragraph.strip()]
    return [_boxed(each) if each.startswith("    ") else Part(" ".join(each.split()), False) for each in found]


def _boxed(paragraph: str) -> Part:
    return Part("\n".join(line.strip() for line in paragraph.splitlines()), True)


def _last_day(end: int, zone: ZoneInfo) -> datetime:
    """The day on which it is still good: what ends at midnight ends with the day before."""
    return instants.to_datetime(end - 1).astimezone(zone)
