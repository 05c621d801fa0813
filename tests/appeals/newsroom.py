"""Makers for the tests of trials: two appeals that take turns, and days that pass as the worker lets them."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.appeals import trials, trying
from membership.appeals.models import Appeal, Showing
from membership.appeals.totals import DailyCount, DailyGifts
from membership.appeals.trials import Trial
from membership.newsroom import due
from tests.articles.stories import an_appeal

KYIV = ZoneInfo("Europe/Kyiv")
TOMORROW = date(2026, 11, 23)
SEED = "always the same"
BY: dict[str, Any] = {"actor_id": 1, "actor": "ada"}
"""Who does it, for the audit trail."""


def two_appeals(session: Session) -> list[Appeal]:
    """The one that stands, and another that is tried out. Committed."""
    return [an_appeal(session, "Plain", priority=5), an_appeal(session, "Warm", priority=1)]


def a_trial(session: Session, appeals: list[Appeal], *, days: int = 14, hold_back: int = 0) -> Trial:
    """A trial that begins tomorrow, always drawn alike. Committed."""
    draft = trying.Draft(
        name="Plain or warm",
        language=appeals[0].language,
        appeals=appeals,
        first_day=TOMORROW,
        last_day=TOMORROW + timedelta(days=days - 1),
        hold_back=hold_back,
    )
    trial = trying.begin(session, draft, **BY)
    trial.seed = SEED  # drawn by chance, one trial in twenty would tell apart what is alike
    public_id = trial.public_id
    session.commit()
    return the_trial(session, public_id)


def the_trial(session: Session, public_id: str) -> Trial:
    """A trial as it is now."""
    found = trials.by_public_id(session, public_id)
    assert found is not None
    return found


def pass_to(session: Session, day: date, *, hour: int = 12) -> None:
    """Let the clock stand at an hour of a day in Kyiv, and the worker do what is due by then."""
    clock.set_now(datetime.combine(day, time(hour), KYIV))
    due.apply_all(session)


def count(session: Session, article_id: int, appeal: Appeal | None, day: date, *, shown: int) -> None:
    """So many showings of an article's slot on a day. Not committed."""
    session.add(DailyCount(showing_id=slot(session, article_id, appeal), day=day, shown=shown))


def give(session: Session, article_id: int, appeal: Appeal | None, day: date, *, gifts: int) -> None:
    """So many gifts of five euros by an article's slot on a day. Not committed."""
    session.add(
        DailyGifts(
            showing_id=slot(session, article_id, appeal),
            day=day,
            currency="eur",
            gifts=gifts,
            amount=500 * gifts,
        )
    )


def slot(session: Session, article_id: int, appeal: Appeal | None) -> int:
    """The id of an article's slot with an appeal, or with none."""
    found = select(Showing.id).filter_by(article_id=article_id, appeal_id=appeal.id if appeal else None)
    return session.scalars(found).one()
