"""Topics for staff: the queue of proposals, the newsroom's own topics, the story a topic led to."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.db import db
from membership.newsroom import present
from membership.topics import (
    answering,
    moderating,
    presenting,
    proposing,
    queries,
    staff_round_routes,
    stories,
)
from membership.topics.blueprint import staff_bp as bp
from membership.topics.errors import TopicStandsError
from membership.topics.forms import DeclineForm, StoryForm, TopicForm, topic_form
from membership.topics.models import Topic, TopicState
from membership.topics.moderating import TopicDraft
from membership.topics.staff_frame import languages, note, split, tabs
from membership.web import access
from membership.web.forms import SignedInForm
from membership.web.languages import AVAILABLE, page_language

__all__ = ["bp", "staff_round_routes"]


@dataclass(frozen=True)
class ProposalView:
    """A proposal in the queue, with what resembles it."""

    row: Topic
    similar: list[presenting.TopicView]


@bp.get("")
@access.staff("editor")
def index() -> ResponseReturnValue:
    """Topics by state; first those that wait for a decision."""
    state = _state(request.args.get("state"))
    topics = queries.topics_in(db.session(), state)
    return render_template(
        "topics/staff/index.html",
        tabs=tabs(state),
        proposals=[_proposal(topic) for topic in topics] if state is TopicState.PROPOSED else [],
        topics=[] if state is TopicState.PROPOSED else topics,
        is_queue=state is TopicState.PROPOSED,
        decline=DeclineForm(),
        act=SignedInForm(),
        language=page_language(),
    )


@bp.get("/new")
@access.staff("editor")
def new() -> ResponseReturnValue:
    """A form for a topic of the newsroom's own."""
    return render_template("topics/staff/new.html", form=_form())


@bp.post("/new")
@access.staff("editor")
def create() -> ResponseReturnValue:
    """Make a topic of the newsroom's own."""
    form = _form()
    if not form.validate():
        return render_template("topics/staff/new.html", form=form), 422
    topic = moderating.write(db.session(), _draft(form))
    note("topic.written", topic)
    db.session.commit()
    flash(_("The topic can stand in a round now."), "success")
    return redirect(url_for("staff.topics.show", public_id=topic.public_id), 303)


@bp.get("/<public_id>")
@access.staff("editor")
def show(public_id: str) -> ResponseReturnValue:
    """One topic: its words, its state, its rounds, its story."""
    return _page(_topic(public_id))


@bp.post("/<public_id>")
@access.staff("editor")
def update(public_id: str) -> ResponseReturnValue:
    """Change what a topic says."""
    topic, form = _topic(public_id), _form()
    if not form.validate():
        return _page(topic, form=form), 422
    before = {"title": topic.title, "text": topic.text}
    try:
        moderating.edit(db.session(), topic, _draft(form))
    except TopicStandsError:
        db.session.rollback()
        form.form_errors.append(_("People voted for these words; they can no longer be changed."))
        return _page(_topic(public_id), form=form), 409
    note("topic.changed", topic, before=before)
    return _done(topic, _("Saved."))


@bp.post("/<public_id>/acceptance")
@access.staff("editor")
def accept(public_id: str) -> ResponseReturnValue:
    """Let a topic be seen and stand in rounds."""
    topic = _asked(public_id)
    moderating.accept(db.session(), topic)
    note("topic.accepted", topic)
    return _done(topic, _("Accepted: everybody can read it, and it can stand in a round."))


@bp.post("/<public_id>/refusal")
@access.staff("editor")
def decline(public_id: str) -> ResponseReturnValue:
    """Say no to a topic, with words for who proposed it."""
    topic, form = _topic(public_id), DeclineForm()
    if not form.validate():
        return _page(topic, decline=form), 422
    try:
        moderating.decline(db.session(), topic, form.answer.data)
    except TopicStandsError:
        db.session.rollback()
        flash(_("It stands in a round that is open. Hide it instead: that gives the votes back."), "error")
        return redirect(url_for("staff.topics.show", public_id=public_id), 303)
    note("topic.declined", topic)
    return _done(topic, _("Declined. Who proposed it reads your words on the page of proposals."))


@bp.post("/<public_id>/hiding")
@access.staff("editor")
def hide(public_id: str) -> ResponseReturnValue:
    """Take a topic out of sight at once."""
    topic = _asked(public_id)
    moderating.hide(db.session(), topic)
    note("topic.hidden", topic)
    return _done(topic, _("Hidden from everybody. Votes for it in an open round are being given back."))


@bp.post("/<public_id>/story")
@access.staff("editor")
def create_story(public_id: str) -> ResponseReturnValue:
    """Link a topic to its published story, and let the voters know."""
    topic, form = _topic(public_id), StoryForm()
    if not form.validate():
        return _page(topic, story=form), 422
    slug, language = _slug(form.article.data)
    article = stories.published_article(db.session(), slug, language)
    if article is None:
        form.article.errors = [_("No published story has this address.")]
        return _page(topic, story=form), 422
    try:
        answering.answer(db.session(), topic, article)
    except TopicStandsError:
        db.session.rollback()
        form.article.errors = [_("Votes for it have not been counted yet. Link the story after the close.")]
        return _page(_topic(public_id), story=form), 409
    note("topic.answered", topic, article=article.id)
    return _done(topic, _("Linked. Everybody who voted for it gets one mail with the story."))


@bp.post("/<public_id>/story/delete")
@access.staff("editor")
def delete_story(public_id: str) -> ResponseReturnValue:
    """Take the link to a story back."""
    topic = _asked(public_id)
    answering.unlink(db.session(), topic)
    note("topic.unlinked", topic)
    return _done(topic, _("The link is gone. Mails that have left cannot be called back."))


def _topic(public_id: str) -> Topic:
    topic = queries.topic(db.session(), public_id)
    if topic is None:
        abort(404)
    return topic


def _asked(public_id: str) -> Topic:
    """The topic of a button pressed; the button's token is checked."""
    if not SignedInForm().validate():
        abort(400)
    return _topic(public_id)


def _done(topic: Topic, sentence: str) -> ResponseReturnValue:
    db.session.commit()
    flash(sentence, "success")
    back = request.form.get("back") == "queue"
    where = url_for("staff.topics.index") if back else url_for("staff.topics.show", public_id=topic.public_id)
    return redirect(where, 303)


def _page(
    topic: Topic,
    *,
    form: TopicForm | None = None,
    decline: DeclineForm | None = None,
    story: StoryForm | None = None,
) -> str:
    session, default = db.session(), present.newsroom().default_language
    linked = stories.story_of(session, topic, page_language())
    return render_template(
        "topics/staff/show.html",
        topic=topic,
        title=topic.title_in(page_language()),
        form=form or _filled(topic),
        decline=decline or DeclineForm(),
        story_form=story or StoryForm(),
        act=SignedInForm(),
        similar=_proposal(topic).similar if topic.is_waiting else [],
        rounds=queries.rounds_of(session, topic.id),
        has_been_voted_on=queries.has_been_on_a_ballot(session, topic.id),
        is_being_voted_on=queries.stands_in_open_round(session, topic.id),
        story=presenting.story(linked, default) if linked else None,
        articles=[presenting.story(article, default) for article in stories.newest_articles(session)],
    )


def _proposal(topic: Topic) -> ProposalView:
    similar = proposing.resembling_topics(db.session(), topic.title)
    return ProposalView(
        topic, [presenting.topic(one, page_language()) for one in similar if one is not topic]
    )


def _form() -> TopicForm:
    return topic_form(languages())()


def _filled(topic: Topic) -> TopicForm:
    values = {f"title_{topic.language}": topic.title, f"text_{topic.language}": topic.text}
    for language, said in topic.translations.items():
        values |= {f"{part}_{language}": words for part, words in said.items()}
    return topic_form(languages())(formdata=None, data=values)


def _draft(form: TopicForm) -> TopicDraft:
    language, translations = split(form, "title", "text")
    return TopicDraft(
        title=form.words("title")[language],
        text=form.words("text").get(language, ""),
        language=language,
        translations=translations,
    )


def _slug(typed: str) -> tuple[str, str]:
    """The last part of an address, and the language it names if any."""
    parts = [part for part in urlsplit(typed).path.split("/") if part]
    language = parts[0] if len(parts) > 1 and parts[0] in AVAILABLE else ""
    return (parts[-1] if parts else "", language)


def _state(typed: str | None) -> TopicState:
    return TopicState(typed) if typed in set(TopicState) else TopicState.PROPOSED
