"""What staff write about a campaign: goal, days, and its words in each language."""

import re
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, TypeVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import DateField, IntegerField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import (
    DataRequired,
    InputRequired,
    Length,
    NumberRange,
    Optional,
    Regexp,
    ValidationError,
)
from wtforms.widgets import TextInput

from membership.appeals.campaigning import Plan
from membership.appeals.models import Campaign
from membership.money import Money, decimals
from membership.newsroom.settings_rows import NewsroomSettings
from membership.web.forms import PlainLine, SignedInForm
from membership.web.languages import AVAILABLE

LARGEST_GOAL = 10**8
"""In whole units of a currency; beyond it somebody has slipped."""


class WholeField(IntegerField):
    """A whole number as typed, perhaps with blanks between its digits; so it is a line of text to the browser."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Leave the blanks out, and take nothing but the digits 0-9: `int` would read "1_000" and other scripts too."""
        typed = "".join(valuelist[0].split()) if valuelist else ""
        self.data = None
        if typed and not re.fullmatch(r"-?[0-9]{1,18}", typed, re.ASCII):
            raise ValueError(_("Enter a whole amount, like 30000."))
        if typed:
            self.data = int(typed)


class CampaignForm(SignedInForm):
    """A campaign; `title_en`, `text_en`, `thanks_en` and their like are fields for each language."""

    name = PlainLine(
        lazy_gettext("Name"),
        [DataRequired(lazy_gettext("Give it a name for the newsroom.")), Length(max=120)],
        description=lazy_gettext("For the newsroom and its reports; readers do not see it."),
    )
    currency = SelectField(
        lazy_gettext("Currency"),
        [InputRequired()],
        description=lazy_gettext("Only gifts in this currency count, and the appeal asks in it meanwhile."),
    )
    goal = WholeField(
        lazy_gettext("Goal"),
        [
            InputRequired(lazy_gettext("Enter a whole amount, like 30000.")),
            NumberRange(1, LARGEST_GOAL, lazy_gettext("Enter an amount from 1 to 100,000,000.")),
        ],
        description=lazy_gettext("A whole amount, without cents."),
    )
    first_day = DateField(lazy_gettext("First day"), [InputRequired(lazy_gettext("Enter a day."))])
    last_day = DateField(lazy_gettext("Last day"), [InputRequired(lazy_gettext("Enter a day."))])
    offered: tuple[str, ...] = ()

    def validate_last_day(self, field: DateField) -> None:
        """The last day does not lie before the first."""
        first: date | None = self.first_day.data
        if first and field.data and field.data < first:
            raise ValidationError(_("The last day lies before the first."))

    def validate_currency(self, _field: SelectField) -> None:
        """It has words in some language."""
        if not any(self[f"title_{code}"].data for code in self.offered):
            raise ValidationError(_("Write a title in at least one language, below."))

    def languages(self) -> list[tuple[str, list[Any]]]:
        """The fields of each language: its name, then title, text and thanks."""
        return [
            (AVAILABLE.get(code, code), [self[f"{part}_{code}"] for part in ("title", "text", "thanks")])
            for code in self.offered
        ]

    def words(self) -> dict[str, dict[str, str]]:
        """The words in each language that has a title."""
        return {
            code: {part: self[f"{part}_{code}"].data or "" for part in ("title", "text", "thanks")}
            for code in self.offered
            if self[f"title_{code}"].data
        }

    def plan(self, newsroom: NewsroomSettings) -> Plan:
        """What a valid form says; days are the newsroom's."""
        first, last = self.first_day.data, self.last_day.data  # found valid, so neither is missing
        currency = self.currency.data
        return Plan(
            name=self.name.data,
            goal=Money(self.goal.data * 10 ** decimals(currency), currency),
            starts_at=_midnight(first, newsroom),
            ends_at=_midnight(last + timedelta(days=1), newsroom),
            words=self.words(),
        )


def _midnight(day: date, newsroom: NewsroomSettings) -> datetime:
    return datetime.combine(day, time(), newsroom.zone)


class NewCampaignForm(CampaignForm):
    """A new campaign, with the word that its links carry."""

    slug = PlainLine(
        lazy_gettext("Word in links"),
        [
            DataRequired(lazy_gettext("Choose a word, like winter-2026.")),
            Length(max=64),
            Regexp(
                r"^[a-z0-9]+(-[a-z0-9]+)*$",
                message=lazy_gettext("Use small Latin letters, digits and single hyphens, like winter-2026."),
            ),
        ],
        description=lazy_gettext("It stands in links to the support page and never changes."),
    )


def new_campaign_form(newsroom: NewsroomSettings) -> NewCampaignForm:
    """The form of a new campaign in a newsroom's languages and currencies, as sent."""
    form: NewCampaignForm = _made(NewCampaignForm, tuple(newsroom.languages))()
    _offer(form, newsroom, ())
    return form


def campaign_form(newsroom: NewsroomSettings, campaign: Campaign) -> CampaignForm:
    """The form of a campaign, as sent or as it is."""
    languages = tuple(dict.fromkeys([*newsroom.languages, *campaign.words]))
    units = 10 ** decimals(campaign.currency)
    last = (campaign.ends_at - timedelta(microseconds=1)).astimezone(newsroom.zone).date()
    words = {f"{part}_{code}": text for code, told in campaign.words.items() for part, text in told.items()}
    form: CampaignForm = _made(CampaignForm, languages)(
        data={
            "name": campaign.name,
            "currency": campaign.currency,
            "goal": campaign.goal // units,
            "first_day": campaign.starts_at.astimezone(newsroom.zone).date(),
            "last_day": last,
            **words,
        }
    )
    _offer(form, newsroom, (campaign.currency,))
    return form


def _offer(form: CampaignForm, newsroom: NewsroomSettings, more: tuple[str, ...]) -> None:
    codes = dict.fromkeys([*newsroom.currencies, *more])
    form.currency.choices = [SelectChoice(code, code.upper()) for code in codes]


Made = TypeVar("Made", bound=CampaignForm)


@cache
def _made(base: type[Made], languages: tuple[str, ...]) -> type[Made]:
    fields: dict[str, Any] = {"offered": languages}
    for code in languages:
        fields[f"title_{code}"] = PlainLine(
            lazy_gettext("Title"),
            [Optional(), Length(max=120)],
            description=lazy_gettext("What readers see above the meter. Empty: not shown in this language."),
        )
        fields[f"text_{code}"] = TextAreaField(lazy_gettext("What it is for"), [Optional(), Length(max=600)])
        fields[f"thanks_{code}"] = PlainLine(
            lazy_gettext("Thanks once the goal is reached"), [Optional(), Length(max=300)]
        )
    return type(base.__name__, (base,), fields)
