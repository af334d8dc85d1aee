"""A person as they were before a window, from what is kept of them now. Pure.

Messages, consents, orders and perks say when they were. What is kept as it is now only - profiles by the wall clock,
places in series, standings - is led back as far as the rest tells it; docs/preview.md names what stays unknown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final, NamedTuple

from msgspec import structs

from services.notifier.consent.sales import Purchase
from services.notifier.plays.book import Book
from services.notifier.plays.groups import GROUP
from services.notifier.plays.moments import ANNIVERSARY, BIRTHDAY, CONTENT, GROUP_ENDING, GROUP_JOINED, REFERRED
from services.notifier.plays.person import Heard, Person, Run
from services.notifier.plays.yearly import Mark
from services.notifier.preview.series import run_before
from services.notifier.preview.window import Window
from services.notifier.profile import KnownProfile
from shared.events import Announcement, PhaseChange, PhaseName, ReferralConverted, RungDemoted, RungPromoted, Standing

_MARKS: Final = {
    BIRTHDAY: BIRTHDAY,
    ANNIVERSARY: ANNIVERSARY,
    GROUP_JOINED: GROUP,
    GROUP_ENDING: GROUP,
    CONTENT: CONTENT,
}
"""What plays may begin with that is looked at by a mark, and the mark's kind."""


def has_marks(book: Book) -> bool:
    """Whether a play begins with something that only looking tells."""
    return any(name in _MARKS for play in book.play for name in play.on)


class Then(NamedTuple):
    """A person as they are, and the rungs whose perk they had before a window."""

    person: Person
    perks: frozenset[int]


@dataclass(frozen=True, slots=True)
class Told:
    """What a window brought a person; `stood`: where they stood before, if an older announcement says so."""

    cues: list[Announcement]
    facts: list[Heard]
    stood: Standing | None = None

    @property
    def friends(self) -> set[str]:
        """Who became buyers because the person had referred them."""
        return {cue.data.to for cue in self.cues if isinstance(cue, ReferralConverted)}


@dataclass(frozen=True, slots=True)
class Rewinding:
    """Leads people back to the beginning of this window.

    `in_force` is the book by which they came to be where they are, `draft` the one that is tried out.
    """

    window: Window
    in_force: Book
    draft: Book
    by_facts: bool

    def before(self, then: Then, told: Told) -> Person:
        """The person, with what the window brings still to be decided on."""
        now = then.person
        messages = {each.id: each for each in now.messages.values() if each.at < self.window.since}
        person = replace(
            now,
            profiles=now.profiles if self.by_facts else self._profiles(now),
            messages=messages,
            perks=then.perks,
            runs={},
            heard=self._heard(now.heard, told.facts),
            standing=told.stood or standing_before(now.standing, told.cues),
            marks=self._marks(now),
        )
        return replace(person, runs=self._runs(now, person))

    def _profiles(self, now: Person) -> tuple[KnownProfile, ...]:
        """By the wall clock the newest only is kept. Who was known before is taken to have had it all along.

        But its groups count from when it was told: that is what is new about a proof.
        """
        since = self.window.since
        times = chain(
            (each.at for each in now.ledger.statements),
            (each.at for each in now.ledger.sales),
            (each.at for each in now.messages.values()),
        )
        if not any(at < since for at in times):
            return now.profiles
        told = (each for each in now.profiles if each.at >= since)
        before = (
            structs.replace(each, at=since - 1, profile=structs.replace(each.profile, groups=None)) for each in told
        )
        return (*now.profiles, *before)

    def _heard(self, kept: Iterable[Heard], told: Iterable[Heard]) -> tuple[Heard, ...]:
        """What the log still has counts as the draft reads it; of the rest it is known what it started then."""
        heard: dict[tuple[str, str], Heard] = {}
        for each in kept:
            before = each.at < self.window.since
            if before or (each.type != REFERRED and self.window.has(each.at)):
                heard[each.source, each.id] = each._replace(open=not before)
        for each in told:
            heard[each.source, each.id] = each._replace(open=True)
        return tuple(heard.values())

    def _marks(self, now: Person) -> dict[str, Mark]:
        """To be looked at from the beginning: then the next one is reckoned by what was known."""
        since = self.window.since
        kinds = _MARKS.keys() & {name for play in self.draft.play for name in play.on}
        marks = {kind: Mark(kind, since, due_at=since) for kind in sorted({_MARKS[each] for each in kinds} - {CONTENT})}
        bought = [each.at for each in now.ledger.sales if isinstance(each, Purchase)]
        if CONTENT in kinds and bought:
            first = max(min(bought), since)
            marks[CONTENT] = Mark(CONTENT, first, due_at=first)
        return marks

    def _runs(self, now: Person, before: Person) -> dict[tuple[str, str], Run]:
        found = (run_before(run, now, before, self.in_force, self.window.since) for run in now.runs.values())
        return {run.key: run for run in found if run is not None}


def standing_before(now: Standing | None, cues: Sequence[Announcement]) -> Standing | None:
    """Where somebody stood before these announcements: the first of each kind says from what it was a change.

    None: they were not known before.
    """
    if not cues:
        return now
    rungs = [cue.data.from_ for cue in cues if isinstance(cue, RungPromoted | RungDemoted)]
    phases = [cue.data.from_ for cue in cues if isinstance(cue.data, PhaseChange)]
    if None in (*rungs[:1], *phases[:1]):
        return None
    first = cues[0].data.standing
    rung = next((each for each in rungs if each is not None), first.rung)
    phase = next((each for each in phases if each is not None), PhaseName(phase=first.phase, stage=first.stage))
    return Standing(rung=rung, phase=phase.phase, stage=phase.stage)
