"""The forms of signing in, of the second factor, and of appointing people."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectField
from wtforms.validators import InputRequired, Length

from membership.accounts.models import Role
from membership.web.forms import AddressField, PlainLine, PublicForm, SignedInForm


class AskForm(PublicForm):
    """The address to mail a link to."""

    email = AddressField(_l("E-mail address"), [InputRequired(_l("Enter your e-mail address."))])
    next = HiddenField()


class CodeForm(PublicForm):
    """The six digits from the mail; `next` is where the page that asks for them leads on to."""

    code = PlainLine(
        _l("Code from the mail"),
        validators=[InputRequired(_l("Enter the six digits.")), Length(max=20)],
    )
    next = HiddenField()


class LinkForm(PublicForm):
    """The button on the page of a mailed link; `switch` says that another session may end."""

    switch = HiddenField()


class SecondFactorForm(SignedInForm):
    """A code of the app, or a recovery code."""

    code = PlainLine(_l("Code"), validators=[InputRequired(_l("Enter the code.")), Length(max=40)])
    next = HiddenField()


class NewPersonForm(SignedInForm):
    """Somebody who will work here."""

    email = AddressField(_l("E-mail address"), [InputRequired(_l("Enter an e-mail address."))])
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
