"""The pieces of content that a process has at hand, for decisions and for writing mail."""

from collections.abc import Mapping, Sequence

from services.notifier.content.piece import Piece, Reader, suiting


class Shelf:
    """What the library has put here; `on`: whether the shop has named a folder or a feed at all."""

    def __init__(self, *, on: bool = False, language: str = "de") -> None:
        self.on = on
        self.language = language
        """Of readers whose language is not known."""
        self._offered: Sequence[Piece] = ()
        self._known: Mapping[str, Piece] = {}

    def put(self, offered: Sequence[Piece], known: Mapping[str, Piece]) -> None:
        """Have these: `offered` may be chosen, `known` by key are those that messages may still bring."""
        self._offered, self._known = offered, known

    def choose(self, reader: Reader, now: int) -> Piece | None:
        """The newest piece that suits the reader; None: there is none."""
        return suiting(self._offered, reader, now)

    def find(self, key: str) -> Piece | None:
        """The piece with this key."""
        return self._known.get(key)
