"""The second factor of staff: codes of an authenticator app, and recovery codes for who lost it.

Each code works once; tries are counted in the database before a code is compared.
"""

import io
from datetime import datetime, timedelta

import pyotp
import segno
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.accounts.errors import SecondFactorError
from membership.accounts.models import Account, Passkey, RecoveryCode
from membership.newsroom import budgets
from membership.newsroom.budgets import Limit

STEP_S = 30
CODES = 10
PER_ACCOUNT = (
    Limit("second_factor_minutes", 5, 300),
    Limit("second_factor_hour", 20, 3_600),
    Limit("second_factor_day", 50, 86_400),
)
FRESH = timedelta(minutes=30)
"""How long after signing in a second factor may be set up: the mailbox must have been proven just now."""


def prepare(session: Session, account: Account) -> None:
    """Make the secret that the app will share, unless one is being set up. The caller commits."""
    if account.totp_secret is None:
        account.totp_secret = pyotp.random_base32()
        account.totp_confirmed_at = None
        session.flush()


def picture(account: Account, *, issuer: str) -> bytes:
    """The QR picture, as SVG, that an authenticator app reads."""
    out = io.BytesIO()
    segno.make(uri(account, issuer=issuer), error="m").save(
        out, kind="svg", scale=4, border=4, dark="#000", light="#fff", omitsize=False
    )
    return out.getvalue()


def uri(account: Account, *, issuer: str) -> str:
    """The address that the picture says, beginning with otpauth://."""
    if account.totp_secret is None:
        raise SecondFactorError
    return pyotp.TOTP(account.totp_secret).provisioning_uri(name=account.email, issuer_name=issuer)


def prove(session: Session, account: Account, typed: str) -> bool:
    """Take a code of the app or a recovery code; whether it was a recovery code.

    The caller commits, also when this raises, so that tries are counted.

    Raises:
        SecondFactorError: the code is wrong or used.
        BudgetSpentError: too many tries.
    """
    for limit in PER_ACCOUNT:
        budgets.spend(session, limit, f"account:{account.id}")
    code = "".join(typed.split()).replace("-", "").lower()
    if len(code) == 6 and code.isdecimal() and code.isascii():
        _use_step(session, account, code)
        return False
    _use_recovery_code(session, account, code)
    return True


def confirm(session: Session, account: Account, typed: str) -> list[str]:
    """End the set-up with the app's first code; gives new recovery codes, to be shown once. The caller commits.

    Raises:
        SecondFactorError: the code is wrong.
        BudgetSpentError: too many tries.
    """
    for limit in PER_ACCOUNT:
        budgets.spend(session, limit, f"account:{account.id}")
    _use_step(session, account, "".join(typed.split()))
    account.totp_confirmed_at = clock.now()
    return new_recovery_codes(session, account)


def new_recovery_codes(session: Session, account: Account) -> list[str]:
    """Ten new recovery codes instead of the old ones, in clear for the only time. The caller commits."""
    session.execute(delete(RecoveryCode).filter_by(account_id=account.id))
    codes = [secrets.new_public_id(80) for _ in range(CODES)]
    for code in codes:
        session.add(RecoveryCode(account_id=account.id, code_hash=_hash(code)))
    session.flush()
    return ["-".join(code[i : i + 4] for i in range(0, len(code), 4)) for code in codes]


def recovery_codes_left(session: Session, account: Account) -> int:
    """How many recovery codes are unused."""
    return session.scalars(
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.account_id == account.id, RecoveryCode.used_at.is_(None))
    ).one()


def reset(session: Session, account: Account) -> None:
    """Take the second factor away; it is set up anew at the next sign-in. The caller commits."""
    account.totp_secret = account.totp_confirmed_at = None
    account.totp_last_step = 0
    session.execute(delete(RecoveryCode).filter_by(account_id=account.id))
    session.execute(delete(Passkey).filter_by(account_id=account.id))


def _use_step(session: Session, account: Account, code: str) -> None:
    """Each step of 30 seconds is good once: a code seen over a shoulder is of no use."""
    step = _matching_step(account, code, clock.now())
    if step is not None:
        used = session.scalars(
            update(Account)
            .where(Account.id == account.id, Account.totp_last_step < step)
            .values(totp_last_step=step)
            .returning(Account.id)
        ).one_or_none()
        if used is not None:
            return
    raise SecondFactorError


def _matching_step(account: Account, code: str, now: datetime) -> int | None:
    if account.totp_secret is None:
        return None
    totp = pyotp.TOTP(account.totp_secret)
    present = int(now.timestamp()) // STEP_S
    for step in (present, present - 1, present + 1):
        if pyotp.utils.strings_equal(totp.generate_otp(step), code):
            return step
    return None


def _use_recovery_code(session: Session, account: Account, code: str) -> None:
    used = session.scalars(
        update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account.id,
            RecoveryCode.code_hash == _hash(code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=clock.now())
        .returning(RecoveryCode.id)
    ).one_or_none()
    if used is None:
        raise SecondFactorError


def _hash(code: str) -> str:
    return secrets.hash_token(code, "recovery")
