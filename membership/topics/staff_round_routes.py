"""Rounds for staff: scheduled, edited until they open, moved, closed, answered; and who took part."""

from datetime import UTC, datetime, timedelta
from datetime import time as day_time
from zoneinfo import ZoneInfo

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership import clock
from membership.db import db
from membership.newsroom.present import newsroom
from membership.patrons.models import Visibility
from membership.topics import presenting, queries, rounds, tallying
from membership.topics.blueprint import staff_bp as bp
from membership.topics.errors import NoTopicsError, PastError, RoundStateError
from membership.topics.forms import AnswerForm, EndForm, RoundForm, answer_form, round_form
from membership.topics.models import Round, TopicState
from membership.topics.rounds import RoundDraft
from membership.topics.staff_frame import languages, note, split, tabs
from membership.web import access
from membership.web.forms import SignedInForm
from membership.web.languages import page_language


@bp.get("/rounds")
@access.staff("editor")
def index_rounds() -> ResponseReturnValue:
    """Every round, the last to close first."""
    session = db.session()
    views = [_view(round_) for round_ in queries.all_rounds(session)]
    return render_template("topics/staff/index_rounds.html", tabs=tabs(), rounds=views)


@bp.get("/rounds/new")
@access.staff("editor")
def new_round() -> ResponseReturnValue:
    """A form for a round, with times that are usual."""
    morning = datetime.combine(clock.today(_zone()) + timedelta(days=1), day_time(9))
    form = _round_form(
        {
            "opens_at": morning,
            "closes_at": morning + timedelta(days=14),
            "answers_by": morning.date() + timedelta(days=28),
            "votes_per_patron": newsroom().votes_per_patron,
            "winners": 1,
        }
    )
    return render_template("topics/staff/new_round.html", form=form)


@bp.post("/rounds/new")
@access.staff("editor")
def create_round() -> ResponseReturnValue:
    """Schedule a round."""
    form = _round_form()
    if form.validate():
        try:
            round_ = rounds.schedule(db.session(), _draft(form))
        except (PastError, NoTopicsError) as error:
            db.session.rollback()
            _refuse(form, error)
        else:
            note("round.scheduled", round_, closes_at=round_.closes_at.isoformat())
            return _done(round_, _("The round is set; it opens and closes by itself."))
    return render_template("topics/staff/new_round.html", form=form), 422


@bp.get("/rounds/<public_id>")
@access.staff("editor")
def show_round(public_id: str) -> ResponseReturnValue:
    """One round and what can be done with it; the tally only after the close, here too."""
    return _page(_round(public_id))


@bp.get("/rounds/<public_id>/edit")
@access.staff("editor")
def edit_round(public_id: str) -> ResponseReturnValue:
    """A form for a round that has not opened."""
    round_ = _round(public_id)
    if not _view(round_).is_scheduled:
        return redirect(url_for("staff.topics.show_round", public_id=public_id), 303)
    return render_template("topics/staff/edit_round.html", form=_filled(round_), round=_view(round_))


@bp.post("/rounds/<public_id>/edit")
@access.staff("editor")
def update_round(public_id: str) -> ResponseReturnValue:
    """Change a round that has not opened."""
    round_, form = _round(public_id), _round_form()
    status = 422
    if form.validate():
        try:
            rounds.edit(db.session(), round_, _draft(form))
        except (PastError, NoTopicsError) as error:
            db.session.rollback()
            _refuse(form, error)
        except RoundStateError:
            db.session.rollback()
            form.form_errors.append(_("The round has opened; only its end can be moved now."))
            status = 409
        else:
            note("round.changed", round_, closes_at=round_.closes_at.isoformat())
            return _done(round_, _("Saved."))
    page = render_template("topics/staff/edit_round.html", form=form, round=_view(_round(public_id)))
    return page, status


@bp.post("/rounds/<public_id>/end")
@access.staff("editor")
def update_end(public_id: str) -> ResponseReturnValue:
    """Let a round close later or sooner."""
    round_, form = _round(public_id), EndForm()
    if not form.validate():
        return _page(round_, end=form), 422
    before = round_.closes_at.isoformat()
    try:
        rounds.move_end(db.session(), round_, _instant(form.closes_at.data))
    except PastError:
        form.closes_at.errors = [_("A round cannot close in the past, or before it opens.")]
    except RoundStateError:
        form.closes_at.errors = [_("Its time is over.")]
    else:
        note("round.moved", round_, before=before, after=round_.closes_at.isoformat())
        return _done(round_, _("The round closes at the new time."))
    db.session.rollback()
    return _page(_round(public_id), end=form), 422


@bp.get("/rounds/<public_id>/close")
@access.staff("editor")
def new_close(public_id: str) -> ResponseReturnValue:
    """Ask before a round is closed for good."""
    return render_template(
        "topics/staff/close_round.html", round=_view(_round(public_id)), act=SignedInForm()
    )


@bp.post("/rounds/<public_id>/close")
@access.staff("editor")
def create_close(public_id: str) -> ResponseReturnValue:
    """Close a round now and count it."""
    round_ = _round(public_id)
    if not SignedInForm().validate():
        abort(400)
    try:
        rounds.close_now(db.session(), round_)
    except RoundStateError:
        db.session.rollback()
        flash(_("Only an open round can be closed."), "error")
        return redirect(url_for("staff.topics.show_round", public_id=public_id), 303)
    note("round.closed", round_, result=round_.result_hash)
    return _done(round_, _("The round is closed and counted."))


@bp.post("/rounds/<public_id>/answer")
@access.staff("editor")
def create_answer(public_id: str) -> ResponseReturnValue:
    """Say what the newsroom does with the result."""
    round_, form = _round(public_id), answer_form(languages())()
    if not form.validate():
        return _page(round_, answer=form), 422
    language, translations = split(form, "answer")
    words = {other: said["answer"] for other, said in translations.items()}
    try:
        rounds.publish(db.session(), round_, form.words("answer")[language], words)
    except RoundStateError:
        db.session.rollback()
        form.form_errors.append(_("There is no result to answer before the close."))
        return _page(_round(public_id), answer=form), 409
    note("round.published", round_)
    return _done(round_, _("Your answer is published."))


@bp.get("/rounds/<public_id>/voters")
@access.writes_on_get
@access.sees_patrons
@access.staff("editor")
def index_voters(public_id: str) -> ResponseReturnValue:
    """Who took part in a round; never what anybody chose. Looking is written into the audit trail."""
    round_ = _round(public_id)
    voters = tallying.took_part(db.session(), round_.id)
    note("round.voters_seen", round_, count=len(voters))
    db.session.commit()
    shown = [
        (None if patron.visibility is Visibility.SECRET else patron.name, patron.public_id)
        for patron in voters
    ]
    return render_template("topics/staff/voters.html", round=_view(round_), voters=shown)


def _round(public_id: str) -> Round:
    round_ = queries.round_(db.session(), public_id)
    if round_ is None:
        abort(404)
    return round_


def _view(round_: Round) -> presenting.RoundView:
    topics = tallying.topics_of(db.session(), round_)
    return presenting.round_(round_, topics, page_language(), clock.now())


def _page(round_: Round, *, end: EndForm | None = None, answer: AnswerForm | None = None) -> str:
    said = {round_.language: {"answer": round_.answer}, **round_.translations}
    values = {f"answer_{language}": words.get("answer", "") for language, words in said.items()}
    return render_template(
        "topics/staff/show_round.html",
        round=_view(round_),
        end=end or EndForm(formdata=None, data={"closes_at": round_.closes_at.astimezone(_zone())}),
        answer=answer or answer_form(languages())(formdata=None, data=values),
    )


def _done(round_: Round, sentence: str) -> ResponseReturnValue:
    db.session.commit()
    flash(sentence, "success")
    return redirect(url_for("staff.topics.show_round", public_id=round_.public_id), 303)


def _refuse(form: RoundForm, error: Exception) -> None:
    if isinstance(error, PastError):
        form.closes_at.errors = [_("A round cannot close in the past, or before it opens.")]
    else:
        form.topics.errors = [_("Choose at least two topics.")]


def _round_form(values: dict[str, object] | None = None) -> RoundForm:
    made = round_form(languages())
    form = made() if values is None else made(formdata=None, data=values)
    session, chosen = db.session(), set(form.topics.data or [])
    taken_up = {topic.public_id for topic, _round in queries.taken_up(session)} - chosen
    accepted = sorted(queries.topics_in(session, TopicState.ACCEPTED), key=tallying.proposed)
    form.topics.choices = [
        (topic.public_id, topic.title_in(page_language()))
        for topic in accepted
        if topic.public_id not in taken_up
    ]
    return form


def _filled(round_: Round) -> RoundForm:
    values: dict[str, object] = {
        f"title_{language}": words.get("title", "") for language, words in round_.translations.items()
    }
    values |= {
        f"title_{round_.language}": round_.title,
        "opens_at": round_.opens_at.astimezone(_zone()),
        "closes_at": round_.closes_at.astimezone(_zone()),
        "answers_by": round_.answers_by.astimezone(_zone()).date(),
        "votes_per_patron": round_.votes_per_patron,
        "winners": round_.winners,
        "topics": [topic.public_id for topic in queries.topics_of(db.session(), round_)],
    }
    return _round_form(values)


def _draft(form: RoundForm) -> RoundDraft:
    language, translations = split(form, "title")
    return RoundDraft(
        title=form.words("title")[language],
        opens_at=_instant(form.opens_at.data),
        closes_at=_instant(form.closes_at.data),
        answers_by=_instant(datetime.combine(form.answers_by.data, day_time(23, 59))),
        language=language,
        translations=translations,
        topics=form.topics.data,
        votes_per_patron=form.votes_per_patron.data,
        winners=form.winners.data,
    )


def _instant(local: datetime) -> datetime:
    """An instant from what was typed, in the newsroom's time zone."""
    return local.replace(tzinfo=_zone()).astimezone(UTC)


def _zone() -> ZoneInfo:
    return newsroom().zone
