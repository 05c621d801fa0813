"""What a patron decides about being seen and being written to."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership.accounts.models import Account
from membership.accounts.session import current_account
from membership.db import db
from membership.patrons import models, preferences, queries
from membership.patrons.forms import PreferencesForm
from membership.patrons.preferences import Preferences
from membership.web import access

bp = Blueprint("patrons", __name__)


@bp.get("/patron/preferences")
@access.signed_in
def edit_preferences() -> ResponseReturnValue:
    """Show what a patron has decided so far."""
    patron, _account = _own()
    return _page(patron, PreferencesForm(obj=patron))


@bp.post("/patron/preferences")
@access.signed_in
def update_preferences() -> ResponseReturnValue:
    """Write down what a patron wants."""
    patron, account = _own()
    form = PreferencesForm()
    if not form.validate():
        return _page(patron, form), 422
    wanted = Preferences(
        name=form.name.data,
        visibility=models.Visibility(form.visibility.data),
        wall_name=form.wall_name.data,
        wants_topic_mail=form.wants_topic_mail.data,
        wants_round_mail=form.wants_round_mail.data,
        language=form.language.data,
    )
    preferences.change(db.session(), patron, account, wanted)
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for(".edit_preferences"), 303)


def _page(patron: models.Patron, form: PreferencesForm) -> str:
    return render_template("patrons/edit_preferences.html", patron=patron, form=form)


def _own() -> tuple[models.Patron, Account]:
    """The signed-in patron with the account; a reader who never gave has nothing to decide here."""
    account = current_account()
    patron = queries.of_account(db.session(), account.id) if account is not None else None
    if account is None or patron is None:
        abort(404)
    return patron, account
