"""The newsroom's settings for the request at hand, readable even while the database is down."""

from typing import Any

import structlog
from flask import Flask, current_app, g, request
from sqlalchemy.exc import SQLAlchemyError

from membership.db import db
from membership.newsroom import settings_rows
from membership.newsroom.settings_rows import NewsroomSettings
from membership.web import languages

log = structlog.get_logger(__name__)


def init_app(app: Flask) -> None:
    """Remember the last settings read, for the time when the database cannot be asked."""
    app.extensions["membership_newsroom"] = NewsroomSettings()
    app.extensions["membership_zone"] = lambda: newsroom().zone
    app.extensions["membership_color"] = lambda: newsroom().color
    app.context_processor(_for_templates)


def newsroom() -> NewsroomSettings:
    """The settings, read once a request; the last ones known while the database is down."""
    kept: NewsroomSettings | None = g.get("newsroom")
    if kept is not None:
        return kept
    try:
        read = settings_rows.current(db.session())
    except SQLAlchemyError:
        db.session.rollback()
        log.warning("newsroom_settings_unread")
        read = current_app.extensions["membership_newsroom"]
    current_app.extensions["membership_newsroom"] = read
    g.newsroom = read
    return read


def chosen_languages() -> tuple[str, list[str]]:
    """The default language and all offered, for web.languages."""
    settings = newsroom()
    return settings.default_language, settings.languages


def _for_templates() -> dict[str, Any]:
    """What the frame of every page reads; a view may pass its own `alternates` (an article's translations)."""
    return {
        "newsroom": newsroom().in_language(languages.page_language()),
        "language": languages.page_language(),
        "alternates": _other_languages(),
    }


def _other_languages() -> list[dict[str, str]]:
    """The address of this same page in each other language that the newsroom offers."""
    if not request or request.method not in {"GET", "HEAD"} or request.endpoint is None:
        return []
    here = languages.page_language()
    return [
        {
            "language": language,
            "url": languages.localized_path(request.path, language),
            "name": languages.AVAILABLE[language],
        }
        for language in newsroom().languages
        if language != here and language in languages.AVAILABLE
    ]
