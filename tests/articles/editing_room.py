"""What tests of the editor share: the form of an article as a browser would send it."""

from typing import Any

from sqlalchemy.orm import Session

from membership.articles import editing
from membership.articles.models import Article

NEW = {"headline": "Who owns the ferry?", "body": "It *stood* still.", "language": "en", "section": "land"}
KEY = "0123456789abcdef"


def fields_of(session: Session, article: Article, **typed: Any) -> dict[str, Any]:
    """The form of an article, with what somebody has typed into it."""
    values = editing.values_of(session, article)
    return {name: value for name, value in values.items() if value is not False} | typed
