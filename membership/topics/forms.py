"""The forms of topics: the ballot, a proposal, and what staff write."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import (
    DateField,
    DateTimeLocalField,
    Field,
    HiddenField,
    IntegerField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import DataRequired, InputRequired, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget, TextArea

from membership.topics import wording
from membership.web.forms import SignedInForm
from membership.web.languages import AVAILABLE

MOST_TYPED = 40_000
"""Beyond this many characters a text is refused unread."""
LOCAL_TIME = "%Y-%m-%dT%H:%M"


class Words(StringField):
    """One line of plain words, at most `longest` characters after everything invisible is gone."""

    clean = staticmethod(wording.line)

    def __init__(self, label: Any = None, validators: Any = None, *, longest: int, **options: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(label, validators, **options)
        self.longest = longest

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what can be seen of what was typed."""
        typed = valuelist[0] if valuelist else ""
        self.data = typed[:MOST_TYPED] if len(typed) > MOST_TYPED else self.clean(typed)

    def pre_validate(self, form: object) -> None:
        """Refuse what is too long."""
        if len(self.data or "") > self.longest:
            raise ValidationError(
                _(
                    "Use at most %(count)s characters; these are %(number)s.",
                    count=self.longest,
                    number=len(self.data),
                )
            )


class Paragraphs(Words):
    """Several lines of plain words."""

    widget = TextArea()
    clean = staticmethod(wording.text)


class BallotForm(SignedInForm):
    """The topics on a ballot, by public id; which of them stand, and how many may, is for voting to say."""

    topics = SelectMultipleField(lazy_gettext("Topics"), choices=[], validate_choice=False)


class ProposalForm(SignedInForm):
    """A topic that a patron proposes."""

    title = Words(
        lazy_gettext("Your question or topic"),
        [DataRequired(lazy_gettext("Say in one line what we should look into."))],
        longest=wording.LONGEST_TITLE,
    )
    text = Paragraphs(
        lazy_gettext("What should we know?"),
        [Optional()],
        longest=wording.LONGEST_TEXT,
        description=lazy_gettext(
            "Why it matters, what you have seen, who could be asked. Plain text. Leave out where people live and "
            "anything that could put somebody in danger: our editors read it first, and patrons afterwards."
        ),
    )
    has_seen_similar = HiddenField(default="")


class DeclineForm(SignedInForm):
    """Words to who proposed it."""

    answer = Paragraphs(
        lazy_gettext("What you tell who proposed it"),
        [DataRequired(lazy_gettext("Say why, in a sentence or two."))],
        longest=1_000,
    )


class StoryForm(SignedInForm):
    """Which published article a topic led to."""

    article = Words(
        lazy_gettext("The story"),
        [DataRequired(lazy_gettext("Enter the address of a published story."))],
        longest=300,
        description=lazy_gettext("Its address, or the last part of it."),
    )


class EndForm(SignedInForm):
    """When a round that runs shall close; the newsroom's local time."""

    closes_at = DateTimeLocalField(lazy_gettext("Closes"), [InputRequired()], format=LOCAL_TIME)


class TickedTopics(SelectMultipleField):
    """Topics to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class InLanguages(SignedInForm):
    """A form with some fields once for each language of the newsroom, named `<part>_<language>`."""

    languages: tuple[str, ...] = ()  # the newsroom's default first

    def words(self, part: str) -> dict[str, str]:
        """What was written in each language, those without words left out."""
        written = {language: self[f"{part}_{language}"].data for language in self.languages}
        return {language: words for language, words in written.items() if words}

    def fields(self, part: str) -> list[Any]:
        """The fields of a part, one for each language."""
        return [self[f"{part}_{language}"] for language in self.languages]

    def pairs(self, part: str, other: str) -> list[tuple[Any, Any]]:
        """The fields of two parts, language by language."""
        return list(zip(self.fields(part), self.fields(other), strict=True))

    def asks_for(self, part: str, sentence: str) -> bool:
        """Whether a part is written in no language; then the first field says so."""
        if self.words(part):
            return False
        self[f"{part}_{self.languages[0]}"].errors = [sentence]
        return True


class TopicForm(InLanguages):
    """What a topic says; at least one language has a title."""

    def validate(self, extra_validators: Any = None) -> bool:  # noqa: ANN401 - WTForms' signature
        """A title in one language at least."""
        is_valid: bool = super().validate(extra_validators)
        return is_valid and not self.asks_for("title", _("Write a title in at least one language."))


class RoundForm(InLanguages):
    """A round: its title in each language, its times in the newsroom's local time, its topics."""

    opens_at = DateTimeLocalField(lazy_gettext("Opens"), [InputRequired()], format=LOCAL_TIME)
    closes_at = DateTimeLocalField(
        lazy_gettext("Closes"),
        [InputRequired()],
        format=LOCAL_TIME,
    )
    answers_by = DateField(
        lazy_gettext("You answer by"),
        [InputRequired()],
    )
    votes_per_patron = IntegerField(
        lazy_gettext("Votes per patron"), [InputRequired(), NumberRange(min=1, max=20)]
    )
    winners = IntegerField(lazy_gettext("Winning topics"), [InputRequired(), NumberRange(min=1, max=10)])
    topics = TickedTopics(lazy_gettext("Topics"), choices=[])

    def validate(self, extra_validators: Any = None) -> bool:  # noqa: ANN401 - WTForms' signature
        """Times in their order, and a title."""
        is_valid: bool = super().validate(extra_validators)
        if not is_valid or self.asks_for("title", _("Write a title in at least one language.")):
            return False
        if self.closes_at.data <= self.opens_at.data:
            self.closes_at.errors = [_("A round closes after it opens.")]
        elif self.answers_by.data < self.closes_at.data.date():
            self.answers_by.errors = [_("You cannot answer before the round has closed.")]
        elif len(self.topics.data or []) < 2:
            self.topics.errors = [_("Choose at least two topics.")]
        return not self.errors


class AnswerForm(InLanguages):
    """What the newsroom does with a result."""

    def validate(self, extra_validators: Any = None) -> bool:  # noqa: ANN401 - WTForms' signature
        """An answer in one language at least."""
        is_valid: bool = super().validate(extra_validators)
        return is_valid and not self.asks_for("answer", _("Say what you will do."))


Form = TypeVar("Form", bound=InLanguages)


@cache
def topic_form(languages: tuple[str, ...]) -> type[TopicForm]:
    """The form of a topic in a newsroom's languages, the default first."""
    return _in_languages(TopicForm, languages, {"title": _title, "text": _text})


@cache
def round_form(languages: tuple[str, ...]) -> type[RoundForm]:
    """The form of a round in a newsroom's languages, the default first."""
    return _in_languages(RoundForm, languages, {"title": _title})


@cache
def answer_form(languages: tuple[str, ...]) -> type[AnswerForm]:
    """The form of the newsroom's answer in its languages, the default first."""
    return _in_languages(AnswerForm, languages, {"answer": _answer})


def _in_languages(
    form: type[Form], languages: tuple[str, ...], parts: dict[str, Callable[[str], Field]]
) -> type[Form]:
    fields = {
        f"{part}_{language}": make(AVAILABLE[language])
        for part, make in parts.items()
        for language in languages
    }
    return type(form.__name__, (form,), {"languages": languages, **fields})


def _title(language: str) -> Field:
    label = lazy_gettext("Title, %(language)s", language=language)
    return Words(label, [Optional()], longest=wording.LONGEST_TITLE)


def _text(language: str) -> Field:
    label = lazy_gettext("Text, %(language)s", language=language)
    return Paragraphs(label, [Optional()], longest=wording.LONGEST_TEXT)


def _answer(language: str) -> Field:
    label = lazy_gettext("Your answer, %(language)s", language=language)
    return Paragraphs(label, [Optional()], longest=wording.LONGEST_TEXT)
