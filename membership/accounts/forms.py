"""The forms of signing in, of the second factor, and of appointing people."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectField, ValidationError
from wtforms.validators import InputRequired, Length

from membership.accounts.models import Role
from membership.web import emails
from membership.web.forms import PlainLine, PublicForm, SignedInForm


def one_address(_form: object, field: PlainLine) -> None:
    """Refuse what is not exactly one plain e-mail address."""
    try:
        emails.canonical(field.data or "")
    except emails.AddressError:
        raise ValidationError(_l("Enter one e-mail address, like name@example.org.")) from None


class AskForm(PublicForm):
    """The address to mail a link to."""

    email = PlainLine(
        _l("E-mail address"),
        validators=[InputRequired(_l("Enter your e-mail address.")), one_address],
    )
    next = HiddenField()


class CodeForm(PublicForm):
    """The six digits from the mail."""

    code = PlainLine(
        _l("Code from the mail"),
        validators=[InputRequired(_l("Enter the six digits.")), Length(max=20)],
    )


class LinkForm(PublicForm):
    """The button on the page of a mailed link; `switch` says that another session may end."""

    switch = HiddenField()


class SecondFactorForm(SignedInForm):
    """A code of the app, or a recovery code."""

    code = PlainLine(_l("Code"), validators=[InputRequired(_l("Enter the code.")), Length(max=40)])
    next = HiddenField()


class NewPersonForm(SignedInForm):
    """Somebody who will work here."""

    email = PlainLine(
        _l("E-mail address"),
        validators=[InputRequired(_l("Enter an e-mail address.")), one_address],
    )
    name = PlainLine(_l("Name"), validators=[Length(max=80)])
    role = RadioField(_l("Role"), default=Role.STAFF, validators=[InputRequired(_l("Choose a role."))])
    sees_patrons = BooleanField(_l("May see patrons' records"))


class PersonForm(SignedInForm):
    """What somebody who works here may do."""

    role = RadioField(_l("Role"), validators=[InputRequired(_l("Choose a role."))])
    sees_patrons = BooleanField(_l("May see patrons' records"))


class LanguageForm(SignedInForm):
    """The language of one's own pages and mails."""

    language = SelectField(_l("Language"), validators=[InputRequired()])
