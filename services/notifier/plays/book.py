"""The book of plays as data: what `plays.toml` may say. How it is read and checked is in `reading`."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from services.notifier.experiments.trial import Aim, Share, Trial
from services.notifier.message import WAYS, Channel, Message, Purpose, Way
from services.notifier.plays import moments
from shared.instants import DAY, HOUR

Key = Annotated[str, Meta(pattern="^[a-z0-9_]{1,60}$")]
Days = Annotated[int, Meta(ge=1, le=3_650)]
Rung = Annotated[int, Meta(ge=1, le=7)]
Named = Annotated[str, Meta(min_length=1, max_length=200)]
Stage = Annotated[str, Meta(pattern="^(lead|qualification|closing|retention|growth|degeneration|win_back|lost)$")]
Phase = Annotated[str, Meta(pattern="^(initiation|active|passive)$")]
ByStaff = Literal["phone", "post"]
"""Where a task may end: a call or a letter."""
ByPreference = Literal["by_preference"]
"""By whichever channel the person would rather be written to, of those for which there are texts."""


class _Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


# -- what starts a play ------------------------------------------------------------------------------------------


class Bounds(_Data, frozen=True, kw_only=True):
    """A number from `min` to `max`, both included, or anything but `none_of`; null counts as 0, and so does false."""

    min: int | None = None
    max: int | None = None
    none_of: list[str | int] = []


def plain(text: str) -> str:
    """A text without what makes no difference between two spellings."""
    return text.strip().casefold()


Test = Bounds | list[str | int]
"""What a member of the data must be: within bounds, or one of these (texts whatever their case)."""


class Audience(_Data, frozen=True, kw_only=True):
    """For whom a play is; what is left out does not matter. Asked again at every step of a series."""

    rungs: tuple[Rung, ...] = ()
    phases: tuple[Phase, ...] = ()
    stages: tuple[Stage, ...] = ()
    groups: tuple[Named, ...] = ()
    """In the person's profile, and not run out."""


class Again(_Data, frozen=True, kw_only=True):
    """Whether somebody comes into a play again: `days` at the earliest after the last time, or never (`once`).

    `per_rung`: each rung counts for itself. Without either: once for every cause. `one_at_a_time`: not while they are
    in it, and nothing is said of that.
    """

    days: Days | None = None
    once: bool = False
    per_rung: bool = False
    one_at_a_time: bool = False


# -- what is done, step by step ----------------------------------------------------------------------------------


class Wait(_Data, frozen=True, kw_only=True, tag_field="do", tag="wait"):
    """Go on so many days and hours later."""

    days: Annotated[int, Meta(ge=0, le=3_650)] = 0
    hours: Annotated[int, Meta(ge=0, le=8_760)] = 0

    @property
    def span(self) -> int:
        """µs."""
        return self.days * DAY + self.hours * HOUR


class WaitForEnd(_Data, frozen=True, kw_only=True, tag_field="do", tag="wait_for_end"):
    """Go on so many days before the membership ends that began; one without an end is not waited for."""

    days_before: Annotated[int, Meta(ge=0, le=365)] = 0


class Send(_Data, frozen=True, kw_only=True, tag_field="do", tag="send"):
    """A message by these templates, perhaps with an offer. `purpose` where it is not the play's.

    `channels`: by mail, or by the first of these that is there, at which the person can be reached and which they have
    permitted; the one that they asked for goes before the others, if it is among them.
    `only`: whom it is for; the others go on without it. `or_service`: without a basis for advertising it goes as
    service, and without the offer.
    """

    mail: Key
    offer: Key | None = None
    purpose: Purpose | None = None
    only: Audience = Audience()
    or_service: bool = False
    referral_code: bool = False
    """Whether the mail shows the person's own code for referrals."""
    channels: Annotated[tuple[Channel, ...], Meta(min_length=1)] | ByPreference = (Channel.EMAIL,)

    @property
    def channel(self) -> Channel:
        """The first choice."""
        return self.channels[0] if isinstance(self.channels, tuple) else Channel.EMAIL

    @property
    def way(self) -> Way:
        """Who carries it by that."""
        return WAYS[self.channel]


class Task(_Data, frozen=True, kw_only=True, tag_field="do", tag="task"):
    """Something for staff to do, told by the templates of this name; see docs/tasks.md.

    `channel`: where it ends, or several in the order of preference, of which the first that the person's consents
    permit is taken; without one it is done in the house. `due_days`: by when it should be done, `expires_days`: when
    it is not worth doing any more.
    """

    task: Key
    channel: ByStaff | tuple[ByStaff, ...] = ()
    purpose: Purpose | None = None
    only: Audience = Audience()
    due_days: Days = 7
    expires_days: Days = 30
    way = Way.TASK
    offer = None

    def __post_init__(self) -> None:
        if self.expires_days < self.due_days:
            raise ValueError("a task is not worth doing before it is due: expires_days >= due_days")

    @property
    def channels(self) -> tuple[Channel, ...]:
        """From the first to the last choice."""
        names = self.channel if isinstance(self.channel, tuple) else (self.channel,)
        return tuple(Channel(each) for each in names)

    @property
    def mail(self) -> str:
        """The name of its templates."""
        return self.task


class WaitForNeglect(_Data, frozen=True, kw_only=True, tag_field="do", tag="wait_for_neglect"):
    """Go on once so many days have gone by without an appreciation, counted from the cause at the earliest."""

    days: Days

    @property
    def span(self) -> int:
        """µs."""
        return self.days * DAY


class Perks(_Data, frozen=True, kw_only=True, tag_field="do", tag="perks"):
    """Grant every perk up to the rung that was reached, and tell. What is lost by falling is taken back and told."""


class Rest(_Data, frozen=True, kw_only=True, tag_field="do", tag="rest"):
    """No marketing of any play until what cancels this one."""


class Stop(_Data, frozen=True, kw_only=True, tag_field="do", tag="stop"):
    """The series ends."""


class Repeat(_Data, frozen=True, kw_only=True, tag_field="do", tag="repeat"):
    """From the first step again, as another round."""


Told = Send | Task
"""Steps that make a message."""
Step = Wait | WaitForEnd | WaitForNeglect | Send | Task | Perks | Rest | Stop | Repeat


class Play(_Data, frozen=True, kw_only=True):
    """One play. `on`: what starts it, `where`: what that must say, `cancel`: what ends it and drops what is unsent."""

    id: Key
    on: Annotated[tuple[Named, ...], Meta(min_length=1)]
    where: Mapping[str, Test] = {}
    audience: Audience = Audience()
    purpose: Purpose = Purpose.MARKETING
    again: Again = Again()
    priority: Annotated[int, Meta(ge=0, le=100)] = 50
    """Of several that want one slot the greatest goes first."""
    max_age_days: Days
    """News older than this are no news, and a step that comes later than this is not taken."""
    cancel: tuple[Named, ...] = ()
    every_days: Days | None = None
    """The rhythm of content."""
    trial: Trial | None = None
    """Whether and how it is tried out what it brings."""
    appreciation: bool = False
    """Whether what it sends says that the person is valued."""
    step: Annotated[tuple[Step, ...], Meta(min_length=1)]

    @property
    def max_age(self) -> int:
        """µs."""
        return self.max_age_days * DAY

    def heeds(self, fact: str) -> bool:
        """Whether a fact of this type may start it."""
        return fact in self.on or (fact == moments.STARTED and not moments.MEMBERSHIPS.isdisjoint(self.on))


# -- what is given -----------------------------------------------------------------------------------------------


class Perk(_Data, frozen=True, kw_only=True):
    """What a rung brings, and how it is called."""

    rung: Rung
    key: Key
    de: Named
    en: Named


class GroupName(_Data, frozen=True, kw_only=True):
    """How a group of the profile, `name`, is called in mail."""

    name: Named
    de: Named
    en: Named


class Book(_Data, frozen=True, kw_only=True):
    """All plays and perks. `control`: the share of all persons that gets no advertising at all."""

    version: int
    control: Share = 0.0
    whole: Aim | None = None
    """What all advertising is to reach, compared with the control group."""
    renewal_grace_days: Days = 30
    """So long after its end a membership that starts is a renewal."""
    group_notice_days: Days = 30
    """So long before a group's proof ends a new one is asked for."""
    group: tuple[GroupName, ...] = ()
    play: tuple[Play, ...] = ()
    perk: tuple[Perk, ...] = ()

    def find(self, play: str) -> Play | None:
        """The play of this id."""
        return next((each for each in self.play if each.id == play), None)

    def may_be_service(self, message: Message) -> bool:
        """Whether its step lets this message go as service, rather than not at all."""
        play = self.find(message.play)
        step = play.step[message.step] if play and message.step < len(play.step) else None
        return isinstance(step, Send) and step.or_service

    def shows_code(self, message: Message) -> bool:
        """Whether this message shows the person's own code for referrals."""
        play = self.find(message.play)
        sends = (step for step in (play.step if play else ()) if isinstance(step, Send))
        return any(step.mail == message.mail and step.referral_code for step in sends)

    def priority(self, play: str) -> int:
        """How much a message of this play matters, compared with others; a play of no book is in the middle."""
        found = self.find(play)
        return 50 if found is None else found.priority

    def perk_on(self, rung: int) -> Perk | None:
        """The perk of this rung."""
        return next((each for each in self.perk if each.rung == rung), None)

    def called(self, group: str, language: str) -> str:
        """How a group of the profile is called in mail: as it was told, if the book does not say."""
        same = (each for each in self.group if plain(each.name) == plain(group))
        found = next(same, None)
        return group if found is None else str(getattr(found, language))

    @property
    def trials(self) -> dict[str, Trial]:
        """The trials by play."""
        return {play.id: play.trial for play in self.play if play.trial is not None}

    @property
    def offers(self) -> list[tuple[str, str]]:
        """The offers that plays give, (play, offer) each."""
        return [
            (play.id, step.offer)
            for play in self.play
            for step in play.step
            if isinstance(step, Send) and step.offer is not None
        ]

    @property
    def has_rhythm(self) -> bool:
        """Whether a play brings content."""
        return any(moments.CONTENT in play.on for play in self.play)

    @property
    def heeded(self) -> frozenset[str]:
        """The types of announcements and facts that start or cancel a play, or tell whether it may start."""
        named = {name for play in self.play for name in (*play.on, *play.cancel)}
        memberships = {moments.STARTED, moments.ENDED} if {moments.JOINED, moments.RENEWED} & named else set[str]()
        complaints = {moments.COMPLAINED, moments.SERVED} if moments.CONTENT in named else set[str]()
        return frozenset(named - moments.SAID.keys() | memberships | complaints)
