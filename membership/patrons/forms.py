"""The forms of patrons: who may see them, and which mails they want."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    RadioField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from membership import clock
from membership.newsroom.settings_rows import NewsroomSettings
from membership.patrons import granting
from membership.patrons.models import Visibility
from membership.web.forms import AddressField, PlainLine, PublicForm, SignedInForm
from membership.web.languages import AVAILABLE

VISIBILITIES = [
    SelectChoice(Visibility.STAFF_ONLY.value, lazy_gettext("Only the newsroom")),
    SelectChoice(Visibility.PUBLIC.value, lazy_gettext("Everyone")),
    SelectChoice(Visibility.SECRET.value, lazy_gettext("Nobody, as far as we can")),
]


class PreferencesForm(SignedInForm):
    """What a patron wants to be called, seen by whom, and told about."""

    name = PlainLine(
        lazy_gettext("Your name"), [Length(max=120, message=lazy_gettext("Use at most 120 characters."))]
    )
    visibility = RadioField(lazy_gettext("Who may know that you support us"), choices=VISIBILITIES)
    wall_name = PlainLine(
        lazy_gettext("Name on the wall of patrons"),
        [Length(max=80, message=lazy_gettext("Use at most 80 characters."))],
    )
    wants_topic_mail = BooleanField(lazy_gettext("Tell me when a story that I asked for is out"))
    wants_round_mail = BooleanField(lazy_gettext("Tell me when a new round of voting opens"))
    language = RadioField(
        lazy_gettext("Language of your pages and mails"),
        choices=[SelectChoice(code, name) for code, name in AVAILABLE.items()],
    )

    def validate_wall_name(self, field: PlainLine) -> None:
        """Whoever wants to be named says how."""
        if self.visibility.data == Visibility.PUBLIC and not field.data:
            raise ValidationError(_("Enter the name that readers should see."))


class SearchForm(PublicForm):
    """A patron by exact address, whole words of the name, or Stripe's id. Read from the address, changes nothing."""

    words = PlainLine(lazy_gettext("Address, name, or Stripe id"), [Length(max=255)])


class RevealForm(SignedInForm):
    """Why a hidden name has to be seen; the reason goes into the audit trail."""

    reason = TextAreaField(
        lazy_gettext("Why do you need to see it?"),
        [InputRequired(lazy_gettext("Give the reason.")), Length(min=5, max=300)],
    )


class WallNameForm(SignedInForm):
    """What staff decide about a name for the wall; `name` is the one they read."""

    name = HiddenField()
    decision = RadioField(
        choices=[SelectChoice("approve", ""), SelectChoice("decline", "")],
        validators=[InputRequired(lazy_gettext("Choose one."))],
    )


class GrantForm(SignedInForm):
    """A membership given by staff: until when, and why."""

    last_day = DateField(
        lazy_gettext("Last day"), [InputRequired(lazy_gettext("Enter the day, like 2026-11-22."))]
    )
    reason = TextAreaField(
        lazy_gettext("Reason"),
        [InputRequired(lazy_gettext("Give the reason.")), Length(min=5, max=300)],
    )
    tell = BooleanField(lazy_gettext("Tell them by mail"))

    def __init__(self, newsroom: NewsroomSettings, *args: Any, **options: Any) -> None:  # noqa: ANN401 - WTForms' own
        self._newsroom = newsroom
        super().__init__(*args, **options)

    def validate_last_day(self, field: DateField) -> None:
        """A day from today to five years ahead."""
        if field.data is None:
            return
        ends_at = granting.ends_with(field.data, self._newsroom)
        if not clock.now() < ends_at <= clock.now() + granting.MOST_AHEAD:
            raise ValidationError(_("Choose a day to come, at most five years ahead."))


class NewcomerGrantForm(GrantForm):
    """The same for somebody who may be no patron yet."""

    name = PlainLine(lazy_gettext("Name"), [InputRequired(lazy_gettext("Enter a name.")), Length(max=120)])
    email = AddressField(
        lazy_gettext("E-mail address"), [InputRequired(lazy_gettext("Enter an e-mail address."))]
    )
