"""The history that the demo tells: real purchases, invented addresses and invented lives, as files of the loader."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from demo.cdnow import cdnow_purchases
from demo.happening import Happening, bought, in_order
from demo.invented import addresses
from demo.story import TURNING_POINTS, Life, story


@dataclass(frozen=True)
class History:
    """All that happens."""

    happenings: Sequence[Happening]
    """In the order of (time, id)."""
    lives: Sequence[Life]
    """The invented persons of the story."""
    real_people: int
    purchases: int
    """Of the real people."""

    @cached_property
    def by_id(self) -> Mapping[tuple[str, str], Happening]:
        """Each happening by (source, id), as causes name it."""
        return {(each.source, each.id): each for each in self.happenings}

    def chapters(self) -> Iterator[tuple[str, str, list[Happening]]]:
        """(last day, what it ends with, the happenings) of each part that is loaded in one go."""
        told = 0
        for day, ending in TURNING_POINTS.items():
            chapter = [each for each in self.happenings[told:] if each.time[:10] <= day]
            told += len(chapter)
            yield day, ending, chapter


def history() -> History:
    """The whole history; fetches the log of purchases where it is missing, raises CalledProcessError if it cannot."""
    real = [bought(fact) for fact in cdnow_purchases()]
    lives = story()
    happenings = in_order(real, addresses(real), *(life.happenings for life in lives))
    return History(happenings, lives, len({each.person for each in real}), len(real))


def write(file: Path, happenings: Iterable[Happening]) -> None:
    """Write them as the loader's CSV."""
    rows: list[Mapping[str, str]] = [each.cells for each in happenings]
    columns = dict.fromkeys(name for row in rows for name in row)
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.DictWriter(out, list(columns), restval="")
        table.writeheader()
        table.writerows(rows)
