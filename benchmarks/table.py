"""Tables for the terminal, in a form that Markdown takes too."""

from collections.abc import Iterable, Sequence


def print_table(title: str, header: Sequence[object], rows: Iterable[Sequence[object]]) -> None:
    """Print rows below a header, columns aligned."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    print(f"\n{title}\n\n" + "\n".join(lines), flush=True)
