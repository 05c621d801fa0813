"""Protected mode at the form: whom it lets through, and what it asks of whom it does not know."""

from typing import Protocol

from flask_babel import gettext as _
from sqlalchemy.orm import Session
from wtforms import HiddenField, StringField

from membership.accounts import session as sign_in_session
from membership.giving import checkouts, proving
from membership.giving.checkouts import Wish
from membership.newsroom import shield


class Protected(Protocol):
    """A form that begins a payment, with the fields by which its sender shows to be a person."""

    form_key: HiddenField
    challenge: HiddenField
    proof: HiddenField
    code: StringField


def prepare(session: Session, form: Protected) -> int:
    """Put a challenge into a form while protected mode is on; how many bits of work it asks for, 0 while it is off.

    Whoever has signed in is asked for nothing. Writes nothing.
    """
    if shield.current(session) is None or sign_in_session.current_account() is not None:
        return 0
    key = form.form_key.data or ""
    if not proving.is_challenge(form.challenge.data or "", key):
        form.challenge.data = proving.challenge_for(key)
        form.proof.data = ""
    return proving.WORK_BITS


def lets_through(session: Session, form: Protected, wish: Wish) -> bool:
    """Whether a form may go on: the mode is off, its sender is known, or has proven to be a person.

    A form that was let through before is let through again. The caller commits, also when refused.

    Raises:
        BudgetSpentError: too many codes were tried.
    """
    if wish.patron_id is not None or shield.current(session) is None:
        return True
    account = sign_in_session.current_account()
    if account is not None and account.email == wish.email:
        return True
    if checkouts.by_form_key(session, wish.form_key) is not None:
        return True
    challenge = form.challenge.data or ""
    if proving.is_worked(challenge, wish.form_key, form.proof.data or ""):
        return True
    typed = (form.code.data or "").strip()
    return bool(typed) and proving.is_code(
        session, typed=typed, challenge=challenge, form_key=wish.form_key, email=wish.email
    )


def ask(session: Session, form: Protected, wish: Wish, *, network: str) -> bool:
    """Mail a code if the form's script did not work though it could; whether the page asks for one.

    The caller commits, also when refused.

    Raises:
        BudgetSpentError: too many codes were mailed there.
    """
    form.code.flags.required = True
    if (form.code.data or "").strip():
        form.code.errors = [_("That code does not fit. Look at the newest mail and type it again.")]
        return True
    if not proving.is_challenge(form.challenge.data or "", wish.form_key):
        return False  # the page had no challenge yet; the next one has
    proving.mail_code(
        session,
        challenge=form.challenge.data or "",
        form_key=wish.form_key,
        email=wish.email,
        network=network,
        language=wish.language,
    )
    return True
