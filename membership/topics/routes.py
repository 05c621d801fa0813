"""The public pages of topics and rounds: the same for everybody, and nobody's account is read."""

from itertools import islice

from flask import Response, abort, make_response, render_template, url_for
from flask.typing import ResponseReturnValue

from membership import clock
from membership.db import db
from membership.newsroom.present import newsroom
from membership.topics import ballot_lists, ballot_routes, models, presenting, queries, stories, tallying
from membership.topics.blueprint import bp
from membership.topics.models import Round, Topic
from membership.web import access
from membership.web.languages import page_language

__all__ = ["ballot_routes", "bp", "models"]

SHARED = "public, max-age=0, s-maxage=60, stale-while-revalidate=60, stale-if-error=86400"


@bp.get("/topics")
@access.public
def index() -> ResponseReturnValue:
    """What is being voted on, what waits, what was decided, and which topics became stories."""
    session, language = db.session(), page_language()
    page = render_template(
        "topics/index.html",
        open_rounds=[_view(round_) for round_ in queries.open_rounds(session)],
        coming_rounds=[_view(round_) for round_ in queries.coming_rounds(session)],
        finished_rounds=[_view(round_) for round_ in queries.finished_rounds(session)],
        taken_up=[
            (presenting.topic(topic, language), _view(round_)) for topic, round_ in queries.taken_up(session)
        ],
        waiting=[presenting.topic(topic, language) for topic in queries.waiting_topics(session)],
        answered=[
            (presenting.topic(topic, language), _story(topic))
            for topic, _article in stories.answered_topics(session)
        ],
    )
    return _shared(page)


@bp.get("/topics/<public_id>")
@access.public
def show(public_id: str) -> ResponseReturnValue:
    """One topic: what it says, the rounds it stands or stood in, its story."""
    session, language = db.session(), page_language()
    topic = queries.topic(session, public_id)
    if topic is None or not topic.is_public:
        abort(404)
    page = render_template(
        "topics/show.html",
        topic=presenting.topic(topic, language),
        proposed_at=topic.proposed_at,
        by_patron=topic.proposed_by is not None,
        rounds=[_view(round_) for round_ in queries.rounds_of(session, topic.id)],
        story=_story(topic),
    )
    return _shared(page)


@bp.get("/rounds/<public_id>")
@access.public
def show_round(public_id: str) -> ResponseReturnValue:
    """One round: its topics while it runs, its result after the close."""
    round_ = _round(public_id)
    stories = _stories(round_)
    return _shared(render_template("topics/show_round.html", round=_view(round_), stories=stories))


@bp.get("/rounds/<public_id>/ballots")
@bp.get("/rounds/<public_id>/ballots/<int:number>")
@access.public
def index_ballots(public_id: str, number: int = 1) -> ResponseReturnValue:
    """Every counted ballot of a closed round, by receipt, so that a voter finds the own one."""
    round_ = _recountable(public_id)
    ballots = tallying.published(db.session(), round_)
    pages = -(-len(ballots) // presenting.BALLOTS_A_PAGE)
    if not 1 <= number <= pages:
        abort(404)
    first = (number - 1) * presenting.BALLOTS_A_PAGE
    page = render_template(
        "topics/index_ballots.html",
        round=_view(round_),
        titles={public_id: topic.title_in(page_language()) for public_id, topic in _named(round_).items()},
        ballots=list(islice(ballots, first, first + presenting.BALLOTS_A_PAGE)),
        first=first + 1,
        last=min(first + presenting.BALLOTS_A_PAGE, len(ballots)),
        newer_url=_page_url(public_id, number - 1) if number > 1 else None,
        older_url=_page_url(public_id, number + 1) if number < pages else None,
        prefixes=[
            (ballots[start].receipt[:3], _page_url(public_id, place))
            for place, start in enumerate(range(0, len(ballots), presenting.BALLOTS_A_PAGE), start=1)
        ],
    )
    return _shared(page)


@bp.get("/rounds/<public_id>/ballots.csv")
@access.public
def ballots_csv(public_id: str) -> ResponseReturnValue:
    """The same as a file, which is all that anybody needs to count the round again."""
    round_ = _recountable(public_id)
    named = _named(round_)
    titles = {
        topic: named[topic].title_in(page_language()) if topic in named else ""
        for topic in round_.result["topics"]
    }
    lines = ballot_lists.write(
        titles,
        tallying.published(db.session(), round_),
        tally=round_.result["tally"],
        winners=round_.result["winning"],
    )
    answer = _shared("".join(lines))
    answer.content_type = "text/csv; charset=utf-8; header=present"
    answer.headers["Content-Disposition"] = f'attachment; filename="ballots-{public_id}.csv"'
    return answer


def _round(public_id: str) -> Round:
    round_ = queries.round_(db.session(), public_id)
    if round_ is None:
        abort(404)
    return round_


def _recountable(public_id: str) -> Round:
    round_ = _round(public_id)
    if not round_.result.get("is_recountable"):
        abort(404)
    return round_


def _view(round_: Round) -> presenting.RoundView:
    topics = tallying.topics_of(db.session(), round_)
    return presenting.round_(round_, topics, page_language(), clock.now())


def _named(round_: Round) -> dict[str, Topic]:
    """The topics of a result that may still be shown, in the order in which they were proposed."""
    found = queries.topics_by_id(db.session(), round_.result["topics"])
    return {
        topic: found[topic] for topic in round_.result["topics"] if topic in found and found[topic].is_public
    }


def _story(topic: Topic) -> presenting.StoryView | None:
    """The published story a topic led to, in the page's language if there is such a version."""
    article = stories.story_of(db.session(), topic, page_language())
    return presenting.story(article, newsroom().default_language) if article else None


def _stories(round_: Round) -> dict[str, presenting.StoryView]:
    """The stories that the round's topics have led to, by topic."""
    found = {topic.public_id: _story(topic) for topic in queries.topics_of(db.session(), round_)}
    return {topic: story for topic, story in found.items() if story is not None}


def _page_url(public_id: str, number: int) -> str:
    return url_for("topics.index_ballots", public_id=public_id, number=number if number > 1 else None)


def _shared(body: str) -> Response:
    answer = make_response(body)
    answer.headers["Cache-Control"] = SHARED
    return answer
