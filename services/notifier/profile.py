"""What the notifier knows of a person from the profile, and whether mail can be addressed to it."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from shared.events import Profile

_SPACE: Final = re.compile(r"[\s\x00-\x1f\x7f]+")
_LOCAL: Final = re.compile(r"[^\s\x00-\x1f\x7f@<>()\[\],;:\\\"]{1,64}")
_DIGIT: Final = re.compile(r"[0-9]")
_LEAST_DIGITS: Final = 5
_LONGEST_NUMBER: Final = 50
_DOMAIN: Final = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")


class KnownProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A profile as it was told at an instant by a fact."""

    at: int
    id: str
    source: str
    profile: Profile


def newest_profile(profiles: Sequence[KnownProfile], known_until: int | None) -> Profile:
    """The one that counts, by (at, id, source), or an empty one; `known_until` leaves out what was told later."""
    found = newest_known(profiles, known_until)
    return found.profile if found else Profile()


def newest_known(profiles: Sequence[KnownProfile], known_until: int | None) -> KnownProfile | None:
    """The one that counts with when it was told; None: nothing was."""
    known = [each for each in profiles if known_until is None or each.at <= known_until]
    return max(known, key=lambda each: (each.at, each.id, each.source), default=None)


def address(profile: Profile) -> str | None:
    """The e-mail address with its domain as the DNS knows it; None when there is none that mail can be sent to."""
    local, at, domain = (profile.email or "").strip().rpartition("@")
    try:
        host = domain.lower().encode("idna").decode("ascii")
    except UnicodeError:
        return None
    if not at or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(host):
        return None
    return f"{local}@{host}"


def name(profile: Profile) -> str:
    """The name on one line, without what could break a header, cut where no name is; "" when there is none."""
    return _SPACE.sub(" ", profile.name or "").strip()[:100]


def addressee(profile: Profile) -> str:
    """Whom a greeting names: form of address and name; "" for nobody."""
    called = name(profile)
    form = _SPACE.sub(" ", profile.salutation or "").strip()[:50]
    return f"{form} {called}".strip() if called else ""


def language(profile: Profile, default: str) -> str:
    """`de` or `en`; whoever speaks another language gets English, whoever's is not known the shop's default."""
    if not profile.language:
        return default
    return "de" if re.match(r"de\b", profile.language.strip().lower()) else "en"


def phone(profile: Profile) -> str | None:
    """The telephone number as it was told; None when there is none that can be dialled."""
    number = _SPACE.sub(" ", profile.phone or "").strip()
    return number if len(_DIGIT.findall(number)) >= _LEAST_DIGITS and len(number) <= _LONGEST_NUMBER else None


def push_token(profile: Profile) -> str | None:
    """What the shop's app is known by to whoever pushes to it; None when there is none."""
    return _SPACE.sub("", profile.push_token or "") or None


def postal(profile: Profile) -> str | None:
    """The postal address, line by line, as it was told; None when there is none that a letter could find."""
    told = profile.address
    lines = told.splitlines() if isinstance(told, str) else [str(each) for each in (told or {}).values() if _says(each)]
    tidy = [tidied for line in lines if (tidied := _SPACE.sub(" ", line).strip())]
    return "\n".join(tidy) or None


def _says(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
