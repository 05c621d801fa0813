"""A patron's own receipts and statements, as pages and as PDF."""

from datetime import date

from flask import Response, abort, render_template
from flask.typing import ResponseReturnValue

from membership import clock
from membership.accounts.session import current_account
from membership.db import db
from membership.giving import (
    letterhead,
    receipts_shown,
    receipts_words,
    statements,
    statements_forms,
)
from membership.giving.blueprint import bp
from membership.giving.models import Receipt
from membership.newsroom.present import newsroom
from membership.newsroom.settings_rows import NewsroomSettings
from membership.patrons import queries as patrons
from membership.patrons.models import Patron
from membership.web import access
from membership.web.languages import page_language


@bp.get("/patron/receipts/<label>")
@access.signed_in
def show_receipt(label: str) -> ResponseReturnValue:
    """Show one of one's own receipts."""
    receipt = _own(label)
    view = receipts_shown.view_of(db.session(), receipt, zone=newsroom().zone)
    return render_template("giving/show_receipt.html", receipt=view, words=receipts_words)


@bp.get("/patron/receipts/<label>.pdf")
@access.signed_in
def download_receipt(label: str) -> ResponseReturnValue:
    """Give one of one's own receipts as PDF; it is the original, however often it is fetched."""
    from membership.giving import receipts_paper  # noqa: PLC0415 - the PDF library is 16 MiB that few workers ever need

    receipt = _own(label)
    view = receipts_shown.view_of(db.session(), receipt, zone=newsroom().zone)
    head = letterhead.of(newsroom(), view.language, issuer=view.issuer)
    return pdf(receipts_paper.write(view, head, made_at=receipt.issued_at), f"receipt-{view.label}")


@bp.get("/patron/statement")
@access.signed_in
def show_statement() -> ResponseReturnValue:
    """Show what one gave between two days, this year unless other days are asked for."""
    patron, today = _patron(), clock.today(newsroom().zone)
    form = statements_forms.period_form(today)
    is_right = not form.is_asked_for() or form.validate()
    statement = None
    if is_right and form.first.data and form.last.data:
        statement = statements.of_patron(db.session(), patron.id, form.first.data, form.last.data)
    page = render_template(
        "giving/show_statement.html",
        form=form,
        statement=statement,
        words=receipts_words,
        years=statements.years_of(db.session(), patron.id),
    )
    return page, 200 if is_right else 422


@bp.get("/patron/statement.pdf")
@access.signed_in
def download_statement() -> ResponseReturnValue:
    """Give the same as PDF, in the page's language."""
    patron, today = _patron(), clock.today(newsroom().zone)
    form = statements_forms.period_form(today)
    if form.is_asked_for() and not form.validate():
        abort(404)
    statement = statements.of_patron(db.session(), patron.id, form.first.data, form.last.data)
    made = statement_paper(statement, patron.name, newsroom(), page_language(), today)
    return pdf(made, f"statement-{statement.first}-{statement.last}")


def statement_paper(
    statement: statements.Statement, name: str, settings: NewsroomSettings, language: str, today: date
) -> bytes:
    """A statement as PDF under the legal text in force."""
    from membership.giving import statements_paper  # noqa: PLC0415 - the PDF library is 16 MiB that few workers ever need

    text = settings.receipt_text.get(language) or settings.receipt_text.get(settings.default_language, "")
    return statements_paper.write(
        statement,
        letterhead.of(settings, language),
        name=name,
        text=text,
        language=language,
        made_at=clock.now(),
        today=today,
    )


def pdf(made: bytes, name: str) -> Response:
    """A PDF as an answer that no cache keeps; the browser shows it or saves it under its name."""
    response = Response(made, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _own(label: str) -> Receipt:
    receipt = receipts_shown.by_label(db.session(), label)
    if receipt is None or receipt.patron_id != _patron().id:
        abort(404)
    return receipt


def _patron() -> Patron:
    account = current_account()
    patron = patrons.of_account(db.session(), account.id) if account is not None else None
    if patron is None:
        abort(404)
    return patron
