"""What became of mails."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.mail.models import MailState, OutgoingMail

FAILED = (MailState.BOUNCED, MailState.DEAD)


def stuck(session: Session, *, since: datetime) -> int:
    """How many mails have been due since before an instant and have not left."""
    return _count(
        session,
        OutgoingMail.state.in_((MailState.QUEUED, MailState.SENDING)),
        OutgoingMail.queued_at < since,
        OutgoingMail.tries > 0,
    )


def refused(session: Session, *, since: datetime) -> int:
    """How many mails queued since an instant were refused for good, or given up."""
    return _count(session, OutgoingMail.state.in_(FAILED), OutgoingMail.queued_at >= since)


def troubled(session: Session, *, most: int = 100) -> list[OutgoingMail]:
    """The newest mails that were refused, given up, or are being tried again."""
    return list(
        session.scalars(
            select(OutgoingMail)
            .where(
                OutgoingMail.state.in_(FAILED)
                | (OutgoingMail.state.in_((MailState.QUEUED, MailState.SENDING)) & (OutgoingMail.tries > 1))
            )
            .order_by(OutgoingMail.id.desc())
            .limit(most)
        )
    )


def counts(session: Session) -> dict[MailState, int]:
    """How many mails are in each state."""
    rows = session.execute(select(OutgoingMail.state, func.count()).group_by(OutgoingMail.state)).all()
    return {state: number for state, number in rows}  # noqa: C416 - a Row is not a pair to mypy


def has_bounced(session: Session, account_id: int) -> bool:
    """Whether the newest mail to an account was refused for good, so that its address may be wrong."""
    newest = session.scalars(
        select(OutgoingMail.state)
        .where(
            OutgoingMail.account_id == account_id,
            OutgoingMail.state.in_((MailState.SENT, MailState.BOUNCED)),
        )
        .order_by(OutgoingMail.id.desc())
        .limit(1)
    ).one_or_none()
    return newest is MailState.BOUNCED


def _count(session: Session, *conditions: object) -> int:
    return session.scalars(select(func.count()).select_from(OutgoingMail).where(*conditions)).one()  # type: ignore[arg-type]  # SQL conditions
