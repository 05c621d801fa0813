"""What staff write: an appeal, with where and when it may stand."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import (
    BooleanField,
    DateField,
    Field,
    IntegerField,
    SelectField,
    SelectMultipleField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from membership import money
from membership.appeals.choosing import Rules
from membership.appeals.presenting import INTERVALS
from membership.money import AmountError, AmountFault, Money
from membership.newsroom import gift_range
from membership.newsroom.settings_rows import Amounts, NewsroomSettings
from membership.web import filters
from membership.web.forms import PlainLine, SignedInForm, amount_sentence

MOST_AMOUNTS = 5
MOST_TAGS = 30
LONGEST_TAG = 60
MOST_PARAGRAPHS = 12


class AmountsField(Field):
    """Suggested amounts as typed, parted by blanks or semicolons; `data` is a list of minor units, ascending."""

    widget = TextInput()

    def __init__(self, label: Any = None, *, currency: str, interval: str, **options: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(label, **options)
        self.currency, self.interval = currency, interval
        self.typed: str | None = None

    def _value(self) -> str:
        if self.typed is not None:
            return self.typed
        return self.written(self.data or [])

    def written(self, amounts: Sequence[int]) -> str:
        """Amounts as they are typed: "3; 5; 7.50"."""
        plain = (Money(amount, self.currency).plain() for amount in amounts)
        return "; ".join(text.removesuffix(".00") for text in plain)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read each amount; a fault becomes the field's error."""
        self.typed = valuelist[0][:200] if valuelist else ""
        self.data = []
        try:
            read = {money.parse(part, self.currency).amount for part in self.typed.replace(";", " ").split()}
        except AmountError as error:
            if error.fault is AmountFault.TOO_LARGE:
                raise ValueError(_("Stripe does not take as much at a time.")) from None
            raise ValueError(amount_sentence(error.fault, self.currency)) from None
        if len(read) > MOST_AMOUNTS:
            raise ValueError(_("Suggest at most five amounts."))
        self.data = sorted(read)

    def check_range(self, newsroom: NewsroomSettings) -> None:
        """Refuse to suggest what the newsroom would not take.

        Raises:
            ValidationError: with the sentence that says the limit.
        """
        for amount in self.data or []:
            if amount < newsroom.smallest(self.currency, self.interval):
                raise ValidationError(gift_range.smallest(newsroom, self.currency, self.interval))
            if not newsroom.takes(amount, self.currency, self.interval):
                largest = Money(newsroom.largest(self.currency), self.currency)
                raise ValidationError(
                    _("The largest gift taken online is %(amount)s.", amount=filters.money(largest))
                )


class TagsField(Field):
    """Tags as typed, parted by commas; `data` is a list of them, each once."""

    widget = TextInput()
    data: Any

    def _value(self) -> str:
        return ", ".join(self.data or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take each tag, trimmed."""
        typed = (valuelist[0] if valuelist else "")[:4_000].split(",")
        self.data = list(dict.fromkeys(" ".join(tag.split()) for tag in typed if tag.strip()))

    def pre_validate(self, form: object) -> None:
        """Refuse what no tag can be."""
        if len(self.data) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in self.data):
            raise ValidationError(
                _("Part the tags by commas; thirty at most, each of sixty letters at most.")
            )


class SectionsField(SelectMultipleField):
    """Some of the newsroom's sections, as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class AppealForm(SignedInForm):
    """The words of an appeal and its rules; `amounts` are fields for each currency and interval."""

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
    sections_in = SectionsField(lazy_gettext("Only in these sections"), [Optional()])
    sections_out = SectionsField(lazy_gettext("Never in these sections"), [Optional()])
    tags_in = TagsField(
        lazy_gettext("Only under stories with one of these tags"),
        description=lazy_gettext("Parted by commas. Empty: whatever the tags."),
    )
    tags_out = TagsField(
        lazy_gettext("Never under stories with one of these tags"),
        description=lazy_gettext("Parted by commas."),
    )
    first_day = DateField(lazy_gettext("First day"), [Optional(strip_whitespace=True)])
    last_day = DateField(lazy_gettext("Last day"), [Optional(strip_whitespace=True)])
    asks_month = BooleanField(lazy_gettext("Monthly"), default=True)
    asks_year = BooleanField(lazy_gettext("Yearly"), default=True)
    asks_once = BooleanField(lazy_gettext("Once"), default=True)
    priority = IntegerField(
        lazy_gettext("Priority"),
        [InputRequired(lazy_gettext("Enter a number from 0 to 1000.")), NumberRange(0, 1000)],
        default=0,
        description=lazy_gettext("Where several fit a story, the one with the highest number stands there."),
    )
    is_on = BooleanField(lazy_gettext("Is on"), default=True)
    currencies: tuple[str, ...] = ()
    newsroom: NewsroomSettings

    def for_newsroom(self, newsroom: NewsroomSettings, names: dict[str, str]) -> None:
        """Offer the newsroom's languages and sections, and keep to its limits; `names` are those of languages."""
        self.newsroom = newsroom
        for field in (field for _currency, fields in self.rows() for field in fields):
            field.render_kw = {
                "placeholder": field.written(newsroom.suggested(field.currency, field.interval))
            }
        self.language.choices = [(code, names.get(code, code)) for code in newsroom.languages]
        told = [
            (section["slug"], newsroom.section_name(section["slug"], newsroom.default_language))
            for section in newsroom.sections
        ]
        for field in (self.sections_in, self.sections_out):
            known = {slug for slug, _name in told}
            gone = [(slug, slug) for slug in field.data or [] if slug not in known and not field.raw_data]
            field.choices = told + gone

    def validate_sections_out(self, field: SectionsField) -> None:
        """A section is in or out, not both."""
        if set(field.data or []) & set(self.sections_in.data or []):
            raise ValidationError(_("A section cannot be among both. Untick it in one of the lists."))

    def validate_tags_out(self, field: TagsField) -> None:
        """A tag is in or out, not both."""
        wanted = {tag.casefold() for tag in self.tags_in.data or []}
        if both := [tag for tag in field.data or [] if tag.casefold() in wanted]:
            raise ValidationError(_("“%(tag)s” cannot be among both. Take it out of one.", tag=both[0]))

    def validate_last_day(self, field: DateField) -> None:
        """The last day does not lie before the first."""
        first: date | None = self.first_day.data
        if first and field.data and field.data < first:
            raise ValidationError(_("The last day lies before the first."))

    def validate_asks_once(self, field: BooleanField) -> None:
        """At least one interval is offered."""
        if not (self.asks_month.data or self.asks_year.data or field.data):
            raise ValidationError(_("Offer at least one interval."))

    def rules(self) -> Rules:
        """Under which articles it may stand."""
        names = ("sections_in", "sections_out", "tags_in", "tags_out")
        return Rules(**{name: tuple(self[name].data or ()) for name in names})

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


def _in_range(form: AppealForm, field: AmountsField) -> None:
    """What is suggested can be given."""
    field.check_range(form.newsroom)


@cache
def appeal_form(currencies: tuple[str, ...]) -> type[AppealForm]:
    """The form of a newsroom that takes these currencies."""
    labels = {
        "month": lazy_gettext("Monthly"),
        "year": lazy_gettext("Yearly"),
        "once": lazy_gettext("Once"),
    }
    fields: dict[str, Any] = {
        f"amounts_{currency}_{interval}": AmountsField(
            labels[interval], validators=[_in_range], currency=currency, interval=interval
        )
        for currency in currencies
        for interval in INTERVALS
    }
    return type("NewsroomAppealForm", (AppealForm,), {**fields, "currencies": currencies})
