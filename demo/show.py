"""The demo from beginning to end: start, load, look, check."""

import time
from contextlib import suppress
from typing import Final

from demo import life, mail, picture, story
from demo.answers import Answer, Questions
from demo.history import History, history, write
from demo.paper import Paper
from demo.promises import Evidence, broken
from demo.system import DemoError, System, running

VOUCHER_STEP: Final = 2
"""Of the win-back: first comes a word, a fortnight later the voucher."""


def show(paper: Paper, *, keep: bool) -> None:
    """Show everything; `keep` leaves the system serving until it is interrupted.

    Raises DemoError when something was not as promised.
    """
    began = time.monotonic()
    past = history()
    _introduce(paper, past)
    with running() as system:
        _load(paper, system, past)
        with Questions(system.url) as questions:
            seen = _look(questions, system)
            _report(paper, questions, past, seen)
        _conclude(paper, past, seen, time.monotonic() - began)
        if keep:
            _serve(paper, system)


def _introduce(paper: Paper, past: History) -> None:
    paper.heading("A real shop's purchases, and a few invented people")
    paper.paragraph(
        f"Real: {past.purchases:,} orders of {past.real_people:,} people in the eighteen months from January 1997, from"
        " the music shop CDNOW (the sample of Fader and Hardie). Nothing but date and amount is known of them."
    )
    paper.paragraph(
        f"Invented: {len(past.lives)} people whose ids begin with {story.PREFIX}, and of every tenth real person a"
        " name, an address under invented.example and a consent, so that mail can be shown. It goes into a folder,"
        " to nobody."
    )


def _load(paper: Paper, system: System, past: History) -> None:
    paper.heading(f"The whole system runs at {system.url}, embedded log and database; loading over HTTP")
    for day, ending, happenings in past.chapters():
        paper.line(f"  up to {day}: {ending}")
        file = system.folder / f"up-to-{day}.csv"
        write(file, happenings)
        system.load(file)
        system.settle("ladder")
    system.settle("ladder", "notifier")


def _look(questions: Questions, system: System) -> Evidence:
    messages = questions.messages()
    win_back = next((each for each in messages if _named(each) == (story.WON_BACK, "win_back", VOUCHER_STEP)), None)
    if win_back is None or win_back["state"] != "sent":
        raise DemoError(f"{story.WON_BACK} was sent no voucher")
    return Evidence(
        picture=questions.picture(),
        announcements=questions.announcements(),
        messages=messages,
        letters=system.letters,
        mail=mail.letter(system.maildir, win_back),
    )


def _named(message: Answer) -> tuple[str, str, int]:
    return message["customer"], message["play"], message.get("step", 0)


def _report(paper: Paper, questions: Questions, past: History, seen: Evidence) -> None:
    picture.draw(paper, seen.picture)
    for person, remark in ((story.TOP, "invented"), (life.most_eventful(seen.announcements), "real")):
        paper.heading(f"The life of {person} ({remark})")
        life.tell(paper, past, person, questions.history(person))
        paper.line()
        life.explain(paper, questions.standing(person))
    paper.heading(f"Mail: {len(seen.messages):,} decisions to write, {seen.letters:,} letters in the Maildir")
    mail.count(paper, seen.messages)
    paper.heading(f"One of them, to {story.WON_BACK} (invented), who had not ordered for nearly eight months")
    mail.show(paper, seen.mail)


def _conclude(paper: Paper, past: History, seen: Evidence, seconds: float) -> None:
    if failures := broken(past, seen):
        raise DemoError("not as promised: " + "; ".join(failures))
    paper.heading(f"As promised: {seconds:.0f} seconds, nothing lost, nothing doubled, all seven rungs occupied")


def _serve(paper: Paper, system: System) -> None:
    paper.line()
    paper.line(f"  Still serving at {system.url}; Ctrl-C ends it. Ask it, for example:")
    for path in ("/v1/ladder", f"/v1/customers/{story.TOP}", f"/v1/messages?customer={story.TOP}", "/readyz"):
        paper.line(f"    curl -s '{system.url}{path}'")
    paper.line(f"  Mail lies in {system.maildir}, its links work.")
    with suppress(KeyboardInterrupt):
        system.wait()
