"""The answers about versions of the rules."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

State = Literal["draft", "coming", "in_force", "former"]


class Mode(StrEnum):
    """Whether the activation of a version announces what it changes."""

    EMIT = "emit"
    SILENT = "silent"


class RulesVersion(Struct, kw_only=True):
    """A version of the rules; `coming`: the lanes are going over to it."""

    version: int
    state: State
    digest: Annotated[str, Meta(description="Of everything that changes a standing.")]
    put_at: str
    put_by: str
    activated_at: str | None
    mode: Mode | None


class RulesText(RulesVersion, kw_only=True):
    """The same with its rules."""

    rules: dict[str, Any]
    toml: str


class GoingOver(Struct, kw_only=True):
    """An activation under way: how many people of how many have been decided anew, and how many lanes are through."""

    to: int
    mode: Mode
    people: int
    of: int
    lanes_done: int
    lanes: int


class RulesAnswer(Struct, kw_only=True):
    """The rules in force as data, and all versions; `digest` is of everything that changes a standing."""

    version: int
    digest: str
    currency: str
    time_zone: str
    rules: dict[str, Any]
    activation: GoingOver | None
    versions: list[RulesVersion]
