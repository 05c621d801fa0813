"""The state of the books at an instant, canonical: equal books give equal bytes.

No personal data, no local ids, no times of receipt. Patrons are keyed by the smallest of their Stripe customers' ids,
else by the public id of what made them patrons. What other packages know (tallies) is added by whoever prints it.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from membership.giving.ledger import EntryKind, LedgerEntry, LedgerLine
from membership.giving.models import (
    Checkout,
    Dispute,
    GiftMembership,
    Invoice,
    OfflineGift,
    Owner,
    Payment,
    Refund,
    StripeCustomer,
    Subscription,
)
from membership.giving.movements import Movement
from membership.patrons import standing
from membership.patrons.models import Coverage, Grant, Patron

Json = dict[str, Any]


def state(session: Session, at: datetime) -> Json:
    """What the books say at an instant: standing, subscriptions, payments, ledger totals, movements."""
    names = _names(session)
    return {
        "at": _iso(at),
        "patrons": _patrons(session, names, at),
        "subscriptions": _subscriptions(session, at),
        "payments": _payments(session, at),
        "refunds": _refunds(session, at),
        "disputes": _disputes(session, at),
        "invoices": _invoices(session, at),
        "offline_gifts": _offline_gifts(session, names, at),
        "gift_memberships": _gift_memberships(session, names, at),
        "ledger": _ledger(session, at),
        "movements": _movements(session, names, at),
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _names(session: Session) -> dict[int, str]:
    """The canonical name of each patron."""
    grants = select(Grant.patron_id, Grant.public_id)
    customers = (
        select(StripeCustomer.patron_id, StripeCustomer.id)
        .where(StripeCustomer.patron_id.is_not(None))
        .order_by(StripeCustomer.id.desc())
    )
    offline = select(OfflineGift.patron_id, OfflineGift.public_id)
    claimed = select(GiftMembership.claimed_by_id, GiftMembership.public_id)
    own = [(row[0], row[1]) for query in (grants, offline, claimed) for row in session.execute(query)]
    own.sort(key=lambda row: row[1], reverse=True)
    # The smallest of each comes last and stays.
    rows = [*own, *((row[0], row[1]) for row in session.execute(customers))]
    return {patron_id: name for patron_id, name in rows if patron_id is not None}


def _patrons(session: Session, names: dict[int, str], at: datetime) -> list[Json]:
    rows: dict[int, list[Coverage]] = defaultdict(list)
    for coverage in session.scalars(select(Coverage).where(Coverage.starts_at <= at)):
        rows[coverage.patron_id].append(coverage)
    found = []
    for patron_id in session.scalars(select(Patron.id).where(Patron.created_at <= at)):
        if patron_id not in names:
            continue
        covered = sorted(rows[patron_id], key=lambda c: (c.starts_at, c.source, c.source_key))
        found.append(
            {
                "patron": names[patron_id],
                "standing": standing.at(covered, at),
                "coverage": [
                    [c.source, c.source_key, _iso(c.starts_at), _iso(c.ends_at), c.ended_by] for c in covered
                ],
            }
        )
    return sorted(found, key=lambda patron: patron["patron"])


def _rows(session: Session, query: Any, order: Any) -> Iterable[Any]:  # noqa: ANN401 - SQL
    return session.execute(query.order_by(order)).all()


def _subscriptions(session: Session, at: datetime) -> list[Json]:
    query = select(
        Subscription.id,
        Subscription.customer_id,
        Subscription.status,
        Subscription.amount,
        Subscription.currency,
        Subscription.interval,
        Subscription.period_starts_at,
        Subscription.period_ends_at,
        Subscription.cancel_at,
        Subscription.canceled_at,
        Subscription.ended_at,
        Subscription.is_paused,
        Subscription.resumes_at,
        Subscription.skips_to,
    ).where(Subscription.is_ours, Subscription.created <= at)
    return [_plain(row._mapping) for row in _rows(session, query, Subscription.id)]  # noqa: SLF001 - a named tuple's public name


def _payments(session: Session, at: datetime) -> list[Json]:
    query = select(
        Payment.id,
        Payment.customer_id,
        Payment.amount,
        Payment.currency,
        Payment.settled_at,
        Payment.owner,
        Payment.months,
        Payment.covered_fee,
        Payment.balance_transaction_id,
    ).where(Payment.settled_at <= at, Payment.owner != Owner.FOREIGN)
    return [_plain(row._mapping) for row in _rows(session, query, Payment.id)]  # noqa: SLF001


def _refunds(session: Session, at: datetime) -> list[Json]:
    query = select(Refund.id, Refund.charge_id, Refund.amount, Refund.currency, Refund.status, Refund.created)
    return [_plain(row._mapping) for row in _rows(session, query.where(Refund.created <= at), Refund.id)]  # noqa: SLF001


def _disputes(session: Session, at: datetime) -> list[Json]:
    query = select(
        Dispute.id,
        Dispute.charge_id,
        Dispute.amount,
        Dispute.currency,
        Dispute.status,
        Dispute.withdrawn_at,
        Dispute.reinstated_at,
    ).where(Dispute.created <= at)
    return [_plain(row._mapping) for row in _rows(session, query, Dispute.id)]  # noqa: SLF001


def _invoices(session: Session, at: datetime) -> list[Json]:
    query = select(
        Invoice.id, Invoice.subscription_id, Invoice.status, Invoice.period_starts_at, Invoice.period_ends_at
    ).where(Invoice.is_ours, Invoice.created <= at)
    return [_plain(row._mapping) for row in _rows(session, query, Invoice.id)]  # noqa: SLF001


def _offline_gifts(session: Session, names: dict[int, str], at: datetime) -> list[Json]:
    query = select(OfflineGift).where(OfflineGift.at <= at).order_by(OfflineGift.public_id)
    return [
        {
            "id": gift.public_id,
            "patron": names[gift.patron_id],
            "received_on": gift.received_on.isoformat(),
            "amount": gift.amount,
            "fee": gift.fee,
            "currency": gift.currency,
            "months": gift.months,
            "reversed_at": _iso(gift.reversed_at if gift.reversed_at and gift.reversed_at <= at else None),
        }
        for gift in session.scalars(query)
    ]


def _gift_memberships(session: Session, names: dict[int, str], at: datetime) -> list[Json]:
    query = select(GiftMembership, Checkout.public_id).join(
        Checkout, Checkout.id == GiftMembership.checkout_id
    )
    claimed = query.where(GiftMembership.claimed_at <= at).order_by(GiftMembership.public_id)
    return [
        {
            "id": gift.public_id,
            "checkout": checkout,
            "months": gift.months,
            "claimed_at": _iso(gift.claimed_at),
            "patron": names[gift.claimed_by_id or 0],
        }
        for gift, checkout in session.execute(claimed)
    ]


def _plain(row: Any) -> Json:  # noqa: ANN401 - a row's mapping
    return {str(name): _iso(value) if isinstance(value, datetime) else value for name, value in row.items()}


def _ledger(session: Session, at: datetime) -> list[Json]:
    """The sums of each book; what was moved from unassigned later counts where it stands now.

    A charge counts from the instant its payment settled, as that is known now: an entry keeps the instant that was
    known when it was booked.
    """
    of_charge = or_(LedgerEntry.kind == EntryKind.CHARGE, LedgerEntry.stripe_id.startswith("charge:"))
    counts_from = case((of_charge, Payment.settled_at), else_=LedgerEntry.at)
    query = (
        select(LedgerLine.book, LedgerLine.currency, func.sum(LedgerLine.amount))
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .outerjoin(Payment, Payment.id == LedgerEntry.payment_id)
        .where(counts_from <= at)
        .group_by(LedgerLine.book, LedgerLine.currency)
    )
    sums = sorted((str(book), currency, int(amount)) for book, currency, amount in session.execute(query))
    return [
        {"book": book, "currency": currency, "amount": amount} for book, currency, amount in sums if amount
    ]


def _movements(session: Session, names: dict[int, str], at: datetime) -> list[Json]:
    sums: dict[tuple[str, ...], int] = defaultdict(int)
    for row in session.execute(select(Movement.__table__).where(Movement.__table__.c.at <= at)):
        key = (
            row.effective_on.isoformat(),
            str(_iso(row.at)),
            row.subscription_id,
            str(row.kind),
            row.currency,
            names.get(row.patron_id, ""),
        )
        sums[key] += row.twelfths
    fields = ("effective_on", "at", "subscription", "kind", "currency", "patron")
    return [
        dict(zip(fields, key, strict=True)) | {"twelfths": total}
        for key, total in sorted(sums.items())
        if total
    ]
