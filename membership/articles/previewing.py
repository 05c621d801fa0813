"""What an article would look like as typed: the very bytes that readers would get, before anything is saved."""

import re
from dataclasses import dataclass

from flask_babel import force_locale
from markupsafe import Markup
from sqlalchemy.orm import Session

from membership.articles import presenting
from membership.articles.drafts import Draft

_WITHOUT_WORDS = re.compile(r'<img\b[^>]*\salt=""')


@dataclass(frozen=True)
class Preview:
    """A draft as readers would see it; `pictures_without_words` counts pictures that do not say what they show."""

    draft: Draft
    body: Markup
    words: int
    minutes: int
    pictures_without_words: int


def of(session: Session, draft: Draft) -> Preview:
    """A draft as readers of its language would see it; two queries."""
    with force_locale(draft.language):
        body = presenting.shown_body(session, draft.body, draft.body_format)
    return Preview(
        draft=draft,
        body=body,
        words=presenting.words_of(body),
        minutes=presenting.minutes(body),
        pictures_without_words=len(_WITHOUT_WORDS.findall(body)),
    )
