"""The forms of offline gifts: one gift as staff type it, its reversal, a bank's file."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf.file import FileField
from wtforms import DateField, HiddenField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from membership import clock
from membership.giving.forms import FormKeyField, InOfferedCurrency
from membership.giving.offline_words import EARLIEST, MOST_PAYER, MOST_REFERENCE, read_fee
from membership.money import AmountError
from membership.newsroom.settings_rows import NewsroomSettings
from membership.web.forms import AddressField, MoneyField, PlainLine, SignedInForm, amount_sentence


class OfflineGiftForm(InOfferedCurrency, SignedInForm):
    """Money that came by another way than Stripe, as staff enter it."""

    received_on = DateField(
        lazy_gettext("Day it came"), [InputRequired(lazy_gettext("Enter the day, like 2026-11-22."))]
    )
    currency = SelectField(lazy_gettext("Currency"))
    amount = MoneyField(lazy_gettext("Amount"), [InputRequired(lazy_gettext("Enter an amount."))])
    fee = StringField(
        lazy_gettext("Fee that the bank kept"), [Optional(strip_whitespace=True), Length(max=16)]
    )
    payer = PlainLine(
        lazy_gettext("Who gave it"),
        [InputRequired(lazy_gettext("Enter a name.")), Length(max=MOST_PAYER)],
    )
    email = AddressField(lazy_gettext("E-mail address"), [Optional(strip_whitespace=True)])
    reference = PlainLine(
        lazy_gettext("The bank's reference"),
        [Length(max=MOST_REFERENCE, message=lazy_gettext("Use at most 140 characters."))],
    )
    note = PlainLine(
        lazy_gettext("Note"), [Length(max=200, message=lazy_gettext("Use at most 200 characters."))]
    )
    form_key = FormKeyField(lazy_gettext("This page was out of date. Look at the gift and send it again."))
    patron = HiddenField()

    def __init__(self, newsroom: NewsroomSettings, *args: Any, **options: Any) -> None:  # noqa: ANN401 - WTForms' own
        self.fee_amount = 0  # in minor units of the currency, once the form is valid
        super().__init__(newsroom, *args, **options)
        self.currency.flags.required = True  # one is always chosen
        self.currency.choices = [SelectChoice(code, code.upper()) for code in newsroom.currencies]

    def validate_received_on(self, field: DateField) -> None:
        """A day that has come."""
        if field.data is None:
            return
        if field.data > clock.today(self._newsroom.zone):
            raise ValidationError(_("That day has not come yet."))
        if field.data < EARLIEST:
            raise ValidationError(_("That is too long ago. Look at the year."))

    def validate_fee(self, field: StringField) -> None:
        """Less than the amount; empty and 0 are none."""
        if self.amount.data is None:
            return
        try:
            self.fee_amount = read_fee(field.data or "", self.amount.data)
        except AmountError as error:
            raise ValidationError(amount_sentence(error.fault, self.money_currency)) from None
        except ValueError:
            raise ValidationError(_("The fee must be less than the amount.")) from None


class ReversalForm(SignedInForm):
    """Why a gift is taken back; the reason stays beside it."""

    reason = TextAreaField(
        lazy_gettext("What was wrong with it?"),
        [InputRequired(lazy_gettext("Give the reason.")), Length(min=5, max=300)],
    )


class UploadForm(SignedInForm):
    """A bank's file of gifts."""

    file = FileField(lazy_gettext("The bank's file (CSV)"), [InputRequired(lazy_gettext("Choose a file."))])


class ConfirmationForm(SignedInForm):
    """Taking the rows that were shown: nothing to type."""
