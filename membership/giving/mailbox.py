"""Help for who cannot get into the mailbox of a gift: a desk task, and which payments could be meant.

Whoever asks learns nothing, whatever was typed: the answer is the same, and so is the work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.giving.models import MailboxRequest, Owner, Payment, StripeCustomer
from membership.mail.models import MailState, OutgoingMail
from membership.money import Money
from membership.newsroom import budgets
from membership.newsroom.budgets import Limit
from membership.patrons.models import Patron

PER_NETWORK = Limit("mailbox_requests_network", 5, 86_400)
OVERALL = Limit("mailbox_requests_overall", 100, 86_400)
NEAR = timedelta(days=3)
"""Banks date a payment some days later than we do."""
KEPT = timedelta(days=30)


def ask(
    session: Session,
    *,
    paid_on: date,
    money: Money,
    card_last4: str,
    email: str,
    note: str,
    language: str,
    network: str,
) -> MailboxRequest:
    """Write down a call for help. The caller commits, also when refused.

    Raises:
        BudgetSpentError: too many from this network today, or from everywhere.
    """
    budgets.spend_asking(session, network, overall=OVERALL, per_network=PER_NETWORK)
    request = MailboxRequest(
        public_id=secrets.new_public_id(),
        asked_at=clock.now(),
        paid_on=paid_on,
        amount=money.amount,
        currency=money.currency,
        card_last4=card_last4,
        email=email,
        note=note,
        language=language,
    )
    session.add(request)
    session.flush()
    return request


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call for help, with the patrons whose payments fit it."""

    request: MailboxRequest
    patron_ids: Sequence[int]

    @property
    def money(self) -> Money:
        """The amount as it was told."""
        return Money(self.request.amount, self.request.currency)


def waiting(session: Session, zone: ZoneInfo) -> list[Call]:
    """The calls that wait, the oldest first."""
    rows = session.scalars(
        select(MailboxRequest)
        .where(MailboxRequest.closed_at.is_(None))
        .order_by(MailboxRequest.asked_at, MailboxRequest.id)
        .limit(100)
    )
    return [Call(request=row, patron_ids=_fitting(session, row, zone)) for row in rows]


def _fitting(session: Session, request: MailboxRequest, zone: ZoneInfo) -> list[int]:
    """Patrons who paid this amount with such a card around that day, in the newsroom's time zone."""
    day = datetime.combine(request.paid_on, time(), zone).astimezone(UTC)
    found = session.scalars(
        select(StripeCustomer.patron_id)
        .join(Payment, Payment.customer_id == StripeCustomer.id)
        .where(
            Payment.owner == Owner.OURS,
            Payment.settled_at >= day - NEAR,
            Payment.settled_at < day + NEAR + timedelta(days=1),
            Payment.amount == request.amount,
            Payment.currency == request.currency,
            Payment.card_last4 == request.card_last4,
            StripeCustomer.patron_id.is_not(None),
        )
        .distinct()
        .limit(10)
    )
    return [patron_id for patron_id in found if patron_id is not None]


def close(session: Session, public_id: str, *, by: int) -> bool:
    """Take a call off the desk; whether it was there. The caller commits."""
    request = session.scalars(
        select(MailboxRequest).filter_by(public_id=public_id, closed_at=None)
    ).one_or_none()
    if request is None:
        return False
    request.closed_at, request.closed_by = clock.now(), by
    request.email = request.note = ""  # it has done its work
    return True


def count_waiting(session: Session) -> int:
    """How many calls wait."""
    query = select(func.count()).select_from(MailboxRequest).where(MailboxRequest.closed_at.is_(None))
    return session.scalar(query) or 0


def unreached(session: Session) -> list[int]:
    """Patrons whose welcome was refused within the last month and to whom no later mail has got through."""
    newest = (
        select(OutgoingMail.account_id, func.max(OutgoingMail.id).label("id"))
        .where(
            OutgoingMail.account_id.is_not(None),
            OutgoingMail.queued_at > clock.now() - KEPT,
            OutgoingMail.state.in_((MailState.SENT, MailState.BOUNCED, MailState.DEAD)),
        )
        .group_by(OutgoingMail.account_id)
        .subquery()
    )
    bounced = (
        select(OutgoingMail.account_id)
        .join(newest, newest.c.id >= OutgoingMail.id)
        .where(
            newest.c.account_id == OutgoingMail.account_id,
            OutgoingMail.kind.in_(("giving/welcome", "giving/gift_bought")),
            OutgoingMail.state.in_((MailState.BOUNCED, MailState.DEAD)),
            OutgoingMail.queued_at > clock.now() - KEPT,
        )
    )
    still = (
        select(OutgoingMail.account_id)
        .join(newest, newest.c.id == OutgoingMail.id)
        .where(OutgoingMail.state.in_((MailState.BOUNCED, MailState.DEAD)))
    )
    found = session.scalars(
        select(Patron.id)
        .where(Patron.account_id.in_(bounced), Patron.account_id.in_(still))
        .order_by(Patron.id)
        .limit(100)
    )
    return list(found)
