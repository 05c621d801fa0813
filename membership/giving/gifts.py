"""A patron's gifts as pages show them: what is given, what is charged next and when, what can be done about it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from membership import clock
from membership.giving import resting
from membership.giving.models import Interval, Invoice, StripeCustomer, Subscription
from membership.giving.stripe_states import LIVE
from membership.money import Money

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
    anchor_at: datetime | None  # whose day of the month charges fall on
    period_ends_at: datetime | None
    goes_on_at: datetime | None  # its next charge, if it is neither paused nor set to end
    paid_until: datetime | None  # to when the settled payments reach
    skips_at: datetime | None  # a payment that was due then is skipped
    skipped: tuple[datetime, ...]  # when payments that were skipped before had been due
    is_waiting: bool  # at Stripe its next charge was moved to a day of its own (`trialing`)
    is_being_charged: bool  # a bill for the period that has begun is on its way

    @property
    def can_change(self) -> bool:
        """Whether another amount can be agreed on."""
        return self.is_running

    @property
    def is_running(self) -> bool:
        """Whether it renews and all is well."""
        return not (self.has_ended or self.ends_at or self.is_paused or self.is_failing)

    @property
    def can_move(self) -> bool:
        """Whether its next charge can be moved or its interval switched: it runs and no payment is being skipped."""
        return self.is_running and self.skips_at is None and self.next_charge_at is not None

    @property
    def skips_left(self) -> int:
        """How many payments may still be skipped, the next one first; a yearly gift is paused instead."""
        if self.next_charge_at is None or not self.is_monthly:
            return 0
        return resting.skips_left(self.skipped, self.next_charge_at)

    @property
    def can_skip(self) -> bool:
        """Whether the next payment can be skipped."""
        return self.can_move and self.skips_left > 0

    @property
    def to_undo(self) -> str:
        """What going on would undo: its "end", which stands before a "pause" and a "skip"; "" if it goes on."""
        if self.ends_at is not None:
            return "end"
        if self.is_paused:
            return "pause"
        return "skip" if self.skips_at is not None else ""

    @property
    def chosen(self) -> Money:
        """The amount that was chosen, without the fee that is covered."""
        return self.money - self.covered_fee

    @property
    def would_end_at(self) -> datetime | None:
        """When it would end if it were canceled now: with what is paid; if nothing is, with its period."""
        ends = [at for at in (self.paid_until, self.period_ends_at) if at is not None and at > clock.now()]
        return min(ends, default=self.period_ends_at)

    @property
    def is_paid(self) -> bool:
        """Whether what is paid reaches beyond now."""
        return self.paid_until is not None and self.paid_until > clock.now()

    @property
    def is_monthly(self) -> bool:
        """Whether a month is its interval."""
        return self.interval is Interval.MONTH


def of_patron(session: Session, patron_id: int) -> list[Gift]:
    """All gifts of a patron that renew or did, live ones first, newest first."""
    rows = session.scalars(_subscriptions(patron_id)).all()
    bills = _bills(session, [row.id for row in rows])
    gifts = [_gift(row, bills[row.id]) for row in rows]
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
    bills = _bills(session, subscription_ids)
    return [_gift(row, bills[row.id]) for row in rows]


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


def _bills(session: Session, subscription_ids: Sequence[str]) -> dict[str, list[Invoice]]:
    """The bills of each subscription, the newest last."""
    query = select(Invoice).where(Invoice.subscription_id.in_(subscription_ids)).order_by(Invoice.created)
    found: dict[str, list[Invoice]] = defaultdict(list)
    for invoice in session.scalars(query):
        found[str(invoice.subscription_id)].append(invoice)
    return found


def _gift(row: Subscription, bills: list[Invoice]) -> Gift:
    bill = next((invoice for invoice in reversed(bills) if invoice.status == "open"), None)
    has_ended = row.ended_at is not None or row.status == "canceled"
    is_failing = row.status in IN_ARREARS and not has_ended
    ends_at = None if has_ended else row.cancel_at
    renews = not (has_ended or ends_at or row.is_paused)
    paid = [invoice.period_ends_at for invoice in bills if invoice.status == "paid" and invoice.amount_due]
    charge_at = max(filter(None, (row.period_ends_at, row.skips_to)), default=None)
    return Gift(
        id=row.id,
        money=Money(row.amount, row.currency),
        covered_fee=Money(row.covered_fee, row.currency),
        interval=row.interval,
        since=row.created,
        next_charge_at=charge_at if renews else None,
        ends_at=ends_at or row.ended_at,
        is_failing=is_failing,
        is_paused=row.is_paused and not has_ended,
        resumes_at=row.resumes_at,
        has_ended=has_ended,
        invoice_url=bill.hosted_url if bill and is_failing else "",
        next_try_at=bill.next_attempt_at if bill and is_failing else None,
        customer_id=row.customer_id,
        item_id=row.item_id,
        anchor_at=row.anchor_at,
        period_ends_at=row.period_ends_at,
        goes_on_at=charge_at,
        paid_until=max(filter(None, paid), default=None),
        skips_at=row.period_ends_at if renews and row.period_ends_at != charge_at else None,
        skipped=tuple(
            invoice.period_starts_at
            for invoice in bills
            if invoice.is_skipped and invoice.period_starts_at is not None
        ),
        is_waiting=row.status == "trialing",
        is_being_charged=not is_failing and bool(bills) and bills[-1].status in {"draft", "open"},
    )
