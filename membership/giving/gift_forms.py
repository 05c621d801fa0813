"""What a patron sends to change a gift: forms of somebody who has signed in, each named so that it counts once."""

import re
from typing import Any

from flask_babel import lazy_gettext
from wtforms import BooleanField, HiddenField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, InputRequired, Optional

from membership import secrets
from membership.giving import resting
from membership.giving.forms import FEEDBACK, check_range
from membership.money import Money
from membership.newsroom.settings_rows import NewsroomSettings
from membership.web.forms import MoneyField, SignedInForm

_REQUEST = re.compile(r"[A-Za-z0-9_-]{8,32}", re.ASCII)


class ActForm(SignedInForm):
    """A form that does one thing, however often it is sent: `request` is made with the page that shows it."""

    request = HiddenField()

    def process(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - WTForms' own
        """Take the name the form came with, or name it now: as it is shown, or where none came along."""
        super().process(*args, **options)
        if not _REQUEST.fullmatch(self.request.data or ""):
            self.request.data = secrets.new_public_id()


class AmountForm(ActForm):
    """A new amount for a gift that renews, in its own currency; `interval` is the one it is given at."""

    amount = MoneyField(lazy_gettext("New amount"), [InputRequired(lazy_gettext("Enter an amount."))])
    cover_fee = BooleanField()

    def __init__(self, newsroom: NewsroomSettings, *, currency: str, interval: str) -> None:
        self._newsroom = newsroom
        self.money_currency = currency
        self._interval = interval
        super().__init__()

    @property
    def chosen(self) -> Money | None:
        """The amount without covered fee, if it can be taken."""
        return self.amount.data if not self.amount.errors else None

    def validate_amount(self, field: MoneyField) -> None:
        """Between the smallest and the largest gift."""
        if field.data is not None:
            check_range(field.data, self._interval, self._newsroom)


class CancellationForm(ActForm):
    """Ending a gift: the reason is asked for, never required."""

    feedback = SelectField(lazy_gettext("Would you tell us why?"), choices=FEEDBACK, default="")


class ResumptionForm(ActForm):
    """Letting a gift go on: only what its page spoke of (`undoes`: Gift.to_undo) is undone, sent however often."""

    undoes = HiddenField(validators=[Optional(), AnyOf(("end", "pause", "skip"))])


class PauseForm(ActForm):
    """Letting a gift rest: for how many months."""

    months = RadioField(
        lazy_gettext("For how long?"),
        choices=[SelectChoice(number, str(number)) for number in range(1, resting.MOST_MONTHS + 1)],
        coerce=int,
        default=1,
    )
