"""Invented addresses and consents for some of the real people, so that mail can be shown.

The shop's log knows nobody's name or address. What is added here follows the person's first order by a minute, so it
moves nobody on the ladder: a consent makes a prospect, and who has bought is a buyer already.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from demo.happening import Happening

SOURCE: Final = "invented"
"""The source of every event that is not real."""
DOMAIN: Final = "invented.example"
"""`.example` is reserved (RFC 2606): no mail can ever reach it."""

SURNAMES: Final = {"de": "Erfunden", "en": "Invented"}
"""By language; both say the same."""
MARKETING: Final = {"channel": "email", "purpose": "marketing"}
"""What is agreed to."""
DOUBLE_OPT_IN: Final = {
    **MARKETING,
    "basis": "double_opt_in",
    "proof.wording": "Yes, write to me (invented)",
    "proof.version": "invented",
    "proof.form": "invented",
}
"""The cells of a consent; when and from where it was asked for and confirmed is added to the proof."""
_IP: Final = "192.0.2.1"
"""Kept for documentation (RFC 5737)."""


_FIRST_NAMES: Final = ("Mia", "Ben", "Lea", "Tom", "Ida", "Max", "Eva", "Jan")


def chosen(person: str) -> bool:
    """Whether this real person is given an address: every tenth is."""
    return person.endswith("0")


def addresses(purchases: Iterable[Happening]) -> Iterator[Happening]:
    """For each chosen person a profile and a consent to marketing by e-mail; `purchases` in the order of time."""
    seen: set[str] = set()
    for purchase in purchases:
        if chosen(purchase.person) and purchase.person not in seen:
            seen.add(purchase.person)
            yield from _reachable(purchase.person, f"{purchase.time[:10]}T00:01:00Z")


def _reachable(person: str, time: str) -> Iterator[Happening]:
    number = int(person)
    language = "de" if number % 20 else "en"
    name = f"{_FIRST_NAMES[number // 10 % len(_FIRST_NAMES)]} {SURNAMES[language]}"
    yield Happening(
        time, f"{person}-profile", person, "contact.identified", SOURCE, profile(name, f"{person}@{DOMAIN}", language)
    )
    yield Happening(time, f"{person}-consent", person, "contact.consented", SOURCE, agreed(time))


def agreed(time: str) -> dict[str, str]:
    """The cells of a consent that was asked for and confirmed at that time."""
    proof = {"requested_at": time, "requested_ip": _IP, "confirmed_at": time, "confirmed_ip": _IP}
    return {**DOUBLE_OPT_IN, **{f"proof.{name}": value for name, value in proof.items()}}


def profile(name: str, email: str, language: str) -> dict[str, str]:
    """The cells of a profile."""
    return {"profile.name": name, "profile.email": email, "profile.language": language}
