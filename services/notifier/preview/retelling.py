"""What a window brought, decided anew by the same code that decides for real. No I/O."""

from collections.abc import Mapping
from dataclasses import replace

from services.notifier.experiments.holding import Experiments
from services.notifier.plays.book import Book
from services.notifier.plays.person import Person
from services.notifier.plays.texts import Templates, written
from services.notifier.preview.rewinding import Told
from services.notifier.preview.window import Window
from services.notifier.turn import Manner, Turn


def tried(manner: Manner, draft: Book, texts: Templates) -> Manner:
    """The notifier's manner with this book, and a past that is played: each thing at its own instant."""
    experiments = Experiments(manner.experiments.secret, draft.control, draft.trials, draft.whole)
    carriers = manner.carriers._replace(written=written(draft, texts))
    return replace(
        manner,
        book=draft,
        experiments=experiments,
        carriers=carriers,
        by_facts=True,
        history=False,
        wake=lambda: None,
    )


def retell(lane: int, before: dict[str, Person], told: Mapping[str, Told], manner: Manner, window: Window) -> Turn:
    """All that follows for these persons up to the end of the window; nobody's life depends on another's."""
    turn = Turn(manner, lane, window.until, None)
    persons = dict(before)
    for each in told.values():
        new = {(cue.subject, cue.id) for cue in each.cues if cue.data.historical is not True}
        turn.take(each.cues, new, persons)
    turn.sweep(window.until, persons)
    return turn
