"""From the outbox to the mail server: lease, send, mark, each committed by itself.

A row is leased by a conditional UPDATE, so two workers never send one at the same time; the lease ends after
five minutes, so a worker that died holds nothing back. A crash between the server's word and ours sends a
mail a second time, under the same Message-ID.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from membership import clock, db
from membership.mail.messages import message_of
from membership.mail.models import MailState, OutgoingMail, Priority
from membership.mail.transport import (
    PermanentRefusalError,
    TemporaryRefusalError,
    Transport,
    UnreachableError,
)
from membership.newsroom import settings_rows

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=5)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
MOST_TRIES = 72  # about three days at an hour's pause
KEPT = timedelta(days=30)
EMPTIED_AT_ONCE = 500


def send_due(session: Session, transport: Transport, *, until: Callable[[], bool] = lambda: False) -> int:
    """Hand over what is due, most urgent first; how many the server took.

    Ends early once `until` is true, and when the server cannot be reached: the other rows would only wait for the same
    answer.
    """
    db.run_unit(session, lambda: _end_old_leases(session))
    taken = 0
    with transport:
        while not until() and (mail := db.run_unit(session, lambda: _lease(session))) is not None:
            if mail.state is MailState.EXPIRED:
                continue
            try:
                taken += _send(session, transport, mail)
            except UnreachableError:
                break
    return taken


def _send(session: Session, transport: Transport, mail: OutgoingMail) -> int:
    """Hand over one leased mail and write down what became of it; 1 if it was taken.

    Raises:
        UnreachableError: the server cannot be reached; the mail is back in the queue.
    """
    row_id, tries = mail.id, mail.tries
    message = message_of(mail, settings_rows.current(session))
    recipient = mail.recipient
    session.commit()  # no transaction is open while the server is asked
    refusal = _hand_over(transport, message, recipient)
    if refusal is None:
        db.run_unit(session, lambda: _mark_sent(session, row_id))
    elif isinstance(refusal, PermanentRefusalError):
        db.run_unit(session, lambda: _mark_bounced(session, row_id, str(refusal)))
    else:
        db.run_unit(session, lambda: _put_back(session, row_id, tries, str(refusal)))
    if isinstance(refusal, UnreachableError):
        raise refusal
    return 0 if refusal else 1


def _hand_over(transport: Transport, message: EmailMessage, recipient: str) -> Exception | None:
    try:
        transport.send(message, recipient)
    except (PermanentRefusalError, TemporaryRefusalError, UnreachableError) as refusal:
        return refusal
    except Exception as fault:
        # One mail that cannot be written or sent must not hold back the others.
        log.exception("mail_failed")
        return TemporaryRefusalError(type(fault).__name__)
    return None


def _end_old_leases(session: Session) -> None:
    session.execute(
        update(OutgoingMail)
        .where(OutgoingMail.state == MailState.SENDING, OutgoingMail.not_before <= clock.now())
        .values(state=MailState.QUEUED)
        .execution_options(synchronize_session=False)
    )


def _lease(session: Session) -> OutgoingMail | None:
    """The most urgent row that is due, leased, or set aside as expired if it would come too late."""
    now = clock.now()
    due = (
        select(OutgoingMail.id)
        .where(OutgoingMail.state == MailState.QUEUED, OutgoingMail.not_before <= now)
        .order_by(OutgoingMail.priority, OutgoingMail.not_before, OutgoingMail.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row_id = session.scalars(
        update(OutgoingMail)
        .where(OutgoingMail.id == due.scalar_subquery(), OutgoingMail.state == MailState.QUEUED)
        .values(state=MailState.SENDING, not_before=now + LEASE, tries=OutgoingMail.tries + 1)
        .returning(OutgoingMail.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row_id is None:
        return None
    mail = session.get_one(OutgoingMail, row_id, populate_existing=True)
    if mail.expires_at is not None and mail.expires_at <= now:
        mail.state = MailState.EXPIRED
        _empty(mail, now)
    return mail


def _mark_sent(session: Session, row_id: int) -> None:
    """Also when the lease has ended meanwhile: the server has the mail, and nobody should send it again."""
    now = clock.now()
    mail = session.get_one(OutgoingMail, row_id, populate_existing=True)
    mail.state, mail.sent_at, mail.error = MailState.SENT, now, ""
    if mail.priority is Priority.SIGN_IN:  # it carried a way in
        _empty(mail, now)


def _mark_bounced(session: Session, row_id: int, reason: str) -> None:
    mail = session.get_one(OutgoingMail, row_id, populate_existing=True)
    mail.state, mail.error = MailState.BOUNCED, reason[:500]


def _put_back(session: Session, row_id: int, tries: int, reason: str) -> None:
    mail = session.get_one(OutgoingMail, row_id, populate_existing=True)
    if mail.state is not MailState.SENDING or mail.tries != tries:
        return  # somebody else has leased it since
    if mail.emptied_at is not None:
        mail.state = MailState.CANCELED  # forgotten meanwhile: there is nothing left to send
        return
    mail.state = MailState.DEAD if tries >= MOST_TRIES else MailState.QUEUED
    mail.not_before, mail.error = clock.now() + pause_after(tries), reason[:500]


def pause_after(tries: int) -> timedelta:
    """How long to wait after so many tries: a minute, doubled each time, up to an hour, give or take a fifth."""
    doublings: int = 2 ** min(tries - 1, 10)
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * doublings)
    spread: float = random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing
    return pause * spread


def empty_old(session: Session) -> int:
    """Empty subject and bodies of what ended over 30 days ago, some hundred at a time; how many. Commits."""
    return db.run_unit(session, lambda: _empty_old(session))


def _empty_old(session: Session) -> int:
    now = clock.now()
    ended = (MailState.SENT, MailState.CANCELED, MailState.BOUNCED, MailState.DEAD)
    rows = session.scalars(
        select(OutgoingMail)
        .where(
            OutgoingMail.emptied_at.is_(None),
            OutgoingMail.state.in_(ended),
            or_(OutgoingMail.sent_at < now - KEPT, OutgoingMail.sent_at.is_(None)),
            OutgoingMail.queued_at < now - KEPT,
        )
        .limit(EMPTIED_AT_ONCE)
    ).all()
    for mail in rows:
        _empty(mail, now)
    return len(rows)


def empty(session: Session, subject_key: str) -> None:
    """Empty recipient, subject and bodies of every mail about `subject_key`. The caller commits."""
    now = clock.now()
    for mail in session.scalars(select(OutgoingMail).filter_by(subject_key=subject_key)).all():
        _empty(mail, now)
        mail.recipient = ""


def _empty(mail: OutgoingMail, now: datetime) -> None:
    mail.subject = mail.text = mail.html = ""
    mail.emptied_at = now
