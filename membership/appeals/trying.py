"""Trying out appeals: a trial is set up, its pages follow at each midnight of the newsroom, it ends. Callers commit.

What an article shows on a day is computed (appeals.assigning), never stored; the due rows only see to it that stored
pages are made anew when the day has turned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership import clock
from membership.appeals import choosing, managing, placing, trials
from membership.appeals.errors import TrialOpenError, TrialStateError, VariantError
from membership.appeals.models import Appeal
from membership.appeals.trials import Trial, TrialState, TrialVariant
from membership.newsroom import audit, due, settings_rows
from membership.secrets import new_public_id

TURN = "trial.turns"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What staff decide about a trial before it begins; `hold_back` is in percent of the days."""

    name: str
    language: str
    appeals: Sequence[Appeal]  # the first is what the others are compared with
    first_day: date
    last_day: date
    hold_back: int = 0


def begin(session: Session, draft: Draft, *, actor_id: int, actor: str) -> Trial:
    """Set up a trial; it runs by itself from the first midnight on.

    Raises:
        VariantError: some appeals are off, of another language, or do not run on all of its days.
        TrialStateError: its first day has begun; a trial takes whole days.
        TrialOpenError: another trial of this language has not ended.
    """
    unfit = [one.name for one in draft.appeals if not _stands(one, draft)]
    if unfit or len({one.id for one in draft.appeals}) < 2:
        raise VariantError(unfit)
    if draft.first_day <= clock.today(settings_rows.current(session).zone):
        raise TrialStateError
    trial = Trial(
        public_id=new_public_id(),
        name=draft.name,
        language=draft.language,
        first_day=draft.first_day,
        last_day=draft.last_day,
        hold_back=draft.hold_back,
        seed=new_public_id(),
        created_at=clock.now(),
        variants=[TrialVariant(position=n, appeal=appeal) for n, appeal in enumerate(draft.appeals)],
    )
    try:
        with session.begin_nested():
            session.add(trial)
    except IntegrityError:
        raise TrialOpenError from None
    due.at(session, midnight(session, trial.first_day), kind=TURN, key=_turn_of(trial, trial.first_day))
    told = {
        "first_day": trial.first_day.isoformat(),
        "last_day": trial.last_day.isoformat(),
        "hold_back": trial.hold_back,
        "appeals": [one.public_id for one in draft.appeals],
    }
    _note(session, trial, "trial.scheduled", actor_id=actor_id, actor=actor, **told)
    return trial


def end(session: Session, trial: Trial, *, actor_id: int, actor: str) -> None:
    """End a trial by hand: articles show again what they would without it, and nothing is concluded from it.

    Raises:
        TrialStateError: it has ended already.
    """
    if trial.ended_at is not None:
        raise TrialStateError
    today = clock.today(settings_rows.current(session).zone)
    was = trial.state(today)
    before = managing.shown(session, {trial.language}, today)
    trial.ended_at, trial.ended_early = clock.now(), was is not TrialState.ENDED
    session.flush()
    managing.renew_changed(session, before, managing.shown(session, {trial.language}, today))
    _note(session, trial, "trial.ended", actor_id=actor_id, actor=actor, early=trial.ended_early)


def count_articles(session: Session, trial: Trial) -> int:
    """How many published articles take part."""
    articles = placing.of_language(session, trial.language)
    return sum(1 for one in articles if choosing.takes_part(trial, placing.facts_of(one)))


def midnight(session: Session, day: date) -> datetime:
    """When a day of the newsroom begins."""
    return datetime.combine(day, time(), settings_rows.current(session).zone)


def counts_until(session: Session, trial: Trial) -> datetime:
    """When the figures of a trial are taken: a day after its last one, for payments to settle."""
    return midnight(session, trial.last_day + timedelta(days=1) + trials.SETTLING)


@due.handler(TURN)
def _turn(session: Session, key: str, at: datetime) -> None:
    """A day of a trial begins, or the one after its last: the pages that show another appeal now are made anew."""
    public_id, day = key.split(":")
    trial, today = trials.by_public_id(session, public_id), date.fromisoformat(day)
    if trial is None or trial.ended_at is not None:
        return
    before = managing.shown(session, {trial.language}, today - timedelta(days=1))
    if today > trial.last_day:
        trial.ended_at = at
        session.flush()
        _note(session, trial, "trial.ended", actor_id=None, actor="system", early=False)
    else:
        tomorrow = today + timedelta(days=1)
        due.at(session, midnight(session, tomorrow), kind=TURN, key=_turn_of(trial, tomorrow))
    managing.renew_changed(session, before, managing.shown(session, {trial.language}, today))


def _stands(appeal: Appeal, draft: Draft) -> bool:
    """Whether an appeal may stand on every day of a trial."""
    return (
        appeal.is_on
        and appeal.language == draft.language
        and choosing.runs(appeal, draft.first_day)
        and choosing.runs(appeal, draft.last_day)
    )


def _turn_of(trial: Trial, day: date) -> str:
    return f"{trial.public_id}:{day.isoformat()}"


def _note(
    session: Session, trial: Trial, action: str, *, actor_id: int | None, actor: str, **details: object
) -> None:
    audit.write(
        session,
        action=action,
        subject=f"trial:{trial.public_id}",
        actor_id=actor_id,
        actor=actor,
        details=details,
    )
