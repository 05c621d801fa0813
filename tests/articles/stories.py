"""Articles for tests: made through the newsroom's own door, published unless said otherwise."""

import re
from typing import Any

from sqlalchemy.orm import Session

from membership import clock
from membership.appeals import managing
from membership.appeals.models import Appeal
from membership.articles import publishing
from membership.articles.models import Article
from membership.articles.publishing import COMMAND, Draft
from membership.newsroom import page_changes, settings_rows
from membership.secrets import new_public_id

BODY = "The ferry has stood still since May.\n\nNobody knows why."


def a_newsroom(session: Session, **more: Any) -> None:
    """A newsroom in two languages with two sections. Committed."""
    settings_rows.change(
        session,
        {
            "name": "Richka",
            "sections": [
                {"slug": "land", "en": "Land", "uk": "Земля"},
                {"slug": "people", "en": "People", "uk": "Люди"},
            ],
            **more,
        },
    )
    session.commit()


def a_story(session: Session, headline: str = "The ferry", *, is_out: bool = True, **more: Any) -> Article:
    """An article, published now. Committed."""
    told = {"body": BODY, "language": "en", "section": "land", "authors": ["Iryna Bevz"], **more}
    article = publishing.create(session, Draft(headline=headline, **told), by=COMMAND)
    if is_out:
        publishing.publish(session, article, by=COMMAND)
    session.commit()
    return article


def an_appeal(
    session: Session, heading: str = "Free for all", *, language: str = "en", **more: Any
) -> Appeal:
    """An appeal that is on, under every article of its language. Committed."""
    now = clock.now()
    told = {
        "name": heading,
        "body": "We are eleven.\n\nYou could close this page.",
        "highlight": "Or become a patron.",
    }
    appeal = Appeal(
        public_id=new_public_id(),
        language=language,
        heading=heading,
        created_at=now,
        updated_at=now,
        **{**told, **more},
    )
    session.add(appeal)
    session.flush()
    managing.let_stand(session, appeal)
    page_changes.record(session, page_changes.EVERYTHING)
    session.commit()
    return appeal


def words(answer: Any) -> str:
    """The page as text, with one blank where there were several."""
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))
