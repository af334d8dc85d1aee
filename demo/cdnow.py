"""CDNOW's log of purchases (the sample: 6,919 orders of 2,357 people, 1997 and 1998) as facts.

The file lies inside the `Lifetimes` wheel, which is fetched once, unpacked under `build/` and never installed.
Source: Fader and Hardie, https://www.brucehardie.com/datasets/.
"""

import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from shared import instants
from shared.events import Purchase, PurchaseCompleted

SAMPLE: Final = Path(__file__).parent.parent / "build" / "cdnow" / "CDNOW_sample.txt"
SOURCE: Final = "cdnow"
_MEMBER: Final = "lifetimes/datasets/CDNOW_sample.txt"


def cdnow_purchases(sample: Path = SAMPLE) -> list[PurchaseCompleted]:
    """Every row as an order, in the order of (time, id).

    The log knows days only, and often several rows of a person on one: the n-th row of a person's day is the order
    `<person>-<date>-<n>` at n seconds after that day's midnight UTC. Amounts are dollars taken as the shop's euros.
    """
    if not sample.exists():
        fetch(sample)
    return facts_of(sample.read_text("ascii"))


def facts_of(text: str) -> list[PurchaseCompleted]:
    """The purchases of a text with the columns: number in the whole log, number in the sample, date, disks, amount."""
    rows: Counter[tuple[str, str]] = Counter()
    facts: list[PurchaseCompleted] = []
    for line in text.splitlines():
        _, person, date, _, amount = line.split()
        facts.append(_fact(person, date, rows[person, date], amount))
        rows[person, date] += 1
    return sorted(facts, key=lambda fact: (fact.at, fact.id))


def _fact(person: str, date: str, row: int, amount: str) -> PurchaseCompleted:
    midnight = instants.from_datetime(datetime.strptime(date, "%Y%m%d").replace(tzinfo=UTC))
    order = f"{person}-{date}-{row}"
    return PurchaseCompleted(
        id=order,
        source=SOURCE,
        subject=person,
        time=instants.text(midnight + row * instants.SECOND),
        data=Purchase(order_id=order, amount=Decimal(amount), currency="EUR"),
    )


def fetch(sample: Path) -> None:
    """Put the sample there; raises CalledProcessError when pip cannot download the wheel."""
    sample.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=sample.parent) as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            folder,
            "Lifetimes==0.11.3",
        ]
        subprocess.run(command, check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            extracted = Path(archive.extract(_MEMBER, folder))
        extracted.replace(sample)  # whole or not at all, whoever else fetches it at the same time
