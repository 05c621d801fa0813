"""The forms of articles, all for editors."""

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from flask_wtf.file import FileField
from wtforms import BooleanField, DateTimeLocalField, HiddenField, SelectField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional, Regexp, ValidationError
from wtforms.widgets import TextArea

from membership.articles import slugs
from membership.articles.preview_links import DAYS
from membership.articles.working_copies import KEY
from membership.web import htmlize
from membership.web.forms import PlainLine, SignedInForm

LOCAL_TIME = "%Y-%m-%dT%H:%M"


class Headline(PlainLine):
    """One line in a field that grows: what breaks the line there is a blank."""

    widget = TextArea()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Make it one line."""
        self.data = " ".join(valuelist[0].split()) if valuelist else ""


class ArticleForm(SignedInForm):
    """Everything an editor decides about an article but its state."""

    headline = Headline(
        lazy_gettext("Headline"), [DataRequired(lazy_gettext("Write a headline.")), Length(max=300)]
    )
    standfirst = TextAreaField(
        lazy_gettext("Standfirst"),
        [Optional(), Length(max=2000)],
        description=lazy_gettext("One or two sentences below the headline, in lists and in search results."),
    )
    body = TextAreaField(lazy_gettext("Story"), [Optional()])
    language = SelectField(lazy_gettext("Language"), [InputRequired()])
    section = SelectField(lazy_gettext("Section"), default="")
    authors = PlainLine(
        lazy_gettext("Authors"),
        [Optional(), Length(max=1000)],
        description=lazy_gettext("Names in order, parted by commas."),
    )
    slug = PlainLine(
        lazy_gettext("Address"),
        [
            Optional(),
            Length(max=slugs.LONGEST),
            Regexp(slugs.PATTERN.pattern + "$", message=lazy_gettext("Use a-z, 0-9 and single hyphens.")),
        ],
        description=lazy_gettext("The last part of the page's address. Empty: made from the headline."),
    )
    tags = PlainLine(
        lazy_gettext("Tags"), [Optional(), Length(max=1000)], description=lazy_gettext("Parted by commas.")
    )
    translation_of = SelectField(
        lazy_gettext("Translation of"),
        default="",
        description=lazy_gettext("Both pages then lead to each other."),
    )
    picture = PlainLine(
        lazy_gettext("Picture from the library"),
        [Optional(), Length(max=160)],
        description=lazy_gettext("Its name, as the pictures' page says it."),
    )
    picture_file = FileField(
        lazy_gettext("Opening picture"),
        description=lazy_gettext(
            "JPEG, PNG, WebP, GIF or AVIF, up to 20 MB. Place and camera are taken out of it."
        ),
    )
    removes_picture = BooleanField(lazy_gettext("Without a picture"))
    picture_alt = PlainLine(
        lazy_gettext("What the picture shows"),
        [Length(max=1000)],
        description=lazy_gettext("For readers who cannot see it."),
    )
    picture_caption = PlainLine(lazy_gettext("Caption"), [Optional(), Length(max=1000)])
    picture_credit = PlainLine(lazy_gettext("Credit"), [Optional(), Length(max=160)])
    is_sensitive = BooleanField(
        lazy_gettext("Sensitive"),
        description=lazy_gettext("Nobody is asked for support under this story."),
    )
    is_sponsored = BooleanField(
        lazy_gettext("Paid for by a partner"),
        description=lazy_gettext("Marked as such, and without an appeal."),
    )
    seen = HiddenField(validators=[Optional(), Regexp(r"\d{1,18}$")])
    key = HiddenField(validators=[Optional(), Regexp(KEY.pattern + "$")])
    version = HiddenField(validators=[Optional(), Regexp(r"\d{1,9}$")])

    def validate_body(self, field: Any) -> None:  # noqa: ANN401 - WTForms ships no types
        """Refuse what would take too long to read."""
        try:
            htmlize.markdown(field.data or "")
        except htmlize.TooLongError:
            raise ValidationError(_("This is longer, or more tangled, than a story can be.")) from None

    def validate_picture_alt(self, field: Any) -> None:  # noqa: ANN401 - as above
        """A picture says what it shows."""
        has_picture = bool(self.picture.data or self.picture_file.data) and not self.removes_picture.data
        if has_picture and not (field.data or "").strip():
            raise ValidationError(_("Say in a sentence what the picture shows."))


class ScheduleForm(SignedInForm):
    """When to publish, in the newsroom's own time."""

    def __init__(self, *args: Any, zone: ZoneInfo, **options: Any) -> None:  # noqa: ANN401 - passed on to WTForms
        super().__init__(*args, **options)
        self._zone = zone

    at = DateTimeLocalField(
        lazy_gettext("Publish at"),
        [InputRequired(lazy_gettext("Choose a day and a time."))],
        format=LOCAL_TIME,
        description=lazy_gettext("In the newsroom's time."),
    )

    def validate_at(self, field: Any) -> None:  # noqa: ANN401 - as above
        """Refuse an hour that the clocks leap over."""
        if field.data is None:
            return
        meant = field.data.replace(tzinfo=self._zone, fold=0)
        if meant.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) != field.data:
            raise ValidationError(
                _("The clocks are put forward then: there is no such time. Choose another.")
            )


class CorrectionForm(SignedInForm):
    """What was wrong, and how it is put right."""

    text = TextAreaField(
        lazy_gettext("Correction"),
        [DataRequired(lazy_gettext("Say what was wrong and what is right.")), Length(max=2000)],
        description=lazy_gettext("Shown below the story with today's date. It cannot be taken back."),
    )


class WithdrawalForm(SignedInForm):
    """Why a story is taken back."""

    reason = PlainLine(
        lazy_gettext("Reason"),
        [DataRequired(lazy_gettext("Say why, for the audit trail.")), Length(max=300)],
        description=lazy_gettext("Kept in the audit trail; readers do not see it."),
    )


class RestorationForm(SignedInForm):
    """Which save an older version is to replace."""

    seen = HiddenField(validators=[Optional(), Regexp(r"\d{1,18}$")])


class PreviewLinkForm(SignedInForm):
    """For how long somebody without account may see an article."""

    days = SelectField(lazy_gettext("It works for"), [InputRequired()], coerce=int, default=7)
    note = PlainLine(
        lazy_gettext("For whom"),
        [Optional(), Length(max=120)],
        description=lazy_gettext('For the newsroom\'s own list, such as "our lawyer".'),
    )

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - passed on to WTForms
        super().__init__(*args, **options)
        self.days.choices = [(days, ngettext("%(num)s day", "%(num)s days", days)) for days in DAYS]


class PictureDetailsForm(SignedInForm):
    """What is offered wherever a picture is used."""

    alt = PlainLine(lazy_gettext("What it shows"), [Optional(), Length(max=1000)])
    caption = PlainLine(lazy_gettext("Caption"), [Optional(), Length(max=1000)])
    credit = PlainLine(lazy_gettext("Credit"), [Optional(), Length(max=160)])


class PictureForm(SignedInForm):
    """A picture to use within a story."""

    file = FileField(lazy_gettext("Picture"))
