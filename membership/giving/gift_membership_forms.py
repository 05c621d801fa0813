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
from membership.giving.forms import FORM_KEY, check_range
from membership.giving.models import Interval
from membership.money import Money
from membership.newsroom.settings_rows import NewsroomSettings
from membership.web import emails, filters
from membership.web.forms import MoneyField, PlainLine, PublicForm, SignedInForm
from membership.web.languages import AVAILABLE

MOST_AHEAD = timedelta(days=365)
USUAL_MONTHS = 12


def check_address(field: StringField) -> None:
    """Let a field hold one plain address in its one spelling.

    Raises:
        ValidationError: it does not.
    """
    try:
        field.data = emails.canonical(field.data or "")
    except emails.AddressError:
        raise ValidationError(_("That is not a complete e-mail address, like name@example.org.")) from None


class GiftMembershipForm(PublicForm):
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
    recipient_email = StringField(
        lazy_gettext("E-mail address"), [Optional(strip_whitespace=True)], render_kw={"maxlength": 254}
    )
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
    email = StringField(
        lazy_gettext("Your e-mail address"),
        [InputRequired(lazy_gettext("Enter your e-mail address."))],
        render_kw={"maxlength": 254},
    )
    form_key = HiddenField()
    challenge = HiddenField()  # these three only while protected mode is on (giving.proving)
    proof = HiddenField()
    code = StringField(lazy_gettext("The code from our mail"), render_kw={"maxlength": 12})

    def __init__(self, newsroom: NewsroomSettings, *args: Any, **options: Any) -> None:  # noqa: ANN401 - WTForms' own
        self._newsroom = newsroom
        self._offered = newsroom.default_currency
        super().__init__(*args, **options)

    def process(self, formdata: Any = None, *args: Any, **options: Any) -> None:  # noqa: ANN401 - WTForms' own
        """Read the currency before the amount, which is read by that currency's grammar."""
        data = self.meta.wrap_formdata(self, formdata)
        typed = data.get("currency", "") if data else ""
        if typed in self._newsroom.currencies:
            self._offered = typed
        super().process(formdata, *args, **options)
        self.currency.data = self._offered

    @property
    def money_currency(self) -> str:
        """The currency asked for if it is offered, else the newsroom's."""
        return self._offered

    @property
    def chosen_months(self) -> int:
        """The months chosen, of a valid form."""
        return int(self.months.data)

    @property
    def total(self) -> Money:
        """What is charged, of a valid form: the price of the months, or the larger amount that was typed."""
        least = gift_memberships.price(self.chosen_months, self._offered, self._newsroom)
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
        least = gift_memberships.price(self.chosen_months, self._offered, self._newsroom)
        if field.data < least:
            raise ValidationError(_("So many months cost at least %(amount)s.", amount=filters.money(least)))
        if least < field.data:
            check_range(field.data, Interval.ONCE, self._newsroom)

    def validate_recipient_email(self, field: StringField) -> None:
        """One plain address, in its one spelling."""
        check_address(field)

    def validate_email(self, field: StringField) -> None:
        """One plain address, in its one spelling."""
        check_address(field)

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

    def validate_form_key(self, field: HiddenField) -> None:
        """The random key that this page was made with: a form sent twice is one gift."""
        if not FORM_KEY.fullmatch(field.data or ""):
            raise ValidationError(_("This page was out of date. Look at your gift and send it again."))


class ClaimAskForm(PublicForm):
    """The address of whoever wants to claim."""

    email = StringField(
        lazy_gettext("Your e-mail address"),
        [InputRequired(lazy_gettext("Enter your e-mail address."))],
        render_kw={"type": "email", "maxlength": 254},
    )

    def validate_email(self, field: StringField) -> None:
        """One plain address, in its one spelling."""
        check_address(field)


class ClaimForm(SignedInForm):
    """Letting the membership begin: nothing to type."""


class RecipientForm(SignedInForm):
    """The right address of whom a membership is for."""

    email = StringField(
        lazy_gettext("E-mail address"),
        [InputRequired(lazy_gettext("Enter an e-mail address."))],
        render_kw={"type": "email", "maxlength": 254},
    )

    def validate_email(self, field: StringField) -> None:
        """One plain address, in its one spelling."""
        check_address(field)
