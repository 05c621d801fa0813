"""What a change of topics or rounds means for stored pages, and what the appeal under every story invites to."""

from sqlalchemy.orm import Session

from membership.appeals.models import Invitation
from membership.articles import addresses
from membership.articles.models import Article
from membership.newsroom import page_changes, settings_rows
from membership.topics import queries
from membership.topics.models import Round, Topic


def topic_changed(session: Session, topic: Topic) -> None:
    """Let the pages that show a topic be made anew. The caller commits."""
    rounds = [
        f"/rounds/{round_.public_id}{page}"
        for round_ in queries.rounds_of(session, topic.id)
        for page in ("", "/ballots", "/ballots.csv")
    ]
    _record(session, "/topics", f"/topics/{topic.public_id}", *rounds)


def round_changed(session: Session, round_: Round) -> None:
    """Let the pages that show a round be made anew, and the invitation follow it. The caller commits."""
    session.flush()
    topics = [f"/topics/{topic.public_id}" for topic in queries.topics_of(session, round_)]
    _record(session, "/topics", f"/rounds/{round_.public_id}", *topics)
    renew_invitation(session)


def stories_changed(session: Session, articles: list[Article]) -> None:
    """Let articles be made anew, whose "asked for by" has changed. The caller commits."""
    default = settings_rows.current(session).default_language
    page_changes.record(session, *(addresses.article(a.slug, a.language, default) for a in articles))


def renew_invitation(session: Session) -> None:
    """Let the appeal in each language invite to the round that is open now, or to nothing. The caller commits."""
    settings = settings_rows.current(session)
    round_ = queries.open_round(session)
    has_changed = False
    for language in settings.languages:
        row = session.get(Invitation, language)
        if round_ is None:
            has_changed |= row is not None
            if row is not None:
                session.delete(row)
            continue
        text = round_.title_in(language)
        path = addresses.localized(f"/rounds/{round_.public_id}", language, settings.default_language)
        if row is None:
            session.add(Invitation(language=language, text=text, path=path))
            has_changed = True
        elif (row.text, row.path) != (text, path):
            row.text, row.path = text, path
            has_changed = True
    if has_changed:
        page_changes.record(session, page_changes.EVERYTHING)


def _record(session: Session, *paths: str) -> None:
    settings = settings_rows.current(session)
    languages = settings.languages
    page_changes.record(
        session,
        *(
            addresses.localized(path, language, settings.default_language)
            for path in paths
            for language in languages
        ),
    )
