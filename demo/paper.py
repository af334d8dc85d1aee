"""Where the demo writes: plain text for 100 columns, with colours where somebody watches."""

import os
import textwrap
from typing import Final, Literal, TextIO

WIDTH: Final = 100

Colour = Literal["bold", "dim", "red", "green", "yellow", "blue", "cyan"]

_CODES: Final[dict[Colour, int]] = {
    "bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "blue": 34, "cyan": 36,
}  # fmt: skip
_EIGHTHS: Final = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


class Paper:
    """Writes lines to a terminal or a file."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._coloured = out.isatty() and "NO_COLOR" not in os.environ

    def heading(self, text: str) -> None:
        """Begin a section."""
        self.line()
        self.line(self.ink("bold", f"── {text} ".ljust(WIDTH, "─")))

    def line(self, text: str = "") -> None:
        """Write a line as it is."""
        self._out.write(f"{text.rstrip()}\n")
        self._out.flush()

    def paragraph(self, text: str, *, indent: str = "  ", hanging: str = "  ") -> None:
        """Write text broken into lines, the first behind `indent`, the others behind `hanging`."""
        for line in wrapped(text, indent=indent, hanging=hanging):
            self.line(line)

    def ink(self, colour: Colour, text: str) -> str:
        """The text in this colour, where there are colours."""
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self._coloured else text


def wrapped(text: str, *, indent: str = "", hanging: str = "", width: int = WIDTH) -> list[str]:
    """The text in lines that fit; what is longer than a line, such as a link, stays whole."""
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )


def bar(part: int, whole: int, width: int) -> str:
    """A bar as long as the part is of the whole; what is there at all is seen."""
    eighths = round(width * 8 * part / whole) if whole else 0
    full, rest = divmod(max(eighths, 1 if part else 0), 8)
    return "█" * full + _EIGHTHS[rest]
