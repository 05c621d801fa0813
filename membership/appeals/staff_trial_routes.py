"""Trials for staff, below /staff/appeals/trials: set up, watched without peeking, ended; and what they came to."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership import clock
from membership.accounts.models import Role
from membership.accounts.session import signed_in_account
from membership.appeals import concluding, queries, trial_views, trials, trying
from membership.appeals.comparing import ERRS, REDRAWS
from membership.appeals.concluding import LEAST_GIFTS
from membership.appeals.errors import TrialOpenError, TrialStateError, VariantError
from membership.appeals.trial_forms import HOLD_BACKS, TrialForm, hold_back_choices
from membership.appeals.trials import Trial, TrialState
from membership.db import db
from membership.money import Money
from membership.newsroom import present
from membership.web import access, csvfiles, languages
from membership.web.csvfiles import Plain
from membership.web.forms import SignedInForm

bp = Blueprint("trials", __name__, url_prefix="/trials")
USUAL_DAYS = 28


@bp.get("")
@access.staff()
def index() -> ResponseReturnValue:
    """List every trial, the one that begins last first."""
    found = [trial_views.view(one, _today()) for one in trials.all_of_them(db.session())]
    return render_template(
        "appeals/staff/trials/index.html", trials=found, names=languages.AVAILABLE, may_edit=_may_edit()
    )


@bp.get("/new")
@access.staff("editor")
def new() -> ResponseReturnValue:
    """A form for a trial, with days that are usual."""
    tomorrow = _today() + timedelta(days=1)
    form = _form(
        {"first_day": tomorrow, "last_day": tomorrow + timedelta(days=USUAL_DAYS - 1), "hold_back": 0}
    )
    return _form_page(form)


@bp.post("/new")
@access.staff("editor")
def create() -> ResponseReturnValue:
    """Set up a trial."""
    form = _form()
    if form.validate():
        me = signed_in_account()
        try:
            trial = trying.begin(db.session(), _draft(form), actor_id=me.id, actor=me.public_id)
        except (VariantError, TrialOpenError, TrialStateError) as error:
            db.session.rollback()
            _refuse(form, error)
        else:
            db.session.commit()
            flash(_("The trial is set up; it begins and ends by itself."), "success")
            return redirect(url_for(".show", public_id=trial.public_id), 303)
    return _form_page(form), 422


@bp.get("/<public_id>")
@access.staff()
def show(public_id: str) -> ResponseReturnValue:
    """One trial: how far it is, and once it is over what it came to."""
    trial = _trial(public_id)
    session, view = db.session(), trial_views.view(trial, _today())
    told: dict[str, Any] = {"trial": view, "least": LEAST_GIFTS, "seed": trial.seed, "redraws": REDRAWS + 1}
    told["may_edit"] = _may_edit()
    told["figures_at"] = trying.counts_until(session, trial)
    if view.state is TrialState.SCHEDULED:
        return render_template("appeals/staff/trials/show_scheduled.html", **_planned(trial), **told)
    if view.state is TrialState.RUNNING or not (view.is_concluded or view.was_ended_early):
        progress = trial_views.progress(trial, concluding.days_of(session, trial), _today())
        return render_template("appeals/staff/trials/show_running.html", progress=progress, **told)
    results = trial_views.results(session, trial)
    errs = round(ERRS * 100)
    return render_template("appeals/staff/trials/show_results.html", results=results, errs=errs, **told)


@bp.get("/<public_id>/end")
@access.staff("editor")
def new_end(public_id: str) -> ResponseReturnValue:
    """Ask before a trial is ended by hand."""
    trial = _trial(public_id)
    if trial.ended_at is not None:
        return redirect(url_for(".show", public_id=public_id), 303)
    view = trial_views.view(trial, _today())
    return render_template("appeals/staff/trials/new_end.html", trial=view, form=SignedInForm())


@bp.post("/<public_id>/end")
@access.staff("editor")
def create_end(public_id: str) -> ResponseReturnValue:
    """End a trial now."""
    trial, me = _trial(public_id), signed_in_account()
    if not SignedInForm().validate():
        abort(400)
    try:
        trying.end(db.session(), trial, actor_id=me.id, actor=me.public_id)
    except TrialStateError:
        db.session.rollback()
        flash(_("The trial had ended already."), "info")
    else:
        db.session.commit()
        flash(_("The trial is over: articles show again what they did without it."), "success")
    return redirect(url_for(".show", public_id=public_id), 303)


@bp.get("/<public_id>/results.csv")
@access.staff()
def download_results(public_id: str) -> Response:
    """What each variant came to."""
    trial = _over(public_id)
    found = trial_views.results(db.session(), trial)
    header = ["variant", "article_days", "shown", "followed", "gifts", "change_in_gifts_per_showing"]
    header += [f"amount_{currency}" for currency in found.currencies]
    rows: list[list[str | int]] = [
        [
            *(row.name, row.article_days, row.shown, row.followed, row.gifts, row.change),
            *(Plain(amount.plain()) for amount, _rate in row.money),
        ]
        for row in found.rows
    ]
    return csvfiles.answer(f"trial-{public_id}", header, rows)


@bp.get("/<public_id>/days.csv")
@access.staff()
def download_days(public_id: str) -> Response:
    """Every article-day as it is counted today, for whoever computes it again."""
    trial = _over(public_id)
    days = concluding.days_of(db.session(), trial)
    currencies = sorted({currency for one in days for currency in one.by_currency})
    header = ["article", "day", "variant", "shown", "followed", "gifts"]
    header += [f"amount_{currency}" for currency in currencies]
    rows: list[list[str | int]] = [
        [
            *(one.article_id, one.day.isoformat(), trial_views.name_of(trial, one.arm)),
            *(one.shown, one.followed, one.gifts),
            *(Plain(Money(one.by_currency.get(key, (0, 0))[1], key).plain()) for key in currencies),
        ]
        for one in days
    ]
    return csvfiles.answer(f"trial-{public_id}-days", header, rows)


def _trial(public_id: str) -> Trial:
    found = trials.by_public_id(db.session(), public_id)
    if found is None:
        abort(404)
    return found


def _over(public_id: str) -> Trial:
    """A trial that may be looked at variant by variant; there is no such page of any other."""
    trial = _trial(public_id)
    if trial.concluded_at is None and not trial.ended_early:
        abort(404)
    return trial


def _may_edit() -> bool:
    return signed_in_account().may(Role.EDITOR)


def _today() -> date:
    return clock.today(present.newsroom().zone)


def _form(values: dict[str, Any] | None = None) -> TrialForm:
    form = TrialForm() if values is None else TrialForm(formdata=None, data=values)
    appeals = [one for one in queries.by_rank(db.session()) if one.is_on]
    form.first.choices = form.others.choices = [
        (one.public_id, f"{one.name} ({languages.AVAILABLE.get(one.language, one.language)})")
        for one in appeals
    ]
    form.hold_back.choices = [choice for choice in hold_back_choices() if choice[0] in HOLD_BACKS]
    return form


def _form_page(form: TrialForm) -> str:
    return render_template("appeals/staff/trials/new.html", form=form, least=LEAST_GIFTS)


def _draft(form: TrialForm) -> trying.Draft:
    session = db.session()
    chosen = [queries.by_public_id(session, public_id) for public_id in (form.first.data, *form.others.data)]
    appeals = [one for one in chosen if one is not None]
    return trying.Draft(
        name=form.name.data,
        language=appeals[0].language,
        appeals=appeals,
        first_day=form.first_day.data,
        last_day=form.last_day.data,
        hold_back=form.hold_back.data,
    )


def _refuse(form: TrialForm, error: Exception) -> None:
    if isinstance(error, VariantError):
        names = ", ".join(error.names)
        form.others.errors = [
            _(
                "These are off, in another language, or do not run on all days of the trial: %(names)s",
                names=names,
            )
        ]
    elif isinstance(error, TrialOpenError):
        form.first.errors = [_("Another trial of this language has not ended. There is one at a time.")]
    else:
        form.first_day.errors = [_("A trial takes whole days: let it begin tomorrow at the earliest.")]


def _planned(trial: Trial) -> dict[str, Any]:
    return {"articles": trying.count_articles(db.session(), trial)}
