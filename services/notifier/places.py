"""Where something is kept: its lane, and its key in that lane."""

from collections.abc import Iterable

Place = tuple[int, str]
"""The key of what is kept: a person with their lane, or a message with its lane."""


def columns(places: Iterable[Place]) -> tuple[list[int], list[str]]:
    """Each place once, its parts as arrays."""
    once = dict.fromkeys(places)
    return [lane for lane, _ in once], [key for _, key in once]
