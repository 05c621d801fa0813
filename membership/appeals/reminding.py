"""Remind me in a month: asked for under an appeal, confirmed at the mailbox, one mail, and the address is forgotten.

Whoever asks learns nothing about an address: the same row is written and the same mail queued whoever it belongs to.
Nobody who has become a patron is reminded. What the outbox keeps of these mails is emptied too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.accounts import enrolling
from membership.accounts.models import Account
from membership.appeals import mail
from membership.appeals.errors import DeadReminderError
from membership.appeals.models import Placement, Reminder
from membership.mail import outbox
from membership.newsroom import budgets, due
from membership.newsroom.budgets import Limit
from membership.patrons import forgetting, standing
from membership.patrons.models import Patron
from membership.web import emails

REMIND, FORGET = "reminder.sends", "reminder.forgets"
CONFIRM_WITHIN = timedelta(days=7)
MAIL_KEPT = timedelta(days=3)
"""How long the outbox may try to hand the reminder over before the address is gone from there too."""
PER_ADDRESS = Limit("remind_address", 2, 86_400)
PER_NETWORK = Limit("remind_network", 20, 3_600)
OVERALL = Limit("remind_overall", 2_000, 3_600)
PURPOSE = "reminder"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody typed under an article; `email` is one plain address."""

    email: str
    article_id: int
    language: str


def ask(session: Session, wish: Wish, *, network: str) -> None:
    """Mail a link by which the mailbox confirms; over an address's budget nothing is mailed. The caller commits.

    Raises:
        AddressError: `email` is not one plain address.
        BudgetSpentError: too many askings from this network, or from everywhere; commit all the same.
    """
    budgets.spend_asking(session, network, overall=OVERALL, per_network=PER_NETWORK)
    address = emails.canonical(wish.email)
    index, token = secrets.blind_index(address), secrets.new_token()
    if not budgets.may_spend(session, index, PER_ADDRESS):
        return
    now = clock.now()
    reminder = Reminder(
        public_id=secrets.new_public_id(),
        email=address,
        email_index=index,
        token_hash=secrets.hash_token(token, PURPOSE),
        article_id=wish.article_id,
        language=wish.language,
        asked_at=now,
    )
    session.add(reminder)
    session.flush()
    due.at(session, now + CONFIRM_WITHIN, kind=FORGET, key=reminder.public_id)
    mail.confirm_reminder(
        session, reminder, address, article(session, reminder), token=token, until=now + CONFIRM_WITHIN
    )


def find(session: Session, token: str) -> Reminder:
    """The reminder that a mailed link is about. Reads only.

    Raises:
        DeadReminderError: it was forgotten, or never was.
    """
    hashed = secrets.hash_token(token[:100], PURPOSE)
    found = session.scalars(select(Reminder).filter_by(token_hash=hashed)).one_or_none()
    if found is None or (found.confirmed_at is None and clock.now() >= found.asked_at + CONFIRM_WITHIN):
        raise DeadReminderError
    return found


def confirm(session: Session, token: str) -> Reminder:
    """Count a reminder: its one mail leaves a month from now, and stands for all that this mailbox asked for before.

    Confirming again changes nothing. The caller commits.

    Raises:
        DeadReminderError: it was forgotten, or never was.
    """
    reminder = find(session, token)
    if reminder.confirmed_at is not None:
        return reminder
    for other in _of_mailbox(session, reminder.email or ""):
        if other.id != reminder.id:
            forget(session, other)
    reminder.confirmed_at = clock.now()
    reminder.remind_at = clock.add_months(reminder.confirmed_at, 1)
    due.at(session, reminder.remind_at, kind=REMIND, key=reminder.public_id)
    due.cancel(session, kind=FORGET, key=reminder.public_id)
    outbox.forget(session, mail.subject_key(reminder))
    return reminder


def forget(session: Session, reminder: Reminder) -> None:
    """Forget a reminder and its address, in the outbox too; what has not left does not leave. The caller commits."""
    outbox.forget(session, mail.subject_key(reminder))
    for kind in (REMIND, FORGET):
        due.cancel(session, kind=kind, key=reminder.public_id)
    session.execute(delete(Reminder).filter_by(id=reminder.id))


def article(session: Session, reminder: Reminder) -> Placement | None:
    """The article under which it was asked for, if it is still out."""
    return session.get(Placement, reminder.article_id)


@forgetting.forgets
def forget_with_patron(session: Session, patron: Patron) -> None:
    """Forget every reminder for the mailbox of a patron whose data is deleted. The caller commits."""
    account = session.get(Account, patron.account_id) if patron.account_id is not None else None
    for reminder in _of_mailbox(session, account.email) if account is not None else ():
        forget(session, reminder)


def _of_mailbox(session: Session, email: str) -> Sequence[Reminder]:
    """The reminders that have not left for a mailbox, locked in their order."""
    indexes = secrets.blind_indexes(email)
    found = select(Reminder).where(Reminder.email_index.in_(indexes)).order_by(Reminder.id)
    return session.scalars(found.with_for_update()).all()


@due.handler(REMIND)
def _remind(session: Session, key: str, _at: datetime) -> None:
    reminder = session.scalars(select(Reminder).filter_by(public_id=key).with_for_update()).one_or_none()
    if reminder is None or reminder.sent_at is not None or reminder.email is None:
        return
    if _is_patron(session, reminder.email):
        forget(session, reminder)
        return
    token, now = secrets.new_token(), clock.now()
    mail.reminder(session, reminder, reminder.email, article(session, reminder), token=token)
    reminder.token_hash = secrets.hash_token(token, PURPOSE)
    reminder.sent_at, reminder.email, reminder.email_index = now, None, None
    due.at(session, now + MAIL_KEPT, kind=FORGET, key=reminder.public_id)


@due.handler(FORGET)
def _forget(session: Session, key: str, _at: datetime) -> None:
    reminder = session.scalars(select(Reminder).filter_by(public_id=key)).one_or_none()
    if reminder is not None and (reminder.confirmed_at is None or reminder.sent_at is not None):
        forget(session, reminder)


def _is_patron(session: Session, email: str) -> bool:
    account = enrolling.by_email(session, email)
    if account is None:
        return False
    supports = exists().where(Patron.account_id == account.id, standing.is_active(clock.now()))
    return bool(session.scalar(select(supports)))
