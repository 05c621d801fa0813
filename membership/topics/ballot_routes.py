"""The pages of topics for who has signed in: the ballot, and proposing a topic."""

from dataclasses import dataclass

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from membership import clock
from membership.accounts.session import current_account
from membership.db import db
from membership.patrons import standing
from membership.patrons.models import Patron
from membership.patrons.standing import Standing
from membership.topics import presenting, proposing, queries, tallying, voting
from membership.topics.blueprint import bp
from membership.topics.errors import (
    EmptyBallotError,
    OverBudgetError,
    ProposalsSpentError,
    RoundNotOpenError,
    StandingError,
    TopicsError,
)
from membership.topics.forms import BallotForm, ProposalForm
from membership.topics.models import Round
from membership.topics.voting import OwnBallot
from membership.web import access
from membership.web.languages import page_language


@dataclass(frozen=True)
class BallotView:
    """A patron's ballot on its page; `found_at` is where it stands in the published list."""

    receipt: str
    topics: list[presenting.TopicView]
    is_counted: bool | None
    would_count: bool
    found_at: str | None


@bp.get("/rounds/<public_id>/ballot")
@access.signed_in
def edit_ballot(public_id: str) -> ResponseReturnValue:
    """The voter's ballot: to fill in while the round runs, to look at afterwards."""
    return _ballot_page(_round(public_id), _patron())


@bp.post("/rounds/<public_id>/ballot")
@access.signed_in
def create_ballot(public_id: str) -> ResponseReturnValue:
    """Cast the ballot, or change it."""
    round_, patron, form = _round(public_id), _patron(), BallotForm()
    if patron is None or not form.validate():
        return _ballot_page(round_, patron, form, status=422)
    chosen = form.topics.data or []
    try:
        voting.cast(db.session(), round_id=round_.id, patron_id=patron.id, topics=chosen)
    except (EmptyBallotError, OverBudgetError, TopicsError) as error:
        form.topics.errors = [_sentence(error)]
        status = 422
    except RoundNotOpenError as error:
        form.topics.errors = [_sentence(error)]
        status = 409
    except StandingError:
        status = 403
    else:
        db.session.commit()
        flash(_("Your ballot is cast."), "success")
        return redirect(url_for("topics.edit_ballot", public_id=public_id), 303)
    db.session.rollback()
    return _ballot_page(round_, patron, form, status=status)


@bp.post("/rounds/<public_id>/ballot/delete")
@access.signed_in
def delete_ballot(public_id: str) -> ResponseReturnValue:
    """Take the ballot back."""
    round_, patron, form = _round(public_id), _patron(), BallotForm()
    if patron is None or not form.validate():
        return _ballot_page(round_, patron, form, status=422)
    try:
        had_one = voting.withdraw(db.session(), round_id=round_.id, patron_id=patron.id)
    except RoundNotOpenError as error:
        db.session.rollback()
        form.topics.errors = [_sentence(error)]
        return _ballot_page(round_, patron, form, status=409)
    db.session.commit()
    if had_one:
        flash(
            _("Your ballot is withdrawn, and its receipt with it. You can vote again until the close."),
            "success",
        )
    return redirect(url_for("topics.edit_ballot", public_id=public_id), 303)


@bp.get("/topics/new")
@access.signed_in
def new() -> ResponseReturnValue:
    """A form for a topic, and what has become of the patron's earlier ones."""
    return _proposal_page(ProposalForm(), _patron())


@bp.post("/topics/new")
@access.signed_in
def create() -> ResponseReturnValue:
    """Propose a topic; once, with those shown first that resemble it."""
    form, patron = ProposalForm(), _patron()
    if patron is None or not form.validate():
        return _proposal_page(form, patron, status=422)
    session = db.session()
    similar = [] if form.has_seen_similar.data else proposing.resembling_topics(session, form.title.data)
    if similar:
        form.has_seen_similar.data = form.has_seen_similar.raw_data = "yes"
        shown = [presenting.topic(topic, page_language()) for topic in similar]
        return _proposal_page(form, patron, status=422, similar=shown)
    status = 403
    try:
        proposing.propose(
            session, patron, title=form.title.data, text=form.text.data or "", language=page_language()
        )
    except ProposalsSpentError as spent:
        session.commit()
        form.title.errors = [
            ngettext(
                "One proposal a day is enough. Please come back tomorrow.",
                "%(num)s proposals a day are enough. Please come back tomorrow.",
                spent.most,
            )
        ]
        status = 429
    except StandingError:
        session.rollback()
    else:
        session.commit()
        flash(_("Thank you. Our editors read every proposal; you see here what they answer."), "success")
        return redirect(url_for("topics.new"), 303)
    return _proposal_page(form, patron, status=status)


def _round(public_id: str) -> Round:
    round_ = queries.round_(db.session(), public_id)
    if round_ is None:
        abort(404)
    return round_


def _patron() -> Patron | None:
    """The patron that the signed-in account is, if any."""
    account = current_account()
    return queries.patron_of(db.session(), account.id) if account else None


def _standing(patron: Patron | None) -> Standing | None:
    return standing.of(db.session(), patron.id, clock.now()) if patron else None


def _ballot_page(
    round_: Round, patron: Patron | None, form: BallotForm | None = None, *, status: int = 200
) -> ResponseReturnValue:
    session, held = db.session(), _standing(patron)
    view = presenting.round_(round_, tallying.topics_of(session, round_), page_language(), clock.now())
    own = voting.ballots_of(session, patron.id, round_.id) if patron else []
    may_vote = held is Standing.ACTIVE
    if patron is None or (not may_vote and not own):
        page = render_template("topics/no_ballot.html", round=view, was_patron=patron is not None)
        return page, 403
    form = form or BallotForm()
    mine = _own_view(round_, patron, own[0]) if own else None
    if not form.topics.raw_data and mine:
        form.topics.data = [topic.public_id for topic in mine.topics]
    page = render_template(
        "topics/edit_ballot.html",
        round=view,
        topics=presenting.for_voter(view.topics, patron.public_id),
        form=form,
        chosen=form.topics.data or [],
        ballot=mine,
        may_vote=may_vote,
    )
    return page, status


def _own_view(round_: Round, patron: Patron, own: OwnBallot) -> BallotView:
    session, language = db.session(), page_language()
    topics = [topic for topic in queries.topics_of(session, round_) if topic.id in own.topics]
    url = None
    if own.is_counted and round_.result.get("is_recountable"):
        page = tallying.place_of(session, round_, own.receipt) // presenting.BALLOTS_A_PAGE + 1
        number, anchor = page if page > 1 else None, f"r-{own.receipt}"
        url = url_for("topics.index_ballots", public_id=round_.public_id, number=number, _anchor=anchor)
    return BallotView(
        receipt=own.receipt,
        topics=[presenting.topic(topic, language) for topic in topics],
        is_counted=own.is_counted,
        would_count=tallying.would_count(
            session, round_id=round_.id, patron_id=patron.id, at=min(clock.now(), round_.closes_at)
        ),
        found_at=url,
    )


def _proposal_page(
    form: ProposalForm,
    patron: Patron | None,
    *,
    status: int = 200,
    similar: list[presenting.TopicView] | None = None,
) -> ResponseReturnValue:
    if patron is None or _standing(patron) is not Standing.ACTIVE:
        return render_template("topics/no_proposal.html", was_patron=patron is not None), 403
    page = render_template(
        "topics/new.html",
        form=form,
        similar=similar or [],
        proposals=queries.proposals_of(db.session(), patron.id),
    )
    return page, status


def _sentence(error: Exception) -> str:
    """What the voter is told."""
    sentence = _("One of these topics no longer stands in this round. Please choose again.")
    if isinstance(error, OverBudgetError):
        sentence = ngettext(
            "You have %(num)s vote in this round: choose one topic.",
            "You have %(num)s votes in this round: choose %(num)s topics at most.",
            error.votes,
        )
    elif isinstance(error, EmptyBallotError):
        sentence = _("Choose at least one topic. To take your ballot back, withdraw it.")
    elif isinstance(error, RoundNotOpenError):
        sentence = _("This round takes no votes now. Nothing was changed.")
    return str(sentence)
