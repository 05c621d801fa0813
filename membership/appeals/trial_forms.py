"""The form that sets up a trial."""

from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import DateField, SelectField, SelectMultipleField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from membership.web.forms import PlainLine, SignedInForm

LEAST_DAYS, MOST_DAYS = 7, 180
MOST_VARIANTS = 4
HOLD_BACKS = (0, 10, 20, 25)


class TrialForm(SignedInForm):
    """Which appeals take turns, from when to when, and on how many days nobody is asked."""

    name = PlainLine(
        lazy_gettext("Name"),
        [DataRequired(lazy_gettext("Give it a name for the newsroom.")), Length(max=120)],
        description=lazy_gettext("What you want to learn, in a few words. Readers do not see it."),
    )
    first = SelectField(
        lazy_gettext("Compare with"),
        [InputRequired(lazy_gettext("Choose the appeal that the others are compared with."))],
        description=lazy_gettext("Usually the appeal that you have now."),
    )
    others = SelectMultipleField(
        lazy_gettext("Try out"),
        [DataRequired(lazy_gettext("Choose at least one appeal to try out."))],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    first_day = DateField(
        lazy_gettext("First day"), [InputRequired(lazy_gettext("Choose the day on which it begins."))]
    )
    last_day = DateField(
        lazy_gettext("Last day"), [InputRequired(lazy_gettext("Choose the day after which it ends."))]
    )
    hold_back = SelectField(
        lazy_gettext("Days without an appeal"),
        coerce=int,
        description=lazy_gettext(
            "On these days an article asks nobody: they show what asking brings, and cost what it would have brought."
        ),
    )

    def validate_others(self, field: SelectMultipleField) -> None:
        """Others than the first, and few enough to learn something of each."""
        if self.first.data in (field.data or []):
            raise ValidationError(
                _("The appeal that the others are compared with cannot be tried out against itself.")
            )
        if len(field.data or []) >= MOST_VARIANTS:
            raise ValidationError(_("Try out at most three at a time: each further one needs more gifts."))

    def validate_last_day(self, field: DateField) -> None:
        """Whole weeks are best; less than one says nothing of weekends."""
        if self.first_day.data is None or field.data is None:
            return
        days = (field.data - self.first_day.data + timedelta(days=1)).days
        if not LEAST_DAYS <= days <= MOST_DAYS:
            raise ValidationError(
                _(
                    "A trial lasts %(least)s days at least and %(most)s at most.",
                    least=LEAST_DAYS,
                    most=MOST_DAYS,
                )
            )


def hold_back_choices() -> list[tuple[int, str]]:
    """What can be chosen, with words."""
    return [
        (0, _("None")),
        (10, _("One day in ten")),
        (20, _("One day in five")),
        (25, _("One day in four")),
    ]
