"""Mails about topics. No row of the outbox may join a voter to a choice in clear.

So these mails name no account, their keys are random or signed with the site's secret, and what they say is
encrypted like every mail. That nobody is told twice is kept beside the votes (tallying.tell_next, voting.free).
"""

from sqlalchemy.orm import Session

from membership import secrets
from membership.articles import addresses
from membership.articles.models import Article
from membership.mail import outbox
from membership.mail.models import Priority
from membership.newsroom import settings_rows
from membership.patrons.models import Patron
from membership.topics.models import Round, Topic


def subject_key(topic: Topic) -> str:
    """By what mails about a topic are taken back; says nothing to who does not know the site's secret."""
    return f"topic:{secrets.sign_short(topic.public_id, 'mail about a topic')}"


def story_out(session: Session, patron: Patron, topic: Topic, story: Article) -> None:
    """Tell a voter that the story is out, if there is an address to tell."""
    path = addresses.article(story.slug, story.language, _default(session))
    context: dict[str, object] = {
        "topic_title": topic.title_in(patron.language),
        "headline": story.headline,
        "standfirst": story.standfirst,
        "story_path": path,
        "preferences_path": addresses.localized("/patron/preferences", patron.language, _default(session)),
    }
    _queue(session, patron, "topics/story_out", topic, context)


def vote_freed(session: Session, patron: Patron, round_: Round) -> None:
    """Tell a voter that a topic was taken out of an open round and the vote is free again.

    The topic's words are not repeated: they may be why it was taken out.
    """
    context: dict[str, object] = {
        "round_title": round_.title_in(patron.language),
        "closes_at": round_.closes_at,
        "ballot_path": addresses.localized(
            f"/rounds/{round_.public_id}/ballot", patron.language, _default(session)
        ),
    }
    _queue(session, patron, "topics/vote_freed", None, context)


def _queue(
    session: Session, patron: Patron, kind: str, topic: Topic | None, context: dict[str, object]
) -> None:
    if patron.account is None:
        return
    outbox.queue(
        session,
        kind=kind,
        to=patron.account.email,
        language=patron.language,
        dedupe_key=f"{kind}:{secrets.new_public_id()}",
        context=context,
        subject_key=subject_key(topic) if topic else "",
        priority=Priority.BULK,
        care_for=patron.account_id,
    )


def _default(session: Session) -> str:
    return settings_rows.current(session).default_language
