"""Phases and stages: what follows from purchases, silence, complaints and growth at an instant."""

from services.ladder.core.rules import Rules
from services.ladder.core.standing import FOREVER, Because, Phase, Stage, Standing, newest


def settle(standing: Standing, rules: Rules, at: int) -> None:
    """Sets phase, stage and risk to what they are at `at`; `at` is the newest fact's instant or a deadline."""
    active = standing.purchases > 0 and standing.passive_because is None
    if active and at >= standing.silence_at:
        standing.passive_because = Because.SILENCE
        active = False
    standing.at_risk = active and at >= standing.risk_at
    stage = _active(standing, at) if active else _not_active(standing, rules, at)
    if stage is not standing.stage:
        standing.stage = stage
        standing.phase_since = at


def _active(standing: Standing, at: int) -> Stage:
    if standing.at_risk or (standing.complaints and complaining(standing, at)):
        return Stage.DEGENERATION
    if at < standing.growth_by_rung_until or at < standing.growth_by_pace_until:
        return Stage.GROWTH
    return Stage.RETENTION


def _not_active(standing: Standing, rules: Rules, at: int) -> Stage:
    if standing.purchases:
        return _passive(standing, rules, at)
    if at < newest(standing, "checkouts") + rules.durations.closing:
        return Stage.CLOSING
    if at < last_touch(standing) + rules.durations.qualification:
        return Stage.QUALIFICATION
    return Stage.LEAD


def _passive(standing: Standing, rules: Rules, at: int) -> Stage:
    """Win-back begins when the person turns passive, whatever the stage they come from."""
    waited = standing.stage is Stage.WIN_BACK and at >= standing.phase_since + rules.durations.lost
    return Stage.LOST if waited or standing.stage is Stage.LOST else Stage.WIN_BACK


def complaining(standing: Standing, at: int) -> bool:
    """Whether a complaint is unanswered."""
    spans = standing.complaints
    return any(begin <= at < end for begin, end in zip(spans[::2], spans[1::2], strict=True))


def last_touch(standing: Standing) -> int:
    """The instant of the newest response or engagement, or NEVER."""
    return max(newest(standing, "responses"), newest(standing, "engagements"))


def because(standing: Standing, at: int) -> Because | None:
    """Why the person is in this stage at `at`."""
    match standing.stage:
        case Stage.DEGENERATION:
            return Because.CHURN_RISK if standing.at_risk else Because.COMPLAINT
        case Stage.GROWTH:
            return Because.RUNG_ROSE if at < standing.growth_by_rung_until else Because.PACE
        case _:
            return standing.passive_because


def due(standing: Standing, rules: Rules, at: int) -> int:
    """When phase, stage or risk change next after `at` if nothing more is heard, or FOREVER."""
    if standing.purchases:
        if standing.passive_because is None:
            return _due_active(standing, at)
        return standing.phase_since + rules.durations.lost if standing.stage is Stage.WIN_BACK else FOREVER
    if standing.stage is Stage.CLOSING:
        return newest(standing, "checkouts") + rules.durations.closing
    if standing.stage is Stage.QUALIFICATION:
        return last_touch(standing) + rules.durations.qualification
    return FOREVER


def _due_active(standing: Standing, at: int) -> int:
    if standing.at_risk:
        return standing.silence_at
    earliest = standing.risk_at
    if standing.silence_at < earliest:
        earliest = standing.silence_at
    if standing.stage is Stage.GROWTH:
        earliest = min(earliest, max(standing.growth_by_rung_until, standing.growth_by_pace_until))
    for edge in standing.complaints:
        if at < edge < earliest:
            return edge
    return earliest


def complain(standing: Standing, rules: Rules, at: int) -> None:
    """Notes a complaint. Spans that are over are dropped and those that touch are joined, so they stay few."""
    begin, end = at + rules.durations.unanswered, at + rules.durations.expired
    spans = standing.complaints
    while spans and spans[1] <= at:
        spans = spans[2:]
    joins = spans and begin <= spans[-1]
    standing.complaints = (*spans[:-1], end) if joins else (*spans, begin, end)


def deadline(standing: Standing, rules: Rules, at: int) -> str:
    """The name of the phase's deadline that falls on `at`, the first by weight; `standing` is as before it."""
    names: list[tuple[str, bool]] = []
    durations = rules.durations
    match standing.phase:
        case Phase.ACTIVE:
            spans = standing.complaints
            names = [
                ("churn_silence", at == standing.silence_at),
                ("churn_risk", at == standing.risk_at),
                ("complaint_unanswered", at in spans[::2]),
                ("complaint_expired", at in spans[1::2]),
                ("growth_ended", at in {standing.growth_by_rung_until, standing.growth_by_pace_until}),
            ]
        case Phase.PASSIVE:
            names = [("lost", at == standing.phase_since + durations.lost)]
        case Phase.INITIATION:
            names = [
                ("closing_ended", at == newest(standing, "checkouts") + durations.closing),
                ("qualification_ended", at == last_touch(standing) + durations.qualification),
            ]
    return next((name for name, falls in names if falls), "rung_lapsed")
