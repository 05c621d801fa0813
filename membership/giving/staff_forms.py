"""The forms of giving for staff: refunds, and the other ways to support."""

from flask_babel import lazy_gettext
from wtforms import IntegerField, RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange

from membership.giving.forms import FormKeyField
from membership.web.forms import MoneyField, PlainLine, SignedInForm
from membership.web.languages import AVAILABLE

REFUND_REASONS = [
    SelectChoice("requested_by_customer", lazy_gettext("The patron asked for it")),
    SelectChoice("duplicate", lazy_gettext("It was paid twice")),
    SelectChoice("fraudulent", lazy_gettext("It was not the owner of the card")),
]


class RefundForm(SignedInForm):
    """How much of a payment goes back, and why. For publishers."""

    amount = MoneyField(
        lazy_gettext("Amount to send back"), [InputRequired(lazy_gettext("Enter an amount."))]
    )
    reason = RadioField(lazy_gettext("Reason"), choices=REFUND_REASONS, default="requested_by_customer")
    form_key = FormKeyField(lazy_gettext("This page was out of date. Look at the amount and send it again."))

    def __init__(self, *, currency: str) -> None:
        self.money_currency = currency
        super().__init__()


class OtherWayForm(SignedInForm):
    """One way to support without a card, in one language."""

    language = RadioField(
        lazy_gettext("Language"), choices=[SelectChoice(code, name) for code, name in AVAILABLE.items()]
    )
    title = PlainLine(lazy_gettext("Title"), [InputRequired(lazy_gettext("Enter a title.")), Length(max=120)])
    text = TextAreaField(
        lazy_gettext("Text, in Markdown"),
        [InputRequired(lazy_gettext("Enter a text.")), Length(max=10_000)],
    )
    position = IntegerField(lazy_gettext("Place in the list"), [NumberRange(min=0, max=999)], default=0)


class DeletionForm(SignedInForm):
    """Taking something away: nothing to type."""
