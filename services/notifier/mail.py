"""The text of a message and the e-mail it becomes: made of the message, the person's profile and the shop."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_currency
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from services.notifier.message import Message
from services.notifier.offers import major
from services.notifier.plays import Book
from services.notifier.profile import address, language, name
from services.notifier.sealed import Link, token
from services.notifier.settings import NotifierSettings
from services.notifier.store import Voucher
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


class Letter(NamedTuple):
    """A finished e-mail and its envelope."""

    message_id: str
    sender: str
    recipient: str
    content: bytes


class Composer:
    """Writes this shop's mail."""

    def __init__(self, settings: NotifierSettings, book: Book, secret: bytes) -> None:
        self._settings = settings
        self._book = book
        self._secret = secret
        self._templates = SandboxedEnvironment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=lambda template: template is not None and template.endswith(".html.j2"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def text(self, message: Message, profile: Profile, voucher: Voucher | None) -> Text:
        """Subject and both bodies, in the person's language."""
        lang = language(profile, self._settings.mail_language)
        context = {
            **self._shop(),
            "addressee": _addressee(profile),
            "rung": max(message.rungs, default=0),
            "perks": self._perks(message, lang),
            "voucher": self._voucher(voucher, lang),
            "unsubscribe": self.unsubscribe_url(message),
        }
        subject, _, plain = self._render(lang, message, "txt", context).lstrip().partition("\n")
        html = self._render(lang, message, "html", {**context, "subject": subject})
        return Text(lang, subject.strip(), plain.strip() + "\n", html)

    def letter(self, message: Message, profile: Profile, voucher: Voucher | None, date: int) -> Letter:
        """The e-mail, dated with that instant; the profile has an address."""
        recipient = address(profile)
        assert recipient is not None
        text = self.text(message, profile, voucher)
        mail = EmailMessage(policy=_Verbatim(utf8=not recipient.isascii()))
        mail["From"] = Address(self._settings.sender_name, addr_spec=self._settings.mail_from)
        local, _, domain = recipient.rpartition("@")
        mail["To"] = Address(name(profile), local, domain)
        mail["Subject"] = text.subject
        mail["Date"] = instants.to_datetime(date)
        mail["Message-ID"] = f"<{message.id}@{self._settings.mail_from.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["List-Unsubscribe"] = f"<{self.unsubscribe_url(message)}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(text.plain, cte="quoted-printable")
        mail.add_alternative(text.html, subtype="html", cte="quoted-printable")
        mail["Content-Language"] = text.language
        return Letter(message.id, self._settings.mail_from, recipient, mail.as_bytes())

    def unsubscribe_url(self, message: Message) -> str:
        """Where the person of this message objects to more of them."""
        base = str(self._settings.public_url).rstrip("/")
        return f"{base}/u/{token(self._secret, Link(message.person, message.id))}"

    def _render(self, lang: str, message: Message, kind: str, context: dict[str, Any]) -> str:
        return self._templates.get_template(f"{lang}/{message.mail}.{kind}.j2").render(context)

    def _shop(self) -> dict[str, Any]:
        settings = self._settings
        url = None if settings.shop_url is None else str(settings.shop_url)
        return {"shop": settings.sender_name, "shop_url": url, "imprint": settings.imprint}

    def _perks(self, message: Message, lang: str) -> list[str]:
        """How the perks are called; one that is no longer in the book has no name left."""
        rules = self._book.loyalty_perk
        perks = [rules.on(rung) for rung in message.rungs] if rules else []
        return [getattr(perk, lang) for perk in perks if perk is not None]

    def _voucher(self, voucher: Voucher | None, lang: str) -> dict[str, Any] | None:
        if voucher is None:
            return None
        settings = self._settings
        minimum = major(voucher.minimum, settings.exponent)
        return {
            "code": voucher.code,
            "percent": voucher.percent,
            "minimum": None if minimum is None else format_currency(minimum, settings.currency, locale=_LOCALES[lang]),
            "until": format_date(_day(voucher.valid_until, settings.zone), "long", locale=_LOCALES[lang]),
        }


def _addressee(profile: Profile) -> str:
    """Whom the greeting names: form of address and name, or nobody."""
    called = name(profile)
    return f"{(profile.salutation or '').strip()} {called}".strip() if called else ""


def _day(instant: int, zone: ZoneInfo) -> datetime:
    return instants.to_datetime(instant).astimezone(zone)


class _Verbatim(EmailPolicy):
    """Lines end as SMTP wants it, and a long link in a header is not encoded: receivers take it as it stands."""

    def __init__(self, *, utf8: bool = False, **kw: Any) -> None:
        super().__init__(**{"linesep": SMTP.linesep, "utf8": utf8, **kw})

    def fold(self, name: str, value: Any) -> str:
        """As EmailPolicy, but for the one header that holds a link."""
        return f"{name}: {value}{self.linesep}" if name == "List-Unsubscribe" else super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        """As EmailPolicy, but for the one header that holds a link."""
        return (
            self.fold(name, value).encode("ascii") if name == "List-Unsubscribe" else super().fold_binary(name, value)
        )
