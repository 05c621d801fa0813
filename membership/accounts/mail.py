"""The mails of accounts: each queued in the transaction of its cause."""

from sqlalchemy.orm import Session

from membership import clock
from membership.accounts.models import Account, Role
from membership.mail import outbox
from membership.mail.models import OutgoingMail, Priority
from membership.newsroom import settings_rows
from membership.web import emails


def recovery_code_used(session: Session, account: Account) -> OutgoingMail | None:
    """Tell somebody that a recovery code has opened the desk, in case it was another."""
    at = clock.now()
    return outbox.queue(
        session,
        kind="accounts/recovery_code_used",
        to=account.email,
        language=account.language,
        dedupe_key=f"recovery_code:{account.public_id}:{at.isoformat()}",
        context={"at": at},
        account_id=account.id,
    )


def appointed(session: Session, account: Account, role: Role) -> OutgoingMail | None:
    """Tell somebody that they may work here, and how to begin."""
    return outbox.queue(
        session,
        kind="accounts/appointed",
        to=account.email,
        language=account.language,
        dedupe_key=f"appointed:{account.public_id}:{clock.now().isoformat()}",
        context={"role": role.value},
        account_id=account.id,
    )


def confirm_address(
    session: Session, account: Account, *, to: str, token: str, change_id: int
) -> OutgoingMail | None:
    """Ask a new mailbox whether it belongs to the owner of an account."""
    return outbox.queue(
        session,
        kind="accounts/confirm_address",
        to=to,
        language=account.language,
        dedupe_key=f"confirm_address:{change_id}",
        context={"path": f"{_prefix(session, account)}/address/{token}"},
        priority=Priority.SIGN_IN,
    )


def address_change_begun(
    session: Session, account: Account, *, token: str, change_id: int, new_email: str
) -> OutgoingMail | None:
    """Tell the mailbox so far that another is about to take its place, with a link that stops it."""
    return outbox.queue(
        session,
        kind="accounts/address_change_begun",
        to=account.email,
        language=account.language,
        dedupe_key=f"address_change_begun:{change_id}",
        context={
            "path": f"{_prefix(session, account)}/address/undo/{token}",
            "new": emails.masked(new_email),
        },
        account_id=account.id,
    )


def address_changed(session: Session, account: Account, *, to: str, change_id: int) -> OutgoingMail | None:
    """Tell the mailbox so far that the new one has answered; the link in the mail before still takes it back."""
    return outbox.queue(
        session,
        kind="accounts/address_changed",
        to=to,
        language=account.language,
        dedupe_key=f"address_changed:{change_id}",
        context={"at": clock.now(), "new": emails.masked(account.email)},
    )


def _prefix(session: Session, account: Account) -> str:
    default = settings_rows.current(session).default_language
    return "" if account.language == default else f"/{account.language}"
