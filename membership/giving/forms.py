"""The forms of giving: what a reader chooses and types at /support, and what a patron changes about a gift."""

import re
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from membership.giving.models import Interval
from membership.money import Money
from membership.newsroom import gift_range
from membership.newsroom.settings_rows import NewsroomSettings
from membership.web import filters
from membership.web.forms import AddressField, MoneyField, PlainLine, PublicForm

_FORM_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")

INTERVALS = [
    SelectChoice(Interval.MONTH.value, lazy_gettext("Monthly")),
    SelectChoice(Interval.YEAR.value, lazy_gettext("Yearly")),
    SelectChoice(Interval.ONCE.value, lazy_gettext("Once")),
]


FEEDBACK = [
    SelectChoice("", lazy_gettext("I would rather not say")),
    SelectChoice("too_expensive", lazy_gettext("I have to save money")),
    SelectChoice("missing_features", lazy_gettext("I miss something in the coverage")),
    SelectChoice("low_quality", lazy_gettext("I disagree with the coverage")),
    SelectChoice("unused", lazy_gettext("I read too little of it")),
    SelectChoice("switched_service", lazy_gettext("I support somebody else now")),
    SelectChoice("customer_service", lazy_gettext("I was not treated well")),
    SelectChoice("other", lazy_gettext("Something else")),
]
"""Why a gift ends, in Stripe's words, which Stripe keeps beside the subscription."""


def chosen(query: MultiDict[str, str], newsroom: NewsroomSettings) -> MultiDict[str, str]:
    """The query of /support as form data: `other` replaced by what was typed, what is missing by the newsroom's own.

    What was typed holds over a suggestion still marked, since without script typing marks nothing. An appeal starts at
    monthly, and at the middle suggestion where no amount is named.
    """
    data = MultiDict(query.to_dict())
    data["interval"] = data.get("interval") or Interval.MONTH.value
    data["currency"] = data.get("currency") or newsroom.default_currency
    if data.get("amount") == "other" or data.get("other_amount", "").strip():
        data["amount"] = data.get("other_amount", "")  # typing one chooses it, whatever radio was left on
    elif "amount" not in data:
        suggested = newsroom.suggested(data["currency"], data["interval"])
        if suggested:
            data["amount"] = Money(suggested[len(suggested) // 2], data["currency"]).plain()
    return data


class FormKeyField(HiddenField):
    """The random key that a page was made with: its form sent twice is one deed; `stale` is said of any other."""

    def __init__(self, stale: str, **options: Any) -> None:  # noqa: ANN401 - passed on to WTForms
        super().__init__(**options)
        self._stale = stale

    def pre_validate(self, form: object) -> None:
        """Refuse what no page of ours has sent."""
        if not _FORM_KEY.fullmatch(self.data or ""):
            raise ValidationError(self._stale)


class InOfferedCurrency(FlaskForm):
    """A form with a currency and an amount: the amount is read by the grammar of the currency that was chosen."""

    def __init__(self, newsroom: NewsroomSettings, *args: Any, **options: Any) -> None:  # noqa: ANN401 - WTForms' own
        self._newsroom = newsroom
        self.money_currency = newsroom.default_currency
        super().__init__(*args, **options)

    def process(self, formdata: Any = None, *args: Any, **options: Any) -> None:  # noqa: ANN401 - WTForms' own
        """Read the currency before the amount; one that is not offered leaves the newsroom's own."""
        data = self.meta.wrap_formdata(self, formdata)
        typed = data.get("currency", "") if data else ""
        if typed in self._newsroom.currencies:
            self.money_currency = typed
        super().process(formdata, *args, **options)


class CheckoutForm(InOfferedCurrency, PublicForm):
    """A gift and its giver, as typed at /support. Nothing but these fields is ever read."""

    interval = RadioField(lazy_gettext("How often"), choices=INTERVALS, validate_choice=False)
    currency = HiddenField(lazy_gettext("Currency"))
    amount = MoneyField(
        lazy_gettext("Amount"),
        [InputRequired(lazy_gettext("Enter an amount."))],
    )
    email = AddressField(
        lazy_gettext("E-mail address"), [InputRequired(lazy_gettext("Enter your e-mail address."))]
    )
    name = PlainLine(
        lazy_gettext("Your name"),
        [Length(max=120, message=lazy_gettext("Use at most 120 characters."))],
    )
    note = TextAreaField(
        lazy_gettext("A note to the newsroom"),
        [Length(max=500, message=lazy_gettext("Use at most 500 characters."))],
    )
    cover_fee = BooleanField()
    form_key = FormKeyField(lazy_gettext("This page was out of date. Look at your gift and send it again."))
    article = HiddenField()
    appeal = HiddenField()
    campaign = HiddenField()
    challenge = HiddenField()  # these three only while protected mode is on (giving.proving)
    proof = HiddenField()
    code = StringField(lazy_gettext("The code from our mail"), render_kw={"maxlength": 12})

    @property
    def gift(self) -> Money | None:
        """The amount without covered fee, if it can be taken."""
        return self.amount.data if not self.amount.errors else None

    def choice_errors(self) -> bool:
        """Whether something is wrong with what was chosen (not with what was typed about the giver)."""
        return bool(self.amount.errors or self.interval.errors or self.currency.errors)

    def validate_interval(self, field: RadioField) -> None:
        """One of three; anything else falls back to monthly, and says so."""
        if field.data not in set(Interval):
            field.data = Interval.MONTH.value
            raise ValidationError(_("Choose monthly, yearly or once."))

    def validate_currency(self, field: HiddenField) -> None:
        """Only what the newsroom offers."""
        if field.data not in self._newsroom.currencies:
            field.data = self._newsroom.default_currency
            raise ValidationError(
                _(
                    "We cannot take that currency. We take: %(currencies)s.",
                    currencies=", ".join(self._newsroom.currencies).upper(),
                )
            )

    def validate_amount(self, field: MoneyField) -> None:
        """Between the smallest and the largest gift of the currency and interval."""
        if field.data is None:
            return
        interval = self.interval.data if self.interval.data in set(Interval) else Interval.MONTH.value
        check_range(field.data, interval, self._newsroom)

    def validate_note(self, field: TextAreaField) -> None:
        """Text that can be seen; lines are kept."""
        field.data = (field.data or "").strip().replace("\r\n", "\n")
        if _INVISIBLE.search(field.data):
            raise ValidationError(_("Remove invisible characters."))


def check_range(money: Money, interval: str, newsroom: NewsroomSettings) -> None:
    """Refuse a gift that is smaller or larger than the newsroom takes.

    Raises:
        ValidationError: with the sentence that says the limit.
    """
    if money.amount < newsroom.smallest(money.currency, interval):
        raise ValidationError(gift_range.smallest(newsroom, money.currency, interval))
    largest = Money(newsroom.largest(money.currency), money.currency)
    if largest < money:
        raise ValidationError(
            _(
                "Online we take at most %(amount)s at a time. Write to %(address)s about a larger gift.",
                amount=filters.money(largest),
                address=newsroom.contact_email,
            )
        )


class AddressForm(PublicForm):
    """The right address, from the browser that has just paid."""

    email = AddressField(
        lazy_gettext("E-mail address"), [InputRequired(lazy_gettext("Enter your e-mail address."))]
    )
