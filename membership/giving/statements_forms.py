"""The dates of a statement, read from the address; and corrections of receipts by staff."""

from datetime import date

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import DateField, RadioField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from membership.web.forms import PlainLine, PublicForm, SignedInForm
from membership.web.languages import AVAILABLE


class PeriodForm(PublicForm):
    """From one day to another, both within; days of the newsroom."""

    first = DateField(lazy_gettext("From"), [InputRequired(lazy_gettext("Enter a day."))])
    last = DateField(lazy_gettext("Until"), [InputRequired(lazy_gettext("Enter a day."))])

    def is_asked_for(self) -> bool:
        """Whether the address names any day."""
        return "first" in request.args or "last" in request.args

    def validate_last(self, field: DateField) -> None:
        """A period ends after it begins."""
        if self.first.data and field.data and field.data < self.first.data:
            raise ValidationError(_("The last day lies before the first."))


def period_form(today: date) -> PeriodForm:
    """The period asked for in the address; the year up to today if none is."""
    asked = PeriodForm(request.args)
    if asked.is_asked_for():
        return asked
    return PeriodForm(formdata=None, data={"first": today.replace(month=1, day=1), "last": today})


class CorrectionForm(SignedInForm):
    """What the receipt that takes the place of another should say, and why."""

    name = PlainLine(
        lazy_gettext("Name on the new receipt"),
        [Length(max=120, message=lazy_gettext("Use at most 120 characters."))],
    )
    language = RadioField(
        lazy_gettext("Language of the receipt"),
        choices=[SelectChoice(code, name) for code, name in AVAILABLE.items()],
    )
    reason = TextAreaField(
        lazy_gettext("Why it is corrected, without names"),
        [InputRequired(lazy_gettext("Give the reason.")), Length(min=5, max=300)],
    )


class CancellationForm(SignedInForm):
    """Why a receipt is taken back without another in its place."""

    reason = TextAreaField(
        lazy_gettext("Why it is canceled, without names"),
        [InputRequired(lazy_gettext("Give the reason.")), Length(min=5, max=300)],
        id="cancellation-reason",  # it stands on one page with a correction
    )
