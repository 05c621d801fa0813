"""The form behind a care link: which act, and what it needs. Anonymous: the link itself is the right to send it."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from wtforms import SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice

from membership.giving import pausing, resting
from membership.giving.forms import FEEDBACK, check_range
from membership.giving.gifts import Gift
from membership.giving.models import CareActKind
from membership.newsroom.settings_rows import NewsroomSettings
from membership.web import filters
from membership.web.forms import MoneyField, PublicForm


class CareForm(PublicForm):
    """One act of those that the page offers, in the gift's own currency."""

    act = StringField(lazy_gettext("What to do"))  # sent by the button that was pressed
    amount = MoneyField(lazy_gettext("New amount"))
    months = SelectField(lazy_gettext("For how long?"), coerce=int, default=1, validate_choice=False)
    feedback = SelectField(lazy_gettext("Would you tell us why?"), choices=FEEDBACK, default="")

    def __init__(self, newsroom: NewsroomSettings, gift: Gift, possible: list[CareActKind]) -> None:
        self._newsroom = newsroom
        self._gift = gift
        self.money_currency = gift.money.currency
        self._possible = possible
        super().__init__()
        self.amount.flags.required = True  # it stands in a form of its own, beside the button that needs it
        self.months.flags.required = True
        self.months.choices = _pauses(gift) if CareActKind.PAUSE in possible else []

    def validate_act(self, field: StringField) -> None:
        """One that fits the gift as it is now."""
        if field.data not in self._possible:
            raise ValidationError(_("This does not fit your gift any more. Look at it again."))

    def validate_months(self, field: SelectField) -> None:
        """One of those offered; asked for by one act only."""
        if self.act.data == CareActKind.PAUSE and not 1 <= (field.data or 0) <= resting.MOST_MONTHS:
            raise ValidationError(_("Choose for how long."))

    def validate_amount(self, field: MoneyField) -> None:
        """Less than now, and not under the smallest gift; asked for by one act only."""
        if self.act.data != CareActKind.LOWER:
            return
        if field.data is None:
            raise ValidationError(_("Enter an amount."))
        check_range(field.data, self._gift.interval, self._newsroom)
        if not field.data < self._gift.money:
            raise ValidationError(
                _(
                    "From a mail a gift can only become smaller than %(amount)s. To give more, sign in.",
                    amount=filters.money(self._gift.money),
                )
            )


def _pauses(gift: Gift) -> list[SelectChoice]:
    """For how many months a gift can rest, each with the day of the charge that follows; short, for a phone."""
    return [
        SelectChoice(
            months,
            _(
                "%(span)s, until %(day)s",
                span=ngettext("%(num)s month", "%(num)s months", months),
                day=filters.day(pausing.charge_after(gift, months), "medium"),
            ),
        )
        for months in range(1, resting.MOST_MONTHS + 1)
    ]
