"""The form for lost mailboxes, and what staff do for a patron."""

from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import DateField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.validators import InputRequired, Length, Regexp

from membership import clock
from membership.giving.forms import AddressForm, InOfferedCurrency, check_range
from membership.giving.gifts import Gift
from membership.giving.models import CareActKind
from membership.money import Money
from membership.newsroom.settings_rows import NewsroomSettings
from membership.web import filters
from membership.web.forms import AddressField, MoneyField, PlainLine, SignedInForm


class MailboxForm(InOfferedCurrency, AddressForm):
    """What a bank statement says of a gift, and where we can write to."""

    paid_on = DateField(
        lazy_gettext("Day of a payment"), [InputRequired(lazy_gettext("Enter the day of a payment."))]
    )
    currency = SelectField(lazy_gettext("Currency"), [InputRequired()])
    amount = MoneyField(lazy_gettext("Amount"), [InputRequired(lazy_gettext("Enter an amount."))])
    card_last4 = PlainLine(
        lazy_gettext("Last four digits of the card"),
        [
            InputRequired(lazy_gettext("Enter the last four digits.")),
            Regexp(r"^[0-9]{4}$", message=lazy_gettext("Enter the last four digits.")),
        ],
    )
    note = TextAreaField(
        lazy_gettext("What would you like us to do?"),
        [Length(max=500, message=lazy_gettext("Use at most 500 characters."))],
    )

    def __init__(self, newsroom: NewsroomSettings, *args: Any, **options: Any) -> None:  # noqa: ANN401 - WTForms' own
        super().__init__(newsroom, *args, **options)
        self.currency.choices = [(code, code.upper()) for code in newsroom.currencies]

    def validate_paid_on(self, field: DateField) -> None:
        """A day that has been."""
        if field.data is not None and field.data > (clock.now() + timedelta(days=1)).date():
            raise ValidationError(_("Enter a day that has been."))


class PatronActForm(SignedInForm):
    """One act that staff do to a gift, since its patron asked for it."""

    act = StringField(lazy_gettext("What to do"))  # sent by the button that was pressed
    amount = MoneyField(lazy_gettext("New amount"))

    def __init__(self, newsroom: NewsroomSettings, gift: Gift, possible: list[CareActKind]) -> None:
        self._newsroom = newsroom
        self._gift = gift
        self.money_currency = gift.money.currency
        self._possible = possible
        super().__init__()
        self.amount.flags.required = True  # it stands in a form of its own, beside the button that needs it

    def validate_act(self, field: StringField) -> None:
        """One that fits the gift as it is now."""
        if field.data not in self._possible:
            raise ValidationError(_("This does not fit the gift any more. Look at it again."))

    def validate_amount(self, field: MoneyField) -> None:
        """Less than now, and not under the smallest gift; asked for by one act only."""
        if self.act.data != CareActKind.LOWER:
            return
        if field.data is None:
            raise ValidationError(_("Enter an amount."))
        check_range(field.data, self._gift.interval, self._newsroom)
        lower_than: Money = self._gift.money
        if not field.data < lower_than:
            raise ValidationError(
                _("Staff can only lower a gift: less than %(amount)s.", amount=filters.money(lower_than))
            )


class NewAddressForm(SignedInForm):
    """A patron's new address, as staff were told it."""

    email = AddressField(
        lazy_gettext("New e-mail address"), [InputRequired(lazy_gettext("Enter the new e-mail address."))]
    )
