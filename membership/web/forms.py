"""The bases of all forms, and the field for an amount of money.

`PublicForm` carries no token: anonymous pages set no cookie and are guarded by web.origin. `SignedInForm` has
WTForms' token, which lives in the session that signing in has made.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import Field, StringField, ValidationError
from wtforms.widgets import EmailInput, TextInput

from membership import money
from membership.money import AmountError, AmountFault, Money
from membership.web import emails
from membership.web.nul import NUL


class _Form(FlaskForm):
    class Meta:
        """What both kinds of form have in common."""

        def wrap_formdata(self, form: FlaskForm, formdata: Any) -> Any:  # noqa: ANN401 - WTForms' signature
            """What was sent; a NUL, which PostgreSQL cannot hold, becomes U+FFFD, as in HTML."""
            sent = FlaskForm.Meta.wrap_formdata(self, form, formdata)
            if sent is None or not any(_has_nul(value) for _name, value in sent.items(multi=True)):
                return sent
            return MultiDict([(name, _replaced_nul(value)) for name, value in sent.items(multi=True)])


def _has_nul(value: object) -> bool:
    return isinstance(value, str) and NUL in value


def _replaced_nul(value: object) -> object:
    return value.replace(NUL, "\ufffd") if isinstance(value, str) else value


class PublicForm(_Form):
    """A form that anybody may send, without token and without cookie. `PublicForm(request.args)` reads a GET."""

    class Meta:
        """No token: see web.origin."""

        csrf = False


class SignedInForm(_Form):
    """A form of somebody who has signed in, with the session's token."""


def amount_sentence(fault: AmountFault, currency: str) -> str:
    """What a person is told about an amount that was not taken."""
    sentences: dict[AmountFault, Callable[[], str]] = {
        AmountFault.EMPTY: lambda: _("Enter an amount."),
        AmountFault.NOT_A_NUMBER: lambda: _("Write the amount in digits, like 5 or 7.50."),
        AmountFault.TOO_MANY_DECIMALS: lambda: _(
            "Use at most %(count)s digits after the point.", count=money.decimals(currency)
        ),
        AmountFault.NOT_WHOLE: lambda: _("Use a whole amount in this currency."),
        AmountFault.NOT_POSITIVE: lambda: _("Enter an amount above zero."),
        AmountFault.TOO_LARGE: lambda: _("That is more than we can take online. Write to us instead."),
    }
    return sentences[fault]()


class HasMoney(Protocol):
    """A form with an amount of money on it: it knows the currency by whose grammar the amount is read."""

    @property
    def money_currency(self) -> str:
        """The currency's code, known before the form is read."""


class MoneyField(Field):
    """An amount as typed; `data` is Money or None, and what was typed is shown again.

    It is read in the form's `money_currency`; a form without one is a mistake that shows at once.
    """

    widget = TextInput()

    def __init__(
        self,
        label: str | None = None,
        validators: Sequence[Any] | None = None,
        *,
        _form: HasMoney | None = None,  # WTForms gives it when it binds the field
        **options: Any,  # noqa: ANN401 - passed on to WTForms
    ) -> None:
        super().__init__(label, validators, _form=_form, **options)
        self._form = _form
        self.typed = ""

    def _value(self) -> str:
        if self.typed:
            return self.typed
        return self.data.plain() if isinstance(self.data, Money) else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed; a fault becomes the field's error."""
        self.data = None
        if not valuelist:
            return
        self.typed = valuelist[0][:64]
        if self._form is None:
            raise RuntimeError("an amount is read on a form that has a money_currency")
        currency = self._form.money_currency
        try:
            self.data = money.parse(valuelist[0], currency)
        except AmountError as error:
            raise ValueError(amount_sentence(error.fault, currency)) from None


class AddressField(StringField):
    """One plain e-mail address; `data` is in its one spelling (web.emails) once the form has been found valid."""

    widget = EmailInput()
    data: Any  # str, or None before anything is read

    def __init__(self, label: str, validators: Sequence[Any], **options: Any) -> None:  # noqa: ANN401 - WTForms' own
        super().__init__(label, validators, render_kw={"maxlength": emails.MOST_LETTERS}, **options)

    def pre_validate(self, form: object) -> None:
        """Refuse what is not exactly one address."""
        if not self.data:
            return  # whether it may be empty is for the validators
        try:
            self.data = emails.canonical(self.data)
        except emails.AddressError:
            raise ValidationError(
                _("That is not a complete e-mail address, like name@example.org.")
            ) from None


class PlainLine(StringField):
    """One line of text without control characters, trimmed; bidi and zero-width marks are refused."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Trim it."""
        self.data = valuelist[0].strip() if valuelist else ""

    def pre_validate(self, form: object) -> None:
        """Refuse what cannot be seen."""
        if any(not c.isprintable() for c in self.data or ""):
            raise ValidationError(lazy_gettext("Remove line breaks and invisible characters."))
