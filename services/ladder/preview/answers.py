"""The lines that a preview answers with."""

from msgspec import Struct, field


class Progress(Struct, kw_only=True):
    """How many people have been told anew, of how many."""

    people: int
    of: int


class Move(Struct, kw_only=True):
    """How many people stand on `from` and would stand on `to`; those who stay are among them."""

    from_: str = field(name="from")
    to: str
    people: int


class Result(Struct, kw_only=True):
    """What would be otherwise: rungs and stages from-to, and how much would have been announced, by type."""

    as_of: str
    version: int
    people: int
    moved: int
    """Those whose rung or stage would be another."""
    rungs: list[Move]
    stages: list[Move]
    announcements: dict[str, int]


class Line(Struct, kw_only=True, omit_defaults=True):
    """One line of the answer: some with the progress, the last one with the result."""

    progress: Progress | None = None
    result: Result | None = None
