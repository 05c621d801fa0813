"""Who works here, and what each may do. Each change is in the audit trail, in the same transaction."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.accounts import enrolling, mail, second_factor
from membership.accounts.errors import LastPublisherError, OwnRoleError
from membership.accounts.models import Account, Role
from membership.newsroom import audit

COMMAND = "command"
"""The actor of what was done at the machine's own command line."""


def appoint(
    session: Session,
    email: str,
    role: Role,
    *,
    name: str = "",
    sees_patrons: bool = False,
    language: str,
    by: Account | None,
) -> Account:
    """Let an address work here, as `role`, and tell it by mail. The caller commits.

    Somebody who works here already is changed; an account of a patron becomes both.

    Raises:
        AddressError: `email` is not one plain address.
        OwnRoleError, LastPublisherError: as for `change`.
    """
    account = enrolling.find_or_make(session, email, name=name, language=language)
    if name and not account.name:
        account.name = name
    if account.role is not None:
        change(session, account, role, sees_patrons=sees_patrons, by=by)
        return account
    account.role, account.sees_patrons = role, sees_patrons
    enrolling.end_sessions(session, account)
    mail.appointed(session, account, role)
    _write(session, "person.appointed", account, by, after=_may(account))
    return account


def change(session: Session, account: Account, role: Role, *, sees_patrons: bool, by: Account | None) -> None:
    """Change what somebody may do; their sessions end, so that it holds at once. The caller commits.

    Raises:
        OwnRoleError: it is oneself.
        LastPublisherError: no publisher would be left.
    """
    _refuse_oneself(account, by)
    before = _may(account)
    if before == {"role": role.value, "sees_patrons": sees_patrons}:
        return
    if role is not Role.PUBLISHER:
        _refuse_last(session, account)
    account.role, account.sees_patrons = role, sees_patrons
    enrolling.end_sessions(session, account)
    _write(session, "person.changed", account, by, before=before, after=_may(account))


def dismiss(session: Session, account: Account, *, by: Account | None) -> None:
    """Let somebody not work here any more: out at once, second factor and links gone. The caller commits.

    Raises:
        OwnRoleError: it is oneself.
        LastPublisherError: no publisher would be left.
    """
    _refuse_oneself(account, by)
    _refuse_last(session, account)
    before = _may(account)
    account.role, account.sees_patrons = None, False
    second_factor.reset(session, account)
    enrolling.end_sessions(session, account)
    _write(session, "person.dismissed", account, by, before=before)


def reset_second_factor(session: Session, account: Account, *, by: Account | None) -> None:
    """Let somebody set up the second factor anew at the next sign-in. The caller commits.

    Raises:
        OwnRoleError: it is oneself; recovery codes are for that.
    """
    _refuse_oneself(account, by)
    second_factor.reset(session, account)
    enrolling.end_sessions(session, account)
    _write(session, "second_factor.reset", account, by)


def people(session: Session) -> list[Account]:
    """Everybody who works here, publishers first, then by the day they came."""
    rank = {role: number for number, role in enumerate(reversed(Role))}
    found = session.scalars(select(Account).where(Account.role.is_not(None)).order_by(Account.id)).all()
    return sorted(found, key=lambda account: rank[account.role] if account.role else len(rank))


def person(session: Session, public_id: str) -> Account | None:
    """Somebody who works here, or None."""
    return session.scalars(
        select(Account).filter_by(public_id=public_id).where(Account.role.is_not(None))
    ).one_or_none()


def has_publisher(session: Session) -> bool:
    """Whether anybody may manage this newsroom yet (`membership init` asks)."""
    return session.scalars(select(Account.id).filter_by(role=Role.PUBLISHER).limit(1)).first() is not None


def _refuse_oneself(account: Account, by: Account | None) -> None:
    if by is not None and by.id == account.id:
        raise OwnRoleError


def _refuse_last(session: Session, account: Account) -> None:
    """The publishers' rows are locked, so that two cannot remove each other at the same time."""
    if account.role is not Role.PUBLISHER:
        return
    session.execute(select(Account.id).filter_by(role=Role.PUBLISHER).with_for_update())
    others = session.scalars(
        select(func.count())
        .select_from(Account)
        .where(Account.role == Role.PUBLISHER, Account.id != account.id, Account.blocked_at.is_(None))
    ).one()
    if not others:
        raise LastPublisherError


def _may(account: Account) -> dict[str, object]:
    return {"role": account.role.value if account.role else None, "sees_patrons": account.sees_patrons}


def _write(
    session: Session,
    action: str,
    account: Account,
    by: Account | None,
    **details: object,
) -> None:
    audit.write(
        session,
        action=action,
        subject=f"account:{account.public_id}",
        actor_id=by.id if by else None,
        actor=by.public_id if by else COMMAND,
        details=details,
    )
