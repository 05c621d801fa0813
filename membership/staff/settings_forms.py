"""The form of one page of the settings screen, made from what there is to decide."""

from typing import Any

from flask_babel import gettext as _
from wtforms import BooleanField, Field, HiddenField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired

from membership.newsroom.settings_rows import NewsroomSettings
from membership.staff.decisions import Decision, DecisionError, Group
from membership.web.forms import PlainLine, SignedInForm


class GroupForm(SignedInForm):
    """The fields of one group; `decided` is what they make of the settings once `validate` has held."""

    confirmed = HiddenField()
    decided: NewsroomSettings | None = None


def form_of(group: Group, settings: NewsroomSettings, formdata: Any) -> GroupForm:  # noqa: ANN401 - what WTForms takes: a MultiDict or None
    """The form of a group, filled from the settings or from what was sent."""
    made = type("SettingsForm", (GroupForm,), {d.key: _field(d) for d in group.decisions})
    form: GroupForm = made(
        formdata,
        data={
            d.key: d.show(settings) == "1" if d.kind == "yes_no" else d.show(settings)
            for d in group.decisions
        },
    )
    return form


def decide(form: GroupForm, group: Group, settings: NewsroomSettings) -> bool:
    """Whether all that was sent can be decided; the errors stand at their fields."""
    if not form.validate():
        return False
    decided = settings
    for decision in group.decisions:
        try:
            decided = decision.take(decided, typed(form, decision))
        except DecisionError as error:
            form[decision.key].errors = [str(error)]
    form.decided = decided
    return not form.errors


def typed(form: GroupForm, decision: Decision) -> str:
    """What was sent for one decision, as text."""
    data = form[decision.key].data
    if decision.kind == "yes_no":
        return "1" if data else ""
    return str(data or "").replace("\r\n", "\n").strip()


def _field(decision: Decision) -> Field:
    options: dict[str, Any] = {"label": decision.label, "description": decision.hint}
    if decision.kind == "yes_no":
        return BooleanField(**options)
    needed = [InputRequired(_("This cannot be empty."))] if decision.required else []
    if decision.kind == "choice":
        return SelectField(
            choices=[SelectChoice(value, label) for value, label in decision.choices],
            validators=needed,
            **options,
        )
    if decision.kind == "text":
        return TextAreaField(validators=[*needed, _no_control_characters], **options)
    return PlainLine(validators=needed, **options)


def _no_control_characters(_form: object, field: StringField) -> None:
    if any(ord(c) < 32 and c not in "\r\n\t" for c in field.data or ""):
        raise ValidationError(_("Remove control characters."))
