"""Forms about appeals: the smaller doors under a story, and what staff write."""

from functools import cache
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import BooleanField, Field, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import AnyOf, DataRequired, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import TextInput

from membership import money
from membership.appeals.presenting import INTERVALS
from membership.money import AmountError, Money
from membership.newsroom.settings_rows import Amounts
from membership.web.forms import AddressField, PlainLine, PublicForm, SignedInForm, amount_sentence

MOST_AMOUNTS = 5

NOT_NOW = "not-now"
SUPPORTER = "supporter"


class AppealOffForm(PublicForm):
    """Why not to be asked for a while, and where to go back to."""

    reason = StringField(validators=[AnyOf((NOT_NOW, SUPPORTER))])
    article = StringField(validators=[Optional(), Length(max=160)])
    next = StringField(validators=[Optional(), Length(max=500)])


class RemindForm(PublicForm):
    """Where to send the reminder, and the article it was asked for under."""

    email = AddressField(
        lazy_gettext("E-mail address"), [InputRequired(lazy_gettext("Enter your e-mail address."))]
    )
    article = StringField(validators=[InputRequired(), Length(max=160)])


class AmountsField(Field):
    """Suggested amounts as typed, parted by blanks or semicolons; `data` is a list of minor units, ascending."""

    widget = TextInput()

    def __init__(self, label: Any = None, validators: Any = None, *, currency: str, **options: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(label, validators, **options)
        self.currency = currency
        self.typed: str | None = None

    def _value(self) -> str:
        if self.typed is not None:
            return self.typed
        return "; ".join(Money(amount, self.currency).plain() for amount in self.data or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read each amount; a fault becomes the field's error."""
        self.typed = valuelist[0][:200] if valuelist else ""
        self.data = []
        try:
            read = {money.parse(part, self.currency).amount for part in self.typed.replace(";", " ").split()}
        except AmountError as error:
            raise ValueError(amount_sentence(error.fault, self.currency)) from None
        if len(read) > MOST_AMOUNTS:
            raise ValueError(_("Suggest at most five amounts."))
        self.data = sorted(read)


class AppealForm(SignedInForm):
    """The words of an appeal; `amounts` are fields for each currency and interval."""

    name = PlainLine(
        lazy_gettext("Name"),
        [DataRequired(lazy_gettext("Give it a name for the newsroom.")), Length(max=120)],
        description=lazy_gettext("For the newsroom and its reports; readers do not see it."),
    )
    language = SelectField(lazy_gettext("Language"), [InputRequired()])
    heading = PlainLine(
        lazy_gettext("Heading"), [DataRequired(lazy_gettext("Write a heading.")), Length(max=200)]
    )
    body = TextAreaField(
        lazy_gettext("Text"),
        [DataRequired(lazy_gettext("Write what you ask, and why.")), Length(max=4000)],
        description=lazy_gettext("Plain paragraphs, parted by empty lines."),
    )
    highlight = PlainLine(lazy_gettext("The one sentence that stands out"), [Optional(), Length(max=300)])
    priority = IntegerField(
        lazy_gettext("Priority"),
        [InputRequired(), NumberRange(0, 1000)],
        default=0,
        description=lazy_gettext("Of the appeals that are on, the one with the highest is shown."),
    )
    is_on = BooleanField(lazy_gettext("Is on"), default=True)
    currencies: tuple[str, ...] = ()

    def amounts(self) -> Amounts:
        """The suggested amounts that were given, by currency and interval; those left empty left out."""
        found: Amounts = {}
        for currency in self.currencies:
            for interval in INTERVALS:
                if given := self[f"amounts_{currency}_{interval}"].data:
                    found.setdefault(currency, {})[interval] = given
        return found

    def rows(self) -> list[tuple[str, list[Any]]]:
        """The fields of the amounts, for each currency in the order of the intervals."""
        return [
            (currency, [self[f"amounts_{currency}_{interval}"] for interval in INTERVALS])
            for currency in self.currencies
        ]


@cache
def appeal_form(currencies: tuple[str, ...]) -> type[AppealForm]:
    """The form of a newsroom that takes these currencies."""
    labels = {
        "month": lazy_gettext("Monthly"),
        "year": lazy_gettext("Yearly"),
        "once": lazy_gettext("Once"),
    }
    fields: dict[str, Any] = {
        f"amounts_{currency}_{interval}": AmountsField(labels[interval], currency=currency)
        for currency in currencies
        for interval in INTERVALS
    }
    return type("NewsroomAppealForm", (AppealForm,), {**fields, "currencies": currencies})
