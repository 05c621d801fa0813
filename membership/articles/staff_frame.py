"""What the staff pages of articles share: who is at work, the editor and what stands beside it."""

from typing import Any

from flask import abort, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership import clock
from membership.accounts.session import signed_in_account
from membership.articles import (
    editing,
    picturing,
    presence,
    presenting,
    preview_links,
    publishing,
    queries,
    revising,
    routes,
    working_copies,
)
from membership.articles.errors import EditConflictError, IncompleteArticleError
from membership.articles.forms import LOCAL_TIME, ArticleForm, CorrectionForm, PreviewLinkForm, ScheduleForm
from membership.articles.models import Article, ArticleState
from membership.articles.publishing import By, Draft
from membership.articles.working_copies import Subject
from membership.db import db
from membership.newsroom import audit, present
from membership.secrets import new_public_id
from membership.web import languages
from membership.web.forms import SignedInForm
from membership.web.media import PictureError

REVISIONS_BESIDE = 5
"""How many of the last revisions stand beside the editor; the rest is on a page of its own."""


def by() -> By:
    """Who is at work, for the audit trail."""
    account = signed_in_account()
    return By(account.id, account.public_id)


def found(article_id: int) -> Article:
    """An article, or 404."""
    article = db.session.get(Article, article_id)
    if article is None:
        abort(404)
    return article


def published(article_id: int) -> Article:
    """An article that readers can open, or 409."""
    article = found(article_id)
    if article.state is not ArticleState.PUBLISHED:
        abort(409)
    return article


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
        if form.csrf_token.errors:
            form.csrf_token.errors = [_("You have signed in anew. Nothing is lost: please send this again.")]
        return None
    name = sent_picture(form.picture_file) if form.picture_file.data else form.picture.data
    if form.picture_file.errors or not _is_kept(form, article, name or ""):
        return None
    picture = "" if form.removes_picture.data else (name or "")
    form.picture.data = picture
    return editing.draft_of(db.session(), form, article, picture=picture)


def _is_kept(form: ArticleForm, article: Article | None, name: str) -> bool:
    """Whether the picture is one of ours; if not, the form says so."""
    if not name or (article is not None and article.picture == name) or queries.sizes(db.session(), [name]):
        return True
    form.picture.errors = [_("There is no picture of this name in the library.")]
    return False


def save(article: Article) -> ResponseReturnValue | None:
    """Save what the editor's form says; the page to answer with if that cannot be, else None. The caller commits."""
    sent = form(article)
    told = draft(sent, article)
    if told is None:
        return editor(sent, article), 422
    seen, article_id = int(sent.seen.data) if sent.seen.data else None, article.id
    try:
        publishing.change(db.session(), article, told, by=by(), seen=seen)
    except EditConflictError as error:
        return _conflict(sent, article_id, error)
    except IncompleteArticleError:
        db.session.rollback()
        sent.body.errors = [_("A published story cannot lose its text. Withdraw it instead.")]
        return editor(sent, found(article_id)), 422
    working_copies.discard(db.session(), signed_in_account().id, Subject(article.id))
    return None


def _conflict(form: ArticleForm, article_id: int, error: EditConflictError) -> ResponseReturnValue:
    """Say who saved meanwhile and what; what was typed is still there, and saving again replaces theirs knowingly."""
    db.session.rollback()
    article = found(article_id)
    told = revising.conflict_of(db.session(), article, form.data, error)
    form.seen.data = str(told.latest.id)
    return editor(form, article, conflict=told), 409


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
    """The editor, with everything beside it; `more` are its other forms, a preview, a conflict, a working copy."""
    if article is None and not working_copies.KEY.fullmatch(form.key.data or ""):
        form.key.data = new_public_id()
    page: dict[str, Any] = {
        "form": form,
        "article": article,
        "names": queries.authors(db.session()),
        "pictures": queries.pictures(db.session(), limit=50),
        "preview": None,
        "conflict": None,
        "copy": None,
        "is_restored": False,
        "begun": [],
        "schedule": None,
        "correction": None,
        "link_form": None,
        "new_link": "",
        "act": SignedInForm(),
        **more,
    }
    page |= _beside(article) if article is not None else {"others": "", "url": ""}
    page["schedule"] = page["schedule"] or schedule_form(article)
    page["correction"] = page["correction"] or CorrectionForm(formdata=None)
    page["link_form"] = page["link_form"] or PreviewLinkForm(formdata=None)
    page["now"] = clock.now().astimezone(present.newsroom().zone).strftime(LOCAL_TIME)
    page["count"] = _count(form, article)
    return render_template("articles/staff/edit.html", **page)


def _beside(article: Article) -> dict[str, Any]:
    """What stands beside the editor of an article that was saved."""
    session = db.session()
    return {
        "url": routes.address_of(article),
        "others": editing.sentence_of(presence.others(session, article.id, signed_in_account().id)),
        "corrections": queries.corrections(session, article.id),
        "revisions": revising.saves(session, article.id, limit=REVISIONS_BESIDE),
        "links": preview_links.of_article(session, article.id),
    }


def _count(form: ArticleForm, article: Article | None) -> dict[str, int]:
    """Words and minutes of what stands in the form, as the page is sent."""
    body = presenting.body_of(form.body.data or "", article.body_format if article else "markdown")
    return {"words": presenting.words_of(body), "minutes": presenting.minutes(body)}


def schedule_form(article: Article | None, *, is_sent: bool = False) -> ScheduleForm:
    """The form of the schedule: as sent, or with the instant that is set."""
    zone = present.newsroom().zone
    if is_sent:
        return ScheduleForm(zone=zone)
    at = article.published_at if article and article.state is ArticleState.SCHEDULED else None
    local = at.astimezone(zone).replace(tzinfo=None) if at else None
    return ScheduleForm(formdata=None, zone=zone, data={"at": local})


def refused(article_id: int, sentence: str) -> ResponseReturnValue:
    """Nothing was done, and why."""
    db.session.rollback()
    flash(sentence, "error")
    return to_editor(article_id)


def to_editor(article_id: int) -> ResponseReturnValue:
    """Back to the editor, as an answer to a POST."""
    return redirect(url_for("staff.articles.edit", article_id=article_id), 303)
