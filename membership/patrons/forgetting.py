"""A patron's personal data, deleted at the patron's wish: what stays is a public id, and money lines without a person.

`ask` writes the wish down; giving.departing ends the gifts at Stripe and then calls `forget`. Features that keep
something personal register here (`forgets`) how they let go of it. What is told later of a forgotten patron's customers
(webhooks, lists) finds the row with `deleted_at` and brings nobody back.
"""

from collections.abc import Callable

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts import enrolling as accounts
from membership.accounts.models import Account
from membership.mail import outbox
from membership.mail.models import OutgoingMail
from membership.newsroom import audit, page_changes
from membership.patrons import walls
from membership.patrons.models import NameWord, Patron, Visibility

Forgetter = Callable[[Session, Patron], None]
_forgetters: list[Forgetter] = []


def forgets(function: Forgetter) -> Forgetter:
    """Register how a feature lets go of what it knows of a patron, who still has the account then."""
    _forgetters.append(function)
    return function


def ask(session: Session, patron: Patron) -> None:
    """Write down that a patron wants all personal data deleted; once. The caller commits."""
    if patron.deletion_asked_at is None:
        patron.deletion_asked_at = clock.now()
        _note(session, patron, "patron.deletion_asked")


def waiting(session: Session) -> list[int]:
    """Patrons whose data is to be deleted and is not yet, the first one first."""
    asked = Patron.deletion_asked_at.is_not(None), Patron.deleted_at.is_(None)
    return list(session.scalars(select(Patron.id).where(*asked).order_by(Patron.deletion_asked_at)))


def forget(session: Session, patron: Patron) -> None:
    """Delete what is personal about a patron whose gifts have ended, and mail that once. The caller commits.

    An account that works here, or did, stays: what it did as staff is the newsroom's. It is a patron's no longer.
    """
    if patron.deleted_at is not None:
        return
    patron.deleted_at = clock.now()
    for function in _forgetters:
        function(session, patron)
    account = session.get(Account, patron.account_id) if patron.account_id is not None else None
    session.execute(delete(NameWord).filter_by(patron_id=patron.id))
    if patron.visibility is Visibility.PUBLIC:
        page_changes.record(session, walls.WALL)
    patron.name = patron.note = patron.wall_name = ""
    patron.visibility = Visibility.STAFF_ONLY
    patron.wall_approved_at = patron.wall_declined_at = None
    patron.wants_topic_mail = patron.wants_round_mail = False
    patron.account_id = None
    _note(session, patron, "patron.deleted")
    session.flush()
    if account is not None:
        _say_goodbye(session, account, patron)
        _forget_account(session, account)


def _say_goodbye(session: Session, account: Account, patron: Patron) -> None:
    session.execute(delete(OutgoingMail).filter_by(account_id=account.id))
    outbox.queue(
        session,
        kind="patrons/data_deleted",
        to=account.email,
        language=patron.language,
        dedupe_key=f"data_deleted:{patron.public_id}",
        context={},
    )


def _forget_account(session: Session, account: Account) -> None:
    accounts.end_sessions(session, account)
    session.flush()
    if account.role is None:
        try:
            with session.begin_nested():
                session.execute(delete(Account).filter_by(id=account.id))
        except IntegrityError:  # it worked here once
            return
        session.expunge(account)


def _note(session: Session, patron: Patron, action: str) -> None:
    audit.write(session, action=action, subject=f"patron:{patron.public_id}", actor_id=None, actor="patron")
