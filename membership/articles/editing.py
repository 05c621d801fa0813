"""Between the editor's form and an article."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from membership.articles import publishing, queries
from membership.articles.forms import ArticleForm
from membership.articles.models import Article
from membership.articles.presence import Editor
from membership.articles.publishing import Draft
from membership.articles.working_copies import FIELDS
from membership.newsroom.settings_rows import NewsroomSettings
from membership.web import filters

Choices = list[tuple[str, str]]


def values_of(session: Session, article: Article) -> dict[str, Any]:
    """An article as the form shows it."""
    written = queries.bylines(session, [article.id]).get(article.id, [])
    revision = publishing.latest_revision(session, article.id)
    same = [other for other in _siblings(session, article) if other.id != article.id]
    return {
        **{
            name: getattr(article, name) for name in ("headline", "standfirst", "body", "language", "section")
        },
        **{name: getattr(article, name) for name in ("slug", "is_sensitive", "is_sponsored", "picture")},
        **{name: getattr(article, name) for name in ("picture_alt", "picture_caption", "picture_credit")},
        "authors": ", ".join(byline.name for byline in written),
        "tags": ", ".join(article.tags.get("tags", [])),
        "translation_of": str(same[0].id) if same else "",
        "seen": str(revision.id) if revision else "",
    }


def choices(
    session: Session,
    newsroom: NewsroomSettings,
    article: Article | None,
    *,
    names: dict[str, str],
    language: str,
) -> dict[str, Choices]:
    """What the form offers: languages by `names`, sections, and articles that this may be a translation of."""
    others = list(queries.untranslated(session, article, article.language if article else language))
    if article is not None:
        others = [*(one for one in _siblings(session, article) if one.id != article.id), *others]
    return {
        "language": [(code, names.get(code, code)) for code in newsroom.languages],
        "section": [("", "–")]
        + [(one["slug"], newsroom.section_name(one["slug"], language)) for one in newsroom.sections],
        "translation_of": [("", "–"), *_unique([(str(one.id), one.headline) for one in others])],
    }


def draft_of(session: Session, form: ArticleForm, article: Article | None, *, picture: str) -> Draft:
    """What the form says, as a draft; a new link between translations is made on both sides."""
    return Draft(
        headline=form.headline.data,
        standfirst=" ".join((form.standfirst.data or "").split()),
        body=(form.body.data or "").replace("\r\n", "\n"),
        body_format=article.body_format if article else "markdown",
        language=form.language.data,
        section=form.section.data,
        slug=form.slug.data or "",
        authors=parted(form.authors.data),
        tags=parted(form.tags.data),
        is_sensitive=form.is_sensitive.data,
        is_sponsored=form.is_sponsored.data,
        picture=picture,
        picture_alt=form.picture_alt.data or "",
        picture_caption=form.picture_caption.data or "",
        picture_credit=form.picture_credit.data or "",
        translation_key=_key(session, form.translation_of.data, article),
    )


def typed_draft(form: ArticleForm, *, body_format: str) -> Draft:
    """What stands in the form, complete or not, for a look at it."""
    return Draft(
        headline=form.headline.data or "",
        standfirst=" ".join((form.standfirst.data or "").split()),
        body=(form.body.data or "").replace("\r\n", "\n"),
        body_format=body_format,
        language=form.language.data,
        picture="" if form.removes_picture.data else (form.picture.data or ""),
        picture_alt=form.picture_alt.data or "",
        picture_caption=form.picture_caption.data or "",
        picture_credit=form.picture_credit.data or "",
    )


def other_changes(
    form: ArticleForm, saved: Mapping[str, Any], typed: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    """The fields beside the words that differ: label, what is saved, what is typed, as people read them."""
    found = []
    for name in FIELDS:
        if name in {"headline", "standfirst", "body", "seen"} or name not in typed:
            continue
        if str(typed[name]) != str(saved.get(name, "")):
            field = form[name]
            found.append((str(field.label.text), _shown(field, saved.get(name)), _shown(field, typed[name])))
    return found


def _shown(field: Any, value: object) -> str:  # noqa: ANN401 - WTForms ships no types
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    choices = dict(field.choices) if getattr(field, "choices", None) else {}
    return str(choices.get(value, value) or "–")


def sentence_of(there: Sequence[Editor]) -> str:
    """Who else has an article open, as a sentence; "" for nobody."""
    if not there:
        return ""
    zone = filters.newsroom_zone()
    named = [
        _("%(name)s (since %(time)s)", name=one.name, time=f"{one.since.astimezone(zone):%H:%M}")
        for one in there
    ]
    return str(_("Also editing this story: %(names)s.", names=", ".join(named)))


def parted(text: str | None) -> list[str]:
    """The parts of a list that was typed with commas."""
    return list(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def in_zone(local: datetime, zone: ZoneInfo) -> datetime:
    """A local time as typed, in the newsroom's time zone; of an hour that comes twice, the first."""
    return local.replace(tzinfo=zone, fold=0)


def _siblings(session: Session, article: Article) -> Sequence[Article]:
    return queries.of_translation_key(session, article.translation_key)


def _key(session: Session, chosen: str, article: Article | None) -> str:
    other = session.get(Article, int(chosen)) if chosen else None
    if other is None or (article is not None and other.id == article.id):
        return ""
    return publishing.shared_key(other)


def _unique(pairs: Choices) -> Choices:
    return list(dict(pairs).items())
