"""A patron's gifts as pages show them: what is given, what is charged next and when, what can be done about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from membership.giving.models import Interval, Invoice, StripeCustomer, Subscription
from membership.money import Money

LIVE = frozenset({"active", "trialing", "past_due", "unpaid", "paused"})
"""Stripe's words for subscriptions that have begun and have not ended."""

IN_ARREARS = frozenset({"past_due", "unpaid"})


@dataclass(frozen=True, kw_only=True)
class Gift:
    """A gift that renews, in the words of its page. Times are instants; amounts are of one interval."""

    id: str  # the subscription's
    money: Money
    covered_fee: Money
    interval: Interval
    since: datetime
    next_charge_at: datetime | None  # None: nothing more will be charged
    ends_at: datetime | None  # set to end then
    is_failing: bool
    is_paused: bool
    resumes_at: datetime | None
    has_ended: bool
    invoice_url: str  # Stripe's page of the open bill, where a bank can ask its question
    next_try_at: datetime | None
    customer_id: str
    item_id: str

    @property
    def can_change(self) -> bool:
        """Whether another amount can be agreed on."""
        return not (self.has_ended or self.ends_at or self.is_paused or self.is_failing)

    @property
    def is_running(self) -> bool:
        """Whether it renews and all is well."""
        return not (self.has_ended or self.ends_at or self.is_paused or self.is_failing)

    @property
    def is_monthly(self) -> bool:
        """Whether a month is its interval."""
        return self.interval is Interval.MONTH


def of_patron(session: Session, patron_id: int) -> list[Gift]:
    """All gifts of a patron that renew or did, live ones first, newest first."""
    rows = session.scalars(_subscriptions(patron_id)).all()
    bills = _open_bills(session, [row.id for row in rows])
    gifts = [_gift(row, bills.get(row.id)) for row in rows]
    return sorted(gifts, key=lambda gift: (gift.has_ended, -gift.since.timestamp()))


def live(session: Session, patron_id: int) -> list[Gift]:
    """The gifts of a patron that have begun and have not ended."""
    return [gift for gift in of_patron(session, patron_id) if not gift.has_ended]


def one_of(session: Session, patron_id: int, subscription_id: str) -> Gift | None:
    """One gift, if it is this patron's."""
    return next((gift for gift in of_patron(session, patron_id) if gift.id == subscription_id), None)


def of_rows(session: Session, subscription_ids: Sequence[str]) -> list[Gift]:
    """The gifts of these subscriptions, whatever their state: also one whose first payment has only just come."""
    rows = session.scalars(select(Subscription).where(Subscription.id.in_(subscription_ids))).all()
    bills = _open_bills(session, subscription_ids)
    return [_gift(row, bills.get(row.id)) for row in rows]


def _subscriptions(patron_id: int) -> Select[Subscription]:
    """Begun subscriptions of ours; one that never was paid (incomplete) is no gift."""
    return (
        select(Subscription)
        .join(StripeCustomer, StripeCustomer.id == Subscription.customer_id)
        .where(
            StripeCustomer.patron_id == patron_id,
            Subscription.is_ours,
            Subscription.status.in_({*LIVE, "canceled"}),
        )
    )


def _open_bills(session: Session, subscription_ids: Sequence[str]) -> dict[str, Invoice]:
    """The newest open bill of each subscription that has one."""
    found = session.scalars(
        select(Invoice)
        .where(Invoice.subscription_id.in_(subscription_ids), Invoice.status == "open")
        .order_by(Invoice.created)
    )
    return {str(invoice.subscription_id): invoice for invoice in found}


def _gift(row: Subscription, bill: Invoice | None) -> Gift:
    has_ended = row.ended_at is not None or row.status == "canceled"
    is_failing = row.status in IN_ARREARS and not has_ended
    ends_at = None if has_ended else row.cancel_at
    renews = not (has_ended or ends_at or row.is_paused)
    return Gift(
        id=row.id,
        money=Money(row.amount, row.currency),
        covered_fee=Money(row.covered_fee, row.currency),
        interval=row.interval,
        since=row.created,
        next_charge_at=(row.trial_ends_at or row.period_ends_at) if renews else None,
        ends_at=ends_at or row.ended_at,
        is_failing=is_failing,
        is_paused=row.is_paused and not has_ended,
        resumes_at=row.resumes_at,
        has_ended=has_ended,
        invoice_url=bill.hosted_url if bill and is_failing else "",
        next_try_at=bill.next_attempt_at if bill and is_failing else None,
        customer_id=row.customer_id,
        item_id=row.item_id,
    )
