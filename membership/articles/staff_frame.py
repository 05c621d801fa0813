"""What the staff pages of articles share: who is at work, the editor and what stands beside it."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership import clock
from membership.accounts.session import signed_in_account
from membership.articles import editing, picturing, queries, routes
from membership.articles.forms import LOCAL_TIME, ArticleForm, CorrectionForm, ScheduleForm
from membership.articles.models import Article, ArticleState
from membership.articles.publishing import By, Draft
from membership.db import db
from membership.newsroom import audit, present
from membership.web import languages
from membership.web.forms import SignedInForm
from membership.web.media import PictureError


def by() -> By:
    """Who is at work, for the audit trail."""
    found = signed_in_account()
    return By(found.id, found.public_id)


def article(article_id: int) -> Article:
    """An article, or 404."""
    found = db.session.get(Article, article_id)
    if found is None:
        abort(404)
    return found


def published(article_id: int) -> Article:
    """An article that readers can open, or 409."""
    found = article(article_id)
    if found.state is not ArticleState.PUBLISHED:
        abort(409)
    return found


def demand_token() -> None:
    """Refuse a form without fields that does not carry the session's token."""
    if not SignedInForm().validate():
        abort(400)


def form(article: Article | None, *, data: dict[str, Any] | None = None) -> ArticleForm:
    """The editor's form as sent; or filled with `data`, whatever was sent."""
    made = ArticleForm() if data is None else ArticleForm(formdata=None, data=data)
    offered = editing.choices(
        db.session(),
        present.newsroom(),
        article,
        names=languages.AVAILABLE,
        language=languages.page_language(),
    )
    for name, pairs in offered.items():
        made[name].choices = pairs
    if article is not None and article.section not in dict(made.section.choices):
        made.section.choices.append((article.section, article.section))
    return made


def filled(article: Article) -> ArticleForm:
    """The editor's form with what an article says."""
    return form(article, data=editing.values_of(db.session(), article))


def draft(form: ArticleForm, article: Article | None) -> Draft | None:
    """What was sent, as a draft; None if it cannot be taken, with the reasons in the form."""
    if not form.validate():
        return None
    name = sent_picture(form.picture_file) if form.picture_file.data else form.picture.data
    if form.picture_file.errors:
        return None
    picture = "" if form.removes_picture.data else (name or "")
    form.picture.data = picture
    return editing.draft_of(db.session(), form, article, picture=picture)


def sent_picture(field: Any) -> str | None:  # noqa: ANN401 - WTForms ships no types
    """Keep the picture of a file field and give its name; what is wrong with it becomes the field's error."""
    if not field.data:
        return None
    sentences = {
        "not_a_picture": _("This is not a picture that we can read, or it is cut off."),
        "too_large": _("The file is larger than 20 MB."),
        "too_many_pixels": _("The picture has more than 60 million pixels. Make it smaller."),
    }
    folder = current_app.extensions["membership_media"]
    try:
        kept = picturing.take(db.session(), folder, field.data.read(), called=field.data.filename or "")
    except PictureError as error:
        field.errors = [sentences[error.reason]]
        return None
    who = by()
    audit.write(
        db.session(),
        action="picture.kept",
        subject=f"media:{kept.name}"[:120],
        actor_id=who.account_id,
        actor=who.name,
    )
    return kept.name


def editor(form: ArticleForm, article: Article | None, **more: Any) -> str:  # noqa: ANN401 - other forms of the page
    """The editor, with everything beside it; `more` are its other forms, a preview, a conflict."""
    session, newsroom = db.session(), present.newsroom()
    page: dict[str, Any] = {
        "form": form,
        "article": article,
        "names": queries.authors(session),
        "schedule": None,
        "correction": None,
        "corrections": queries.corrections(session, article.id) if article else [],
        "revisions": queries.revisions(session, article.id) if article else [],
        "url": routes.address_of(article) if article else "",
        "preview": None,
        "conflict": None,
        "now": _local_now(newsroom.zone),
        "act": SignedInForm(),
        **more,
    }
    page["schedule"] = page["schedule"] or ScheduleForm(formdata=None)
    page["correction"] = page["correction"] or CorrectionForm(formdata=None)
    return render_template("articles/staff/edit.html", **page)


def refused(article_id: int, sentence: str) -> ResponseReturnValue:
    """Nothing was done, and why."""
    db.session.rollback()
    flash(sentence, "error")
    return to_editor(article_id)


def to_editor(article_id: int) -> ResponseReturnValue:
    """Back to the editor, as an answer to a POST."""
    return redirect(url_for("staff.articles.edit", article_id=article_id), 303)


def _local_now(zone: ZoneInfo) -> str:
    """The newsroom's wall clock, as a datetime-local field reads it."""
    return clock.now().astimezone(zone).strftime(LOCAL_TIME)
