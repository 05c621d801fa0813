"""Who works here: let somebody in, change what they may do, let them go. For publishers."""

from typing import TypeVar

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields import SelectChoice

from membership.accounts import appointing
from membership.accounts.errors import LastPublisherError, OwnRoleError
from membership.accounts.forms import NewPersonForm, PersonForm
from membership.accounts.models import Account, Role
from membership.accounts.session import signed_in_account
from membership.db import db
from membership.newsroom.present import newsroom
from membership.web import access
from membership.web.forms import SignedInForm

Form = TypeVar("Form", NewPersonForm, PersonForm)
bp = Blueprint("people", __name__, url_prefix="/people")


@bp.get("")
@access.staff("publisher")
def index() -> str:
    """List who works here."""
    return render_template(
        "staff/people/index.html", people=appointing.people(db.session()), roles=_roles(), hints=_hints()
    )


@bp.get("/new")
@access.staff("publisher")
def new() -> str:
    """Ask whom to let in."""
    return _new_page(_offering_roles(NewPersonForm(None)))


@bp.post("")
@access.staff("publisher")
def create() -> ResponseReturnValue:
    """Let somebody work here; a mail tells them."""
    form = _offering_roles(NewPersonForm())
    if form.validate():
        try:
            account = appointing.appoint(
                db.session(),
                form.email.data,
                Role(form.role.data),
                name=form.name.data,
                sees_patrons=form.sees_patrons.data,
                language=newsroom().default_language,
                by=signed_in_account(),
            )
        except (OwnRoleError, LastPublisherError) as error:
            db.session.rollback()
            form.role.errors = [_sentence(error)]
        else:
            db.session.commit()
            flash(_("%(name)s works here now. A mail is on its way.", name=account.display_name), "success")
            return redirect(url_for(".index"), 303)
    return _new_page(form), 422


@bp.get("/<public_id>")
@access.staff("publisher")
def edit(public_id: str) -> str:
    """Show what somebody may do."""
    account = _person_or_404(public_id)
    form = _offering_roles(
        PersonForm(None, data={"role": account.role, "sees_patrons": account.sees_patrons})
    )
    return _edit_page(form, account)


@bp.post("/<public_id>")
@access.staff("publisher")
def update(public_id: str) -> ResponseReturnValue:
    """Change what somebody may do; it holds at once."""
    account = _person_or_404(public_id)
    form = _offering_roles(PersonForm())
    if form.validate():
        try:
            appointing.change(
                db.session(),
                account,
                Role(form.role.data),
                sees_patrons=form.sees_patrons.data,
                by=signed_in_account(),
            )
        except (OwnRoleError, LastPublisherError) as error:
            db.session.rollback()
            form.role.errors = [_sentence(error)]
        else:
            db.session.commit()
            flash(
                _("Saved. It holds from their next sign-in on; sessions that were open have ended."),
                "success",
            )
            return redirect(url_for(".index"), 303)
    return _edit_page(form, account), 422


@bp.get("/<public_id>/dismissal")
@access.staff("publisher")
def new_dismissal(public_id: str) -> str:
    """Ask before letting somebody go."""
    return _dismissal_page(SignedInForm(None), _person_or_404(public_id))


@bp.post("/<public_id>/dismissal")
@access.staff("publisher")
def create_dismissal(public_id: str) -> ResponseReturnValue:
    """Let somebody go; their sessions end at once."""
    account = _person_or_404(public_id)
    form = SignedInForm()
    if form.validate():
        try:
            appointing.dismiss(db.session(), account, by=signed_in_account())
        except (OwnRoleError, LastPublisherError) as error:
            db.session.rollback()
            form.form_errors.append(_sentence(error))
        else:
            db.session.commit()
            flash(_("%(name)s works here no more.", name=account.display_name), "success")
            return redirect(url_for(".index"), 303)
    return _dismissal_page(form, account), 422


@bp.post("/<public_id>/second-factor/reset")
@access.staff("publisher")
def reset_second_factor(public_id: str) -> ResponseReturnValue:
    """Let somebody set up the second factor anew."""
    account = _person_or_404(public_id)
    if SignedInForm().validate():
        try:
            appointing.reset_second_factor(db.session(), account, by=signed_in_account())
        except OwnRoleError as error:
            db.session.rollback()
            flash(_sentence(error), "error")
        else:
            db.session.commit()
            flash(_("At the next sign-in a second factor will be set up anew."), "success")
    return redirect(url_for(".edit", public_id=public_id), 303)


def _person_or_404(public_id: str) -> Account:
    account = appointing.person(db.session(), public_id)
    if account is None:
        abort(404)
    return account


def _roles() -> dict[Role, str]:
    return {Role.STAFF: _("Staff"), Role.EDITOR: _("Editor"), Role.PUBLISHER: _("Publisher")}


def _hints() -> dict[Role, str]:
    return {
        Role.STAFF: _("Reads reports. Sees no personal data."),
        Role.EDITOR: _("Also writes articles, appeals and topics, and runs rounds of voting."),
        Role.PUBLISHER: _("Also refunds, exports, and manages people and settings."),
    }


def _offering_roles(form: Form) -> Form:
    form.role.choices = [SelectChoice(role.value, label) for role, label in _roles().items()]
    return form


def _new_page(form: NewPersonForm) -> str:
    return render_template("staff/people/new.html", form=form, hints=_hints())


def _edit_page(form: PersonForm, account: Account) -> str:
    return render_template(
        "staff/people/edit.html",
        form=form,
        person=account,
        hints=_hints(),
        is_me=account.id == signed_in_account().id,
    )


def _dismissal_page(form: SignedInForm, account: Account) -> str:
    return render_template("staff/people/new_dismissal.html", form=form, person=account)


def _sentence(error: OwnRoleError | LastPublisherError) -> str:
    if isinstance(error, OwnRoleError):
        return str(_("Nobody changes what they themselves may do. Ask another publisher."))
    return str(_("This is the last publisher. Make somebody else a publisher first."))
