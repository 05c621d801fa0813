"""What a trial came to: its article-days as the totals have them, and, once it is over, what follows from them.

`conclude_all` is the worker's: it computes for seconds, so it does that between two transactions, and commits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock, db
from membership.appeals import comparing, trials, trying
from membership.appeals.assigning import HOLD_BACK
from membership.appeals.comparing import ArticleDay
from membership.appeals.models import Showing
from membership.appeals.totals import DailyCount, DailyGifts
from membership.appeals.trials import Trial

LEAST_GIFTS = 100
"""Fewer gifts than these under the two that are compared tell nothing."""
GIFTS = "gifts"


@dataclass
class Day:
    """What one article came to on one day of a trial, whichever link of its page brought it."""

    article_id: int
    day: Any
    arm: int
    shown: int = 0
    followed: int = 0
    gifts: int = 0
    by_currency: dict[str, tuple[int, int]] = field(default_factory=dict)  # gifts, minor units


@dataclass
class Sums:
    """What one variant (or the hold-back) came to."""

    arm: int
    article_days: int = 0
    shown: int = 0
    followed: int = 0
    gifts: int = 0
    amounts: dict[str, int] = field(default_factory=dict)  # by currency, in minor units
    gifts_in: dict[str, int] = field(default_factory=dict)  # by currency


def days_of(session: Session, trial: Trial) -> list[Day]:
    """The article-days of a trial so far, by article and day; two queries.

    An article takes part if each of the appeals may stand under it, and if its appeal's place came into view at all.
    What was given on a day counts for what the article was to show then, also if another link of the page, or a page
    from the day before, led to it: so nothing but the draw decides what counts for what.
    """
    known: dict[tuple[int, Any], Day] = {}
    plan, appeals = trial.plan, {variant.appeal_id for variant in trial.variants}

    def day_of(article_id: int, day: Any) -> Day:  # noqa: ANN401 - a date, or None of an outer join
        if (article_id, day) not in known:
            known[article_id, day] = Day(article_id, day, plan.arm(article_id, day))
        return known[article_id, day]

    for article_id, day, shown, followed in session.execute(_counts(trial)):
        one = day_of(article_id, day)
        one.shown, one.followed = int(shown), int(followed)
    for article_id, day, currency, gifts, amount in session.execute(_gifts(trial)):
        one = day_of(article_id, day)
        one.gifts += int(gifts)
        one.by_currency[currency] = int(gifts), int(amount)
    within = _taking_part(session, appeals)
    seen = {article_id for (article_id, _day), one in known.items() if one.shown and article_id in within}
    return [known[key] for key in sorted(known) if key[0] in seen]


def _counts(trial: Trial) -> Any:  # noqa: ANN401 - a query of four columns
    sums = func.sum(DailyCount.shown), func.sum(DailyCount.followed)
    found = select(Showing.article_id, DailyCount.day, *sums).join(
        Showing, Showing.id == DailyCount.showing_id
    )
    found = found.where(DailyCount.day.between(trial.first_day, trial.last_day))
    return found.where(Showing.language == trial.language).group_by(Showing.article_id, DailyCount.day)


def _gifts(trial: Trial) -> Any:  # noqa: ANN401 - a query of five columns
    key = Showing.article_id, DailyGifts.day, DailyGifts.currency
    sums = func.sum(DailyGifts.gifts), func.sum(DailyGifts.amount)
    found = select(*key, *sums).join(Showing, Showing.id == DailyGifts.showing_id)
    found = found.where(DailyGifts.day.between(trial.first_day, trial.last_day))
    return found.where(Showing.language == trial.language).group_by(*key)


def _taking_part(session: Session, appeals: set[int]) -> set[int]:
    """The articles that have a slot for each of these appeals."""
    found = select(Showing.article_id).where(Showing.appeal_id.in_(appeals)).group_by(Showing.article_id)
    return set(session.scalars(found.having(func.count() == len(appeals))))


def sums_of(trial: Trial, days: Iterable[Day]) -> list[Sums]:
    """What each variant came to, in their order, then the hold-back if there is one."""
    sums = {arm: Sums(arm) for arm in arms_of(trial)}
    for one in days:
        its = sums[one.arm]
        its.article_days += 1
        its.shown += one.shown
        its.followed += one.followed
        its.gifts += one.gifts
        for currency, (gifts, amount) in sorted(one.by_currency.items()):
            its.gifts_in[currency] = its.gifts_in.get(currency, 0) + gifts
            its.amounts[currency] = its.amounts.get(currency, 0) + amount
    return list(sums.values())


def arms_of(trial: Trial) -> list[int]:
    """The variants in their order, then the hold-back if there is one."""
    return [*range(len(trial.variants)), *([HOLD_BACK] if trial.hold_back else [])]


def result_of(trial: Trial, days: Sequence[Day]) -> dict[str, Any]:
    """What follows from the article-days of a trial that is over; takes seconds.

    Each variant is compared with the first: in gifts for each showing, which was chosen before the start and alone
    says whether they differ, and in money for each showing beside it.
    """
    sums = sums_of(trial, days)
    others = sums[1:]
    return {
        "sums": [asdict(one) for one in sums],
        "comparisons": [
            {"arm": other.arm, "measure": measure, **_compared(trial, days, sums, other, measure)}
            for other in others
            for measure in (GIFTS, *sorted(sums[0].amounts.keys() | other.amounts.keys()))
        ],
    }


def _compared(
    trial: Trial, days: Sequence[Day], sums: Sequence[Sums], other: Sums, measure: str
) -> dict[str, Any]:
    """One comparison with the first of the sums; without figures where there are not enough gifts."""
    first, comparisons = sums[0], len(sums) - 1
    gifts = first.gifts + other.gifts
    if measure != GIFTS:
        gifts = first.gifts_in.get(measure, 0) + other.gifts_in.get(measure, 0)
    if gifts < LEAST_GIFTS:
        return {"gifts": gifts}
    units = (ArticleDay(one.article_id, one.day, one.shown, _outcome(one, measure)) for one in days)
    found = comparing.compare(trial.plan, units, first=first.arm, other=other.arm, comparisons=comparisons)
    return {"gifts": gifts, **asdict(found)}


def _outcome(day: Day, measure: str) -> int:
    return day.gifts if measure == GIFTS else day.by_currency.get(measure, (0, 0))[1]


def conclude_all(session: Session) -> int:
    """Conclude every trial whose figures are complete, each once; how many. Commits."""
    with db.reading(session):
        waiting = [one.public_id for one in _waiting(session)]
    for public_id in waiting:
        with db.reading(session):
            trial = trials.by_public_id(session, public_id)
            days = days_of(session, trial) if trial is not None else []
            if trial is not None:
                session.expunge(trial)  # it is computed with while no transaction is open
        if trial is not None:
            db.run_unit(session, partial(_write, session, public_id, result_of(trial, days)))
    return len(waiting)


def _waiting(session: Session) -> list[Trial]:
    ended = select(Trial).where(
        Trial.ended_at.is_not(None), Trial.ended_early.is_(False), Trial.concluded_at.is_(None)
    )
    now = clock.now()
    return [one for one in session.scalars(ended) if trying.counts_until(session, one) <= now]


def _write(session: Session, public_id: str, result: dict[str, Any]) -> None:
    trial = trials.by_public_id(session, public_id)
    if trial is not None and trial.concluded_at is None:
        trial.result, trial.concluded_at = result, clock.now()
