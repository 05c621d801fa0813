"""What campaigns raised: settled payments that their checkouts brought, renewals too, less what went back.

A credit is a row for each such payment (`CampaignCredit`), written as the difference to what stands whenever the facts
of its patron change; `appeals.Campaign.raised` is the sum of those that settled within the campaign's dates. So any
order and any repetition of facts gives the same sum.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, func, insert, select
from sqlalchemy.orm import Session

from membership.appeals import campaigning
from membership.appeals.models import Campaign
from membership.giving import deriving, origins
from membership.giving.deriving import Derived
from membership.giving.facts import Payment
from membership.giving.ledger import Book, LedgerEntry, LedgerLine
from membership.giving.models import CampaignCredit, Checkout, Owner
from membership.giving.models import Payment as PaymentRow
from membership.giving.story import PatronFacts
from membership.newsroom import due

CREDITS = cast("Table", CampaignCredit.__table__)
_KEPT = frozenset({Book.GIFTS, Book.REFUNDED, Book.DISPUTED})
_STANDING = select(CREDITS).where(CREDITS.c.payment_id.in_(bindparam("ids", expanding=True)))
AT_ONCE = 500
Rows = dict[str, dict[str, Any]]


def credit(session: Session, people: Sequence[tuple[PatronFacts, Derived]]) -> None:
    """Credit the payments of some people to the campaigns that brought them. The caller commits."""
    slugs = set(session.scalars(select(Campaign.slug)))
    payments = [payment.id for known, _derived in people for payment in known.payments]
    if not slugs or not payments:
        return
    brought = _campaigns_of(session, people, slugs)
    wanted: Rows = {}
    for known, derived in people:
        for payment in known.payments:
            if payment.id in brought and derived.owners[payment.id] is Owner.OURS:
                wanted[payment.id] = _credit(known, payment, derived, brought[payment.id])
    raised_anew(session, _write(session, payments, wanted))


def raised_anew(session: Session, slugs: Collection[str]) -> None:
    """Sum up what campaigns raised; those that are summed at the same time wait for each other. Callers commit."""
    locked = select(Campaign).where(Campaign.slug.in_(slugs)).order_by(Campaign.slug).with_for_update()
    if not slugs:
        return
    for campaign in session.scalars(locked.execution_options(populate_existing=True)).all():
        # Asked only now that nobody else sums: on PostgreSQL it sees what they have committed.
        campaigning.raise_to(session, campaign, total_of(session, campaign))


def total_of(session: Session, campaign: Campaign) -> int:
    """The sum of a campaign's credits within its dates, in minor units of its currency."""
    total = select(func.coalesce(func.sum(CampaignCredit.kept), 0)).where(
        CampaignCredit.campaign == campaign.slug,
        CampaignCredit.currency == campaign.currency,
        CampaignCredit.settled_at >= campaign.starts_at,
        CampaignCredit.settled_at < campaign.ends_at,
    )
    return int(session.scalar(total) or 0)


@due.handler(campaigning.COUNT)
def _count(session: Session, slug: str, _at: datetime) -> None:
    """Count a campaign from the books: it is new, or staff have changed its dates."""
    session.execute(delete(CREDITS).where(CREDITS.c.campaign == slug))
    if rows := list(of_books(session, [slug]).values()):
        session.execute(insert(CREDITS), rows)
    raised_anew(session, [slug])


def of_books(session: Session, slugs: Collection[str]) -> Rows:
    """The credits of campaigns as the ledger has them, by payment."""
    origin = origins.of_payments()
    kept = (
        select(LedgerEntry.payment_id, func.sum(-LedgerLine.amount).label("kept"))
        .join(LedgerLine, LedgerLine.entry_id == LedgerEntry.id)
        .join(PaymentRow, PaymentRow.id == LedgerEntry.payment_id)
        .where(LedgerLine.book.in_(_KEPT), LedgerLine.currency == PaymentRow.currency)
        .group_by(LedgerEntry.payment_id)
        .subquery()
    )
    query = (
        select(PaymentRow.id, origin.c.campaign, PaymentRow.currency, PaymentRow.settled_at, kept.c.kept)
        .join(origin, origin.c.payment_id == PaymentRow.id)
        .outerjoin(kept, kept.c.payment_id == PaymentRow.id)
        .where(origin.c.campaign.in_(slugs), PaymentRow.owner == Owner.OURS)
    )
    return {
        payment_id: _row(payment_id, campaign, currency, settled_at, int(total or 0))
        for payment_id, campaign, currency, settled_at, total in session.execute(query)
    }


def stored(session: Session, slugs: Collection[str]) -> Rows:
    """The credits of campaigns as they are stored, by payment."""
    found = session.execute(select(CREDITS).where(CREDITS.c.campaign.in_(slugs))).mappings()
    return {row["payment_id"]: dict(row) for row in found}


def _campaigns_of(
    session: Session, people: Sequence[tuple[PatronFacts, Derived]], slugs: set[str]
) -> dict[str, str]:
    """The campaign that brought each payment, of those that one did."""
    checkout_of = {
        key: checkout for known, _derived in people for key, checkout in origins.by_facts(known).items()
    }
    campaign_of: dict[str, str] = {}
    ids = sorted(set(checkout_of.values()))
    for start in range(0, len(ids), AT_ONCE):
        query = select(Checkout.public_id, Checkout.campaign).where(
            Checkout.public_id.in_(ids[start : start + AT_ONCE]), Checkout.campaign.in_(slugs)
        )
        campaign_of |= dict(session.execute(query).all())
    return {key: campaign_of[checkout] for key, checkout in checkout_of.items() if checkout in campaign_of}


def _credit(known: PatronFacts, payment: Payment, derived: Derived, campaign: str) -> dict[str, Any]:
    lines = [line for entry in deriving.entries_of(known, payment, derived) for line in entry.lines]
    kept = sum(-line.amount for line in lines if line.book in _KEPT and line.currency == payment.currency)
    return _row(payment.id, campaign, payment.currency, derived.settled_at[payment.id], kept)


def _row(payment_id: str, campaign: str, currency: str, settled_at: datetime, kept: int) -> dict[str, Any]:
    return {
        "payment_id": payment_id,
        "campaign": campaign,
        "currency": currency,
        "settled_at": settled_at,
        "kept": kept,
    }


def _write(session: Session, payment_ids: Sequence[str], wanted: Rows) -> set[str]:
    """Let the credits of these payments be those that are wanted; the campaigns in which something changed."""
    standing: Rows = {}
    for start in range(0, len(payment_ids), AT_ONCE):
        found = session.execute(_STANDING, {"ids": payment_ids[start : start + AT_ONCE]}).mappings()
        standing |= {row["payment_id"]: dict(row) for row in found}
    changed = {key for key in standing.keys() | wanted.keys() if standing.get(key) != wanted.get(key)}
    gone = sorted(changed & standing.keys())
    if gone:
        session.execute(delete(CREDITS).where(CREDITS.c.payment_id.in_(gone)))
    if new := [wanted[key] for key in sorted(changed & wanted.keys())]:
        session.execute(insert(CREDITS), new)
    return {rows[key]["campaign"] for rows in (standing, wanted) for key in changed & rows.keys()}
