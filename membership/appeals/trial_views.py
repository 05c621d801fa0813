"""Trials as staff's pages show them: words for states and arms, figures as text, what was found in a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import format_decimal, format_percent
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from membership.appeals import concluding, trial_charts
from membership.appeals.assigning import HOLD_BACK
from membership.appeals.concluding import GIFTS, LEAST_GIFTS, Day, Sums
from membership.appeals.trial_charts import IntervalChart, Row
from membership.appeals.trials import Trial, TrialState
from membership.money import Money
from membership.web.languages import page_language


@dataclass(frozen=True)
class TrialView:
    """One trial for lists and at the head of its page."""

    public_id: str
    name: str
    language: str
    first_day: date
    last_day: date
    days: int
    hold_back: int
    variants: list[str]
    state: TrialState
    state_words: str
    state_kind: str
    has_ended: bool
    is_concluded: bool
    was_ended_early: bool


@dataclass(frozen=True)
class Progress:
    """How far a trial is, over all variants together: apart they would invite to stop when one likes what one sees."""

    day: int
    shown: int
    followed: int
    gifts: int
    article_days: int
    is_enough: bool


@dataclass(frozen=True)
class ArmRow:
    """What one variant came to."""

    name: str
    article_days: int
    shown: int
    followed: int
    gifts: int
    rate: str  # gifts for each 1,000 showings
    money: list[tuple[Money, Money]]  # in each currency: all of it, and for each 1,000 showings
    change: str  # against the first, as an interval


@dataclass(frozen=True)
class Finding:
    """What one comparison came to, in a sentence."""

    sentence: str
    kind: str  # of the notice: success, info
    title: str


@dataclass(frozen=True)
class Results:
    """Everything that a trial which is over shows."""

    rows: list[ArmRow]
    currencies: list[str]
    findings: list[Finding]
    chart: IntervalChart | None
    money: list[tuple[str, str, str]]  # variant, currency, interval
    taken_at: datetime | None


def view(trial: Trial, today: date) -> TrialView:
    """A trial as it stands on a day."""
    state = trial.state(today)
    words, kind = _state(trial, state)
    return TrialView(
        public_id=trial.public_id,
        name=trial.name,
        language=trial.language,
        first_day=trial.first_day,
        last_day=trial.last_day,
        days=trial.days,
        hold_back=trial.hold_back,
        variants=[variant.appeal.name for variant in trial.variants],
        state=state,
        state_words=words,
        state_kind=kind,
        has_ended=state is TrialState.ENDED,
        is_concluded=trial.concluded_at is not None,
        was_ended_early=trial.ended_early,
    )


def _state(trial: Trial, state: TrialState) -> tuple[str, str]:
    if trial.ended_early:
        return _("Ended early"), "warn"
    if state is TrialState.SCHEDULED:
        return _("Scheduled"), "info"
    if state is TrialState.RUNNING:
        return _("Runs now"), "good"
    return (_("Concluded"), "plain") if trial.concluded_at else (_("Waits for its figures"), "info")


def progress(trial: Trial, days: Sequence[Day], today: date) -> Progress:
    """How far a trial is."""
    gifts = sum(one.gifts for one in days)
    return Progress(
        day=min(max((today - trial.first_day).days + 1, 0), trial.days),
        shown=sum(one.shown for one in days),
        followed=sum(one.followed for one in days),
        gifts=gifts,
        article_days=len(days),
        is_enough=gifts >= LEAST_GIFTS,
    )


def results(session: Session, trial: Trial) -> Results:
    """What a trial came to: as concluded, or, where nothing is concluded, its sums alone."""
    if trial.concluded_at is not None:
        sums = [Sums(**told) for told in trial.result["sums"]]
        comparisons: list[dict[str, Any]] = trial.result["comparisons"]
    else:
        sums, comparisons = concluding.sums_of(trial, concluding.days_of(session, trial)), []
    by_gifts = {one["arm"]: one for one in comparisons if one["measure"] == GIFTS}
    currencies = sorted({currency for one in sums for currency in one.amounts})
    first = name_of(trial, 0)
    return Results(
        rows=[_row(trial, one, currencies, by_gifts.get(one.arm)) for one in sums],
        currencies=currencies,
        findings=[_finding(first, _titles(trial, arm), found) for arm, found in by_gifts.items()],
        chart=_chart(trial, by_gifts),
        money=[
            (name_of(trial, one["arm"]), one["measure"].upper(), interval(one))
            for one in comparisons
            if one["measure"] != GIFTS
        ],
        taken_at=trial.concluded_at,
    )


def name_of(trial: Trial, arm: int) -> str:
    """What an arm is called."""
    return _("No appeal") if arm == HOLD_BACK else trial.variants[arm].appeal.name


def _row(trial: Trial, sums: Sums, currencies: list[str], found: Mapping[str, Any] | None) -> ArmRow:
    amounts = [Money(sums.amounts.get(currency, 0), currency) for currency in currencies]
    return ArmRow(
        name=name_of(trial, sums.arm),
        article_days=sums.article_days,
        shown=sums.shown,
        followed=sums.followed,
        gifts=sums.gifts,
        rate=_rate(sums.gifts, sums.shown),
        money=[(one, Money(_of_a_thousand(one.amount, sums.shown), one.currency)) for one in amounts],
        change=interval(found) if found is not None else "",
    )


def _rate(gifts: int, shown: int) -> str:
    """Gifts for each 1,000 showings, to a tenth."""
    tenths = Decimal(_of_a_thousand(10 * gifts, shown)).scaleb(-1)
    return str(format_decimal(tenths, "#,##0.0", locale=page_language()))


def _of_a_thousand(count: int, shown: int) -> int:
    """A count for each 1,000 showings, rounded half up; 0 where nothing was shown."""
    return (2_000 * count + shown) // (2 * shown) if shown else 0


def interval(found: Mapping[str, Any]) -> str:
    """The interval of a comparison as changes: "−5% to +33%"; why there is none, where there is none."""
    if "low" not in found:
        return str(_("Not enough yet"))
    return str(_("%(low)s to %(high)s", low=change(found["low"]), high=change(found["high"])))


def change(ratio: Any) -> str:  # noqa: ANN401 - a ratio, or None where there is no bound
    """A ratio as a change: "+12%", "−8%"."""
    if ratio is None:
        return str(_("any more"))
    percent = round((ratio - 1) * 100)
    sign = "+" if percent > 0 else "−" if percent < 0 else "±"
    return f"{sign}{format_percent(Decimal(abs(percent)).scaleb(-2), locale=page_language())}"


@dataclass(frozen=True)
class _Titles:
    """What may be found of an arm, each as a title."""

    not_enough: str
    no_difference: str
    more: str
    fewer: str


def _titles(trial: Trial, arm: int) -> _Titles:
    if arm == HOLD_BACK:
        return _Titles(
            not_enough=_("Days without an appeal: not enough yet"),
            no_difference=_("Days without an appeal: no difference found"),
            more=_("Days without an appeal bring more gifts"),
            fewer=_("Days without an appeal bring fewer gifts"),
        )
    other = name_of(trial, arm)
    return _Titles(
        not_enough=_("“%(other)s”: not enough yet", other=other),
        no_difference=_("“%(other)s”: no difference found", other=other),
        more=_("“%(other)s” brings more gifts", other=other),
        fewer=_("“%(other)s” brings fewer gifts", other=other),
    )


def _finding(first: str, titles: _Titles, found: Mapping[str, Any]) -> Finding:
    if "low" not in found:
        told = ngettext(
            "Under these two came %(num)s gift; with fewer than %(least)s nothing can be said.",
            "Under these two came %(num)s gifts; with fewer than %(least)s nothing can be said.",
            found["gifts"],
            least=LEAST_GIFTS,
        )
        return Finding(told, "info", titles.not_enough)
    bounds = {"low": change(found["low"]), "high": change(found["high"]), "first": first}
    if not found["is_different"]:
        told = _(
            "For each showing, the change in gifts against “%(first)s” lies between %(low)s and %(high)s; or is none.",
            **bounds,
        )
        return Finding(told, "info", titles.no_difference)
    told = _(
        "For each showing, the change in gifts against “%(first)s” lies between %(low)s and %(high)s.",
        **bounds,
    )
    if (found["ratio"] or 2) > 1:
        return Finding(told, "success", titles.more)
    return Finding(told, "warning", titles.fewer)


def _chart(trial: Trial, by_gifts: Mapping[int, Mapping[str, Any]]) -> IntervalChart | None:
    rows = [
        Row(
            name_of(trial, arm),
            found["ratio"],
            found["low"],
            found["high"],
            is_different=found["is_different"],
            told=interval(found),
        )
        for arm, found in by_gifts.items()
        if "low" in found
    ]
    if not rows:
        return None
    summary = "; ".join(f"{row.name}: {row.told}" for row in rows)
    return trial_charts.intervals(rows, summary=summary, label_of=change)
