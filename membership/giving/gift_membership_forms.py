"""The forms of a membership for somebody else: buying it, claiming it, sending it elsewhere."""

from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import DateField, HiddenField, RadioField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from membership import clock
from membership.giving import gift_memberships
from membership.giving.forms import FormKeyField, InOfferedCurrency, check_range
from membership.giving.models import Interval
from membership.money import Money
from membership.web import filters
from membership.web.forms import AddressField, MoneyField, PlainLine, PublicForm, SignedInForm
from membership.web.languages import AVAILABLE

MOST_AHEAD = timedelta(days=365)
USUAL_MONTHS = 12


class GiftMembershipForm(InOfferedCurrency, PublicForm):
    """A membership for somebody else: how long, for whom, from whom. Nothing but these fields is ever read."""

    currency = HiddenField(lazy_gettext("Currency"))
    months = RadioField(
        lazy_gettext("How long"),
        choices=[SelectChoice(str(number), str(number)) for number in range(1, 13)],
        default=str(USUAL_MONTHS),
        validate_choice=False,
    )
    amount = MoneyField(lazy_gettext("Give more for it"), [Optional()])
    recipient_name = PlainLine(
        lazy_gettext("Name"),
        [InputRequired(lazy_gettext("Enter the name of whom it is for.")), Length(max=120)],
    )
    recipient_email = AddressField(lazy_gettext("E-mail address"), [Optional(strip_whitespace=True)])
    mail_on = DateField(lazy_gettext("Day on which the mail goes out"), [Optional(strip_whitespace=True)])
    message = TextAreaField(
        lazy_gettext("Your message"),
        [Length(max=500, message=lazy_gettext("Use at most 500 characters."))],
    )
    card_language = RadioField(
        lazy_gettext("Language of mail and card"),
        choices=[SelectChoice(code, name) for code, name in AVAILABLE.items()],
    )
    giver_name = PlainLine(
        lazy_gettext("Your name"),
        [InputRequired(lazy_gettext("Enter your name.")), Length(max=120)],
    )
    email = AddressField(
        lazy_gettext("Your e-mail address"), [InputRequired(lazy_gettext("Enter your e-mail address."))]
    )
    form_key = FormKeyField(lazy_gettext("This page was out of date. Look at your gift and send it again."))
    challenge = HiddenField()  # these three only while protected mode is on (giving.proving)
    proof = HiddenField()
    code = StringField(lazy_gettext("The code from our mail"), render_kw={"maxlength": 12})

    def process(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - WTForms' own
        """Send back the currency that the price is in."""
        super().process(*args, **options)
        self.currency.data = self.money_currency

    @property
    def chosen_months(self) -> int:
        """The months chosen, of a valid form."""
        return int(self.months.data)

    @property
    def total(self) -> Money:
        """What is charged, of a valid form: the price of the months, or the larger amount that was typed."""
        least = gift_memberships.price(self.chosen_months, self.money_currency, self._newsroom)
        return least if self.amount.data is None else self.amount.data

    def validate_months(self, field: RadioField) -> None:
        """From one month to a year."""
        if field.data not in {str(number) for number in range(1, 13)}:
            field.data = str(USUAL_MONTHS)
            raise ValidationError(_("Choose from one month to twelve."))

    def validate_amount(self, field: MoneyField) -> None:
        """Not less than the months cost, and no more than is taken online."""
        if field.data is None or self.months.data not in {str(number) for number in range(1, 13)}:
            return
        least = gift_memberships.price(self.chosen_months, self.money_currency, self._newsroom)
        if field.data < least:
            raise ValidationError(_("So many months cost at least %(amount)s.", amount=filters.money(least)))
        if least < field.data:
            check_range(field.data, Interval.ONCE, self._newsroom)

    def validate_mail_on(self, field: DateField) -> None:
        """A day from today to a year ahead."""
        today = clock.today(self._newsroom.zone)
        if field.data is not None and not today <= field.data <= today + MOST_AHEAD:
            raise ValidationError(_("Choose a day within the next year."))

    def validate_message(self, field: TextAreaField) -> None:
        """Text that can be seen; lines are kept."""
        field.data = (field.data or "").strip().replace("\r\n", "\n")
        if any(not (letter.isprintable() or letter == "\n") for letter in field.data):
            raise ValidationError(_("Remove invisible characters."))


class ClaimAskForm(PublicForm):
    """The address of whoever wants to claim."""

    email = AddressField(
        lazy_gettext("Your e-mail address"), [InputRequired(lazy_gettext("Enter your e-mail address."))]
    )


class ClaimForm(SignedInForm):
    """Letting the membership begin: nothing to type."""


class RecipientForm(SignedInForm):
    """The right address of whom a membership is for."""

    email = AddressField(
        lazy_gettext("E-mail address"), [InputRequired(lazy_gettext("Enter an e-mail address."))]
    )
