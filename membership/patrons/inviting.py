"""The one invitation to patrons who support us elsewhere: to give directly; and how many have done so since.

Each of them is mailed once, ever; the worker writes to some at a time.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts.models import Account
from membership.mail import outbox
from membership.newsroom import due, settings_rows
from membership.patrons.models import Coverage, Grant, Patron, SupportElsewhere, Visibility
from membership.patrons.standing import PAYING

INVITE = "patrons.invite_to_move"
AT_ONCE = 200


def has_moved() -> ColumnElement[bool]:
    """For queries over SupportElsewhere: whether a gift of one's own has come since the mark, and none was before."""
    return ~SupportElsewhere.gave_here & exists().where(
        Coverage.patron_id == SupportElsewhere.patron_id,
        Coverage.source.in_(PAYING),
        Coverage.starts_at >= SupportElsewhere.told_at,
    )


def may_be_invited() -> ColumnElement[bool]:
    """For queries over SupportElsewhere with Patron: whether the one invitation may go out.

    Not to whoever has had it, gives here already, has moved, is hidden, wants no mails of ours, or has no address.
    """
    had_it = select(SupportElsewhere.patron_id).where(SupportElsewhere.invited_at.is_not(None))
    return (
        SupportElsewhere.patron_id.not_in(had_it)
        & ~SupportElsewhere.gave_here
        & ~has_moved()
        & Patron.account_id.is_not(None)
        & Patron.wants_topic_mail
        & (Patron.visibility != Visibility.SECRET)
    )


@dataclass(frozen=True, kw_only=True)
class Platform:
    """How many support us through one platform."""

    name: str
    marked: int
    covered: int  # their grant holds now
    gave_here: int  # and gave here already
    invited: int
    moved: int


def platforms(session: Session, now: datetime) -> list[Platform]:
    """All platforms, by name; one query."""
    covered = (Grant.starts_at <= now) & (Grant.ends_at > now) & Grant.revoked_at.is_(None)
    counts = [
        func.count(),
        func.count().filter(covered),
        func.count().filter(SupportElsewhere.gave_here),
        func.count().filter(SupportElsewhere.invited_at.is_not(None)),
        func.count().filter(has_moved()),
    ]
    query = (
        select(SupportElsewhere.platform, *counts)
        .join(Grant, Grant.id == SupportElsewhere.grant_id)
        .group_by(SupportElsewhere.platform)
        .order_by(SupportElsewhere.platform)
    )
    names = ("name", "marked", "covered", "gave_here", "invited", "moved")
    return [Platform(**dict(zip(names, row, strict=True))) for row in session.execute(query)]


def count_invited(session: Session) -> int:
    """How many patrons have had the invitation."""
    return _count(session, SupportElsewhere.invited_at.is_not(None))


def count_moved(session: Session) -> int:
    """How many patrons give here directly who gave only elsewhere when their platform's file was read."""
    return _count(session, has_moved())


def _count(session: Session, where: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count(SupportElsewhere.patron_id.distinct())).where(where)) or 0


def count_to_invite(session: Session) -> int:
    """How many patrons the invitation would go to."""
    query = (
        select(func.count(SupportElsewhere.patron_id.distinct()))
        .join(Patron, Patron.id == SupportElsewhere.patron_id)
        .where(may_be_invited())
    )
    return session.scalar(query) or 0


def invite(session: Session) -> None:
    """Let the worker invite everybody who may be, some at a time. The caller commits, and audits."""
    now = clock.now()
    due.at(session, now, kind=INVITE, key=f"{now.isoformat()}:0")


@due.handler(INVITE)
def invite_some(session: Session, key: str, at: datetime) -> None:
    """Invite the next patrons to give directly, and come back for the rest. The caller commits."""
    query = (
        select(SupportElsewhere, Patron, Account)
        .join(Patron, Patron.id == SupportElsewhere.patron_id)
        .join(Account, Account.id == Patron.account_id)
        .where(may_be_invited())
        .order_by(SupportElsewhere.patron_id, SupportElsewhere.platform)
        .limit(AT_ONCE)
    )
    rows = session.execute(query).all()
    for mark, patron, account in rows:
        _invite(session, mark, patron, account)
    if len(rows) == AT_ONCE:
        began, _, number = key.rpartition(":")
        due.at(session, at, kind=INVITE, key=f"{began}:{int(number) + 1}")


def _invite(session: Session, mark: SupportElsewhere, patron: Patron, account: Account) -> None:
    """One mail for each patron, ever, whichever platforms it may be."""
    default = settings_rows.current(session).default_language
    mark.invited_at = clock.now()
    outbox.queue(
        session,
        kind="patrons/invited_to_move",
        to=account.email,
        language=patron.language,
        dedupe_key=f"invited-to-move:{patron.public_id}",
        context={
            "name": patron.name,
            "platform": mark.platform,
            "email": account.email,
            "prefix": "" if patron.language == default else f"/{patron.language}",
        },
        subject_key=f"patron:{patron.public_id}",
        account_id=account.id,
    )
