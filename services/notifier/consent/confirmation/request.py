"""A request to be written to, and the mail that asks whether it was really the mailbox's reader who made it. Pure."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from services.notifier.consent.basis import Asked, Basis, basis, newest_about
from services.notifier.consent.evidence import text
from services.notifier.consent.grant import REQUESTED
from services.notifier.consent.ledger import Ledger
from services.notifier.consent.statement import Kind, Statement
from services.notifier.consent.words import permitted_channel, permitted_purpose
from services.notifier.message import Channel, Mail, Message, Purpose, Reason, message_id
from shared import instants
from shared.events import derived_id
from shared.instants import DAY, HOUR

PLAY: Final = "confirmation"
"""What the book of plays need not say: the law wants it."""
CONFIRM_WITHIN: Final = 7 * DAY
"""So long a link can be used to confirm."""
NOT_AGAIN_WITHIN: Final = HOUR
"""Who asks for it again and again, perhaps with somebody else's address, does not fill that mailbox."""

OWN_WORDING: Final = {
    "de": "Ja, ich möchte Werbung von {shop} per E-Mail bekommen. Ich kann dem jederzeit widersprechen.",
    "en": "Yes, I would like to receive advertising from {shop} by e-mail. I can object to it at any time.",
}
"""What is agreed to where the request does not bring its own words."""
OWN_VERSION: Final = "loyalty-1"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it is kept; `purposes` in the words of a consent. `ip` is where it came from, if that is known."""

    person: str
    source: str
    id: str
    at: int
    wording: str
    version: str
    form: str
    purposes: tuple[str, ...] = (Purpose.MARKETING.value,)
    ip: str | None = None


def requested(person: str, statement: Statement, shop: str, language: str) -> Request | None:
    """What a statement asks for; None if it asks for no e-mail."""
    channel = Channel.EMAIL if statement.channel is None else permitted_channel(statement.channel)
    about = permitted_purpose(statement.purpose)
    if statement.kind is not Kind.CONSENT or statement.named_basis != REQUESTED:
        return None
    if channel is not Channel.EMAIL or about is None or about is Purpose.SERVICE:
        return None
    proof: dict[str, Any] = statement.proof if isinstance(statement.proof, dict) else {}
    wording = text(proof.get("wording"))
    own = OWN_WORDING[language].format(shop=shop)
    return Request(
        person=person,
        source=statement.source,
        id=statement.id,
        at=statement.at,
        wording=wording or own,
        version=text(proof.get("version")) or (OWN_VERSION if wording is None else "unnamed"),
        form=text(proof.get("form")) or statement.source,
        purposes=(about.value,),
        ip=text(proof.get("requested_ip")) or text(proof.get("ip")),
    )


def asked_to_confirm(
    request: Request, ledger: Ledger, address: str | None, earlier: Iterable[int], now: int, known_until: int | None
) -> Message:
    """The confirming mail, to be sent or held back; `earlier`: when this person was asked before."""
    message = Message(
        id=message_id(PLAY, request.person, f"{request.source}/{request.id}"),
        person=request.person,
        play=PLAY,
        mail=Mail.CONFIRMATION,
        cause=request.id,
        cause_at=request.at,
        at=now,
        purpose=Purpose.SERVICE,
    )
    reason = _against(request, ledger, address, earlier, now, known_until)
    if reason is not None:
        return message.held_back(reason)
    return msgspec.structs.replace(message, basis=Purpose.SERVICE.value, basis_fact=request.id)


def _against(
    request: Request, ledger: Ledger, address: str | None, earlier: Iterable[int], now: int, known_until: int | None
) -> Reason | None:
    if now - request.at > CONFIRM_WITHIN:
        return Reason.TOO_OLD
    if address is None:
        return Reason.NO_ADDRESS
    if objected_since(request, ledger, known_until):
        return Reason.OBJECTED
    if all(isinstance(basis(ledger, each, known_until), Basis) for each in _asked(request, address)):
        return Reason.DUPLICATE
    return Reason.DUPLICATE if any(now - at < NOT_AGAIN_WITHIN for at in earlier) else None


def objected_since(request: Request, ledger: Ledger, known_until: int | None) -> bool:
    """Whether the newest that was said about any of it is an objection that is not older than the request."""
    newest = (newest_about(ledger, each, known_until) for each in _asked(request, None))
    return any(each is not None and each.kind is Kind.OBJECTION and each.at >= request.at for each in newest)


def _asked(request: Request, address: str | None) -> list[Asked]:
    found = []
    for word in request.purposes:
        about = permitted_purpose(word)
        topic = None if about is None or isinstance(about, Purpose) else about
        found.append(Asked(channel=Channel.EMAIL, purpose=Purpose.MARKETING, topic=topic, address=address))
    return found


def confirmed(request: Request, message: str, address: str, now: int, ip: str | None, source: str) -> list[Statement]:
    """The consents that a confirmation gives, one for each purpose, with the whole proof."""
    proof = {
        "wording": request.wording,
        "version": request.version,
        "form": request.form,
        "requested_at": instants.text(request.at),
        "requested_ip": request.ip,
        "confirmed_at": instants.text(now),
        "confirmed_ip": ip,
        "email": address,
        "message": message,
    }
    return [
        Statement(
            kind=Kind.CONSENT,
            at=now,
            id=derived_id("contact.consented", message, purpose),
            source=source,
            channel=Channel.EMAIL,
            purpose=purpose,
            basis="double_opt_in",
            proof=proof,
        )
        for purpose in request.purposes
    ]
