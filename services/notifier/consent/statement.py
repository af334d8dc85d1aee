"""What a person said: a consent or an objection, as the shop or the person told it. Pure."""

from enum import StrEnum
from typing import Any

import msgspec

from services.notifier.consent.words import tidied


class Kind(StrEnum):
    """What a person said."""

    CONSENT = "consent"
    OBJECTION = "objection"


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A consent or an objection, in the shop's words; `proof` is JSON. `at` is an instant.

    An objection without channel or purpose is about all of them. A consent is for no more than it says: see `grant`.
    """

    kind: Kind
    at: int
    id: str
    source: str
    channel: str | None = None
    purpose: str | None = None
    basis: str | None = None
    proof: Any = None

    @property
    def order(self) -> tuple[int, str, str]:
        """Of several the greatest is the newest, in whatever order they came."""
        return self.at, self.id, self.source

    @property
    def named_basis(self) -> str | None:
        """The basis in tidy words, such as `double_opt_in`."""
        return None if self.basis is None else tidied(self.basis)
