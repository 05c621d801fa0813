"""Forms under a story: the smaller doors, and being reminded."""

from flask_babel import lazy_gettext
from wtforms import StringField
from wtforms.validators import AnyOf, InputRequired, Length, Optional

from membership.web.forms import AddressField, PublicForm

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
