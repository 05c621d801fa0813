"""A patron's statement for staff who may see patrons, below /staff/giving/statements. Each look is written down."""

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from membership import clock
from membership.accounts import trail
from membership.db import db
from membership.giving import receipts_words, statements, statements_forms
from membership.giving.receipt_routes import pdf, statement_paper
from membership.newsroom.present import newsroom
from membership.patrons import revealing
from membership.patrons.addresses import patron_or_404
from membership.patrons.models import Patron
from membership.web import access

bp = Blueprint("statements", __name__, url_prefix="/statements")


@bp.get("/<public_id>")
@access.writes_on_get
@access.sees_patrons
@access.staff("staff")
def show(public_id: str) -> ResponseReturnValue:
    """Show what a patron gave between two days."""
    _note("statement.opened", patron_or_404(public_id))
    patron, session = patron_or_404(public_id), db.session()
    form = statements_forms.period_form(clock.today(newsroom().zone))
    is_right = not form.is_asked_for() or form.validate()
    statement = None
    if is_right:
        statement = statements.of_patron(session, patron.id, form.first.data, form.last.data)
    page = render_template(
        "giving/staff/show_statement.html",
        form=form,
        label=revealing.label_of(patron),
        statement=statement,
        words=receipts_words,
        years=statements.years_of(session, patron.id),
    )
    return page, 200 if is_right else 422


@bp.get("/<public_id>.pdf")
@access.writes_on_get
@access.sees_patrons
@access.staff("staff")
def download(public_id: str) -> ResponseReturnValue:
    """Give the same as PDF, in the patron's language."""
    today = clock.today(newsroom().zone)
    form = statements_forms.period_form(today)
    if form.is_asked_for() and not form.validate():
        abort(404)
    _note("statement.copied", patron_or_404(public_id))
    patron = patron_or_404(public_id)
    statement = statements.of_patron(db.session(), patron.id, form.first.data, form.last.data)
    label = revealing.label_of(patron)
    name = label.name if label.is_hidden else patron.name
    made = statement_paper(statement, name, newsroom(), patron.language, today)
    return pdf(made, f"statement-{public_id}-{statement.first}-{statement.last}")


def _note(action: str, patron: Patron) -> None:
    """Write the look down, and keep it whatever comes after."""
    trail.note(action, f"patron:{patron.public_id}")
    db.session.commit()
