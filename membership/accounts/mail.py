"""The mails of accounts: each queued in the transaction of its cause."""

from sqlalchemy.orm import Session

from membership import clock
from membership.accounts.models import Account, Role
from membership.mail import outbox
from membership.mail.models import OutgoingMail


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
