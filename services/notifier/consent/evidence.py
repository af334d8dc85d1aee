"""What a consent must bring to be relied on, and what of it is missing. Pure.

Who advertises must be able to show the consent (article 7 (1) GDPR). What was shown to the person, what they did and
when is therefore read here member by member; a proof in which something is missing is none.
"""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any, Final

import msgspec

from services.notifier.consent.statement import Statement
from shared import instants


class DoubleOptIn(msgspec.Struct, frozen=True, kw_only=True):
    """A request, and its confirmation by whoever reads that mailbox (BGH, 10 February 2011, I ZR 164/09).

    Instants in µs. `address` is the confirmed one, where the proof names it.
    """

    wording: str
    version: str
    form: str
    requested_at: int
    requested_ip: str
    confirmed_at: int
    confirmed_ip: str
    address: str | None = None


class Express(msgspec.Struct, frozen=True, kw_only=True):
    """An express consent, documented in an appropriate form (section 7a (1) UWG)."""

    wording: str
    form: str
    number: str | None = None


class ExistingCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """What the shop must tell of section 7 (3) UWG: the sale that gave the address, and the notice given then.

    `address` is the one that came with the sale, where the proof names it; `categories` are those of the goods sold,
    where the order itself does not tell them.
    """

    order_id: str
    notice: str
    address: str | None = None
    categories: tuple[str, ...] = ()


Evidence = DoubleOptIn | Express | ExistingCustomer


class Incomplete(msgspec.Struct, frozen=True):
    """A proof that proves nothing, with the members that are missing or wrong."""

    missing: tuple[str, ...]


_DOUBLE_OPT_IN: Final = ("wording", "version", "form")
_SAID: Final = ("requested", "confirmed")


def double_opt_in(statement: Statement) -> DoubleOptIn | Incomplete:
    """The complete evidence of a double opt-in, whoever ran it."""
    proof = _members(statement)
    texts = {name: text(proof.get(name)) for name in _DOUBLE_OPT_IN}
    times = {f"{each}_at": _instant(proof.get(f"{each}_at")) for each in _SAID}
    ips = {f"{each}_ip": _ip(proof.get(f"{each}_ip")) for each in _SAID}
    missing = [name for name, value in {**texts, **times, **ips}.items() if value is None]
    requested, confirmed = times["requested_at"], times["confirmed_at"]
    if requested is not None and confirmed is not None and confirmed < requested:
        missing.append("confirmed_at")
    if missing:
        return Incomplete(tuple(missing))
    return msgspec.convert(
        {**texts, **times, **ips, "address": text(proof.get("email")) or text(proof.get("address"))}, DoubleOptIn
    )


def express(statement: Statement) -> Express | Incomplete:
    """The evidence of an express consent: its wording, and the form in which it was given."""
    proof = _members(statement)
    wording, form = text(proof.get("wording")), text(proof.get("form"))
    if wording is None or form is None:
        missing = {"wording": wording, "form": form}
        return Incomplete(tuple(name for name, value in missing.items() if value is None))
    return Express(wording=wording, form=form, number=text(proof.get("phone")))


def existing_customer(statement: Statement) -> ExistingCustomer | Incomplete:
    """The order and the notice at collection; whether the order stands is for the ledger to say."""
    proof = _members(statement)
    order, notice = text(proof.get("order_id")), _notice(proof.get("notice"))
    if order is None or notice is None:
        missing = {"order_id": order, "notice": notice}
        return Incomplete(tuple(name for name, value in missing.items() if value is None))
    return ExistingCustomer(
        order_id=order, notice=notice, address=text(proof.get("email")), categories=_texts(proof.get("categories"))
    )


def _members(statement: Statement) -> Mapping[str, Any]:
    """The proof's members; `{"requested": {"at", "ip"}}` says the same as `requested_at` and `requested_ip`."""
    if not isinstance(statement.proof, Mapping):
        return {}
    members = dict(statement.proof)
    for said in _SAID:
        if isinstance(nested := members.get(said), Mapping):
            members.update({f"{said}_{name}": value for name, value in nested.items()})
    return members


def text(value: object) -> str | None:
    """A text that says something, or a number as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() or None if isinstance(value, str) else None


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    return tuple(found for each in value if (found := text(each)) is not None)


def _notice(value: object) -> str | None:
    """The wording of the notice, alone or as the member `wording` of an object."""
    return text(value.get("wording")) if isinstance(value, Mapping) else text(value)


def _instant(value: object) -> int | None:
    try:
        return instants.parse(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _ip(value: object) -> str | None:
    try:
        return str(ip_address(value.strip())) if isinstance(value, str) else None
    except ValueError:
        return None
