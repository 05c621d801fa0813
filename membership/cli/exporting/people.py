"""Patrons, what covers them, and what they give, as tables. Whoever wishes to be hidden is masked here too."""

from collections.abc import Generator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from membership.articles.models import Article
from membership.cli.exporting.files import amount, each, told, when
from membership.giving.models import (
    Checkout,
    GiftMembership,
    OfflineGift,
    Owner,
    Payment,
    StripeCustomer,
    Subscription,
)
from membership.patrons import standing
from membership.patrons.models import Coverage, Patron, Visibility
from membership.patrons.revealing import hidden_name
from membership.web.csvfiles import Cell

Row = list[Cell]

PATRONS = (
    *("patron", "since", "name", "email", "language", "standing", "visibility", "wall_name"),
    *("wants_topic_mail", "wants_round_mail", "note", "stripe_customers"),
)
COVERAGE = ("patron", "source", "source_key", "starts_at", "ends_at", "ended_by")
SUBSCRIPTIONS = (
    *("subscription", "patron", "status", "interval", "currency", "amount", "covered_fee", "since"),
    *("next_charge_at", "is_paused", "ends_at", "ended_at", "feedback"),
)
GIFTS = (
    *("gift", "source", "patron", "currency", "amount", "covered_fee", "settled_at", "months"),
    *("months_for_another", "method", "article", "campaign", "reference", "reversed_at"),
)
GIVEN = ("membership", "payer", "months", "claimed_by", "claimed_at", "claim_before", "mail_on")


def patrons(session: Session, at: datetime) -> Generator[Row]:
    """Every patron as of an instant."""
    query = select(Patron, standing.is_active(at)).options(joinedload(Patron.account)).order_by(Patron.id)
    for patron, is_active in each(session, query):
        is_hidden = patron.visibility is Visibility.SECRET
        email = patron.account.email if patron.account is not None and not is_hidden else ""
        customers = session.scalars(select(StripeCustomer.id).filter_by(patron_id=patron.id))
        yield [
            patron.public_id,
            when(patron.created_at),
            hidden_name() if is_hidden else patron.name,
            email,
            patron.language,
            "active" if is_active else "not active",
            patron.visibility.value,
            "" if is_hidden else patron.wall_name,
            told(patron.wants_topic_mail),
            told(patron.wants_round_mail),
            "" if is_hidden else patron.note,
            "" if is_hidden else " ".join(sorted(customers)),
        ]


def coverage(session: Session) -> Generator[Row]:
    """What covers whom, from when until when."""
    query = select(Coverage, Patron.public_id).join(Patron).order_by(Coverage.id)
    for row, patron in each(session, query):
        ended_by = row.ended_by.value if row.ended_by is not None else ""
        yield [
            *(patron, row.source.value, row.source_key, when(row.starts_at), when(row.ends_at), ended_by),
        ]


def subscriptions(session: Session) -> Generator[Row]:
    """Every gift of ours that renews or did."""
    query = (
        select(Subscription, Patron.public_id)
        .outerjoin(StripeCustomer, StripeCustomer.id == Subscription.customer_id)
        .outerjoin(Patron, Patron.id == StripeCustomer.patron_id)
        .where(Subscription.is_ours)
        .order_by(Subscription.created, Subscription.id)
    )
    for row, patron in each(session, query):
        yield [
            *(row.id, patron or "", row.status, row.interval.value, row.currency),
            *(amount(row.amount, row.currency), amount(row.covered_fee, row.currency), when(row.created)),
            when(row.resumes_at if row.is_paused else row.skips_to or row.period_ends_at),
            *(told(row.is_paused), when(row.cancel_at), when(row.ended_at), row.cancel_feedback),
        ]


def gifts(session: Session) -> Generator[Row]:
    """Every payment of ours, and every gift that came outside of Stripe."""
    query = (
        select(Payment, Patron.public_id, Article.slug, Checkout.campaign)
        .outerjoin(StripeCustomer, StripeCustomer.id == Payment.customer_id)
        .outerjoin(Patron, Patron.id == StripeCustomer.patron_id)
        .outerjoin(Checkout, Checkout.public_id == Payment.checkout_public_id)
        .outerjoin(Article, Article.id == Checkout.article_id)
        .where(Payment.owner == Owner.OURS)
        .order_by(Payment.settled_at, Payment.id)
    )
    for row, patron, slug, campaign in each(session, query):
        yield [
            *(row.id, "stripe", patron or "", row.currency, amount(row.amount, row.currency)),
            *(amount(row.covered_fee, row.currency), when(row.settled_at), row.months, row.gift_months),
            *(row.method, slug or "", campaign or "", row.id, ""),
        ]
    offline = (
        select(OfflineGift, Patron.public_id)
        .join(Patron, Patron.id == OfflineGift.patron_id)
        .order_by(OfflineGift.id)
    )
    for row, patron in each(session, offline):
        yield [
            *(row.public_id, "offline", patron, row.currency, amount(row.amount, row.currency)),
            *(amount(0, row.currency), when(row.received_on), row.months, 0, "", "", ""),
            *(row.reference, when(row.reversed_at)),
        ]


def given(session: Session) -> Generator[Row]:
    """Memberships for somebody else, without the names and words on their cards, and without their codes."""
    claimed = select(Patron.public_id).where(Patron.id == GiftMembership.claimed_by_id).scalar_subquery()
    payer = (
        select(Patron.public_id)
        .join(StripeCustomer, StripeCustomer.patron_id == Patron.id)
        .join(Payment, Payment.customer_id == StripeCustomer.id)
        .join(Checkout, Checkout.public_id == Payment.checkout_public_id)
        .where(Checkout.id == GiftMembership.checkout_id)
        .limit(1)
        .scalar_subquery()
    )
    for row, by, payer_id in each(
        session, select(GiftMembership, claimed, payer).order_by(GiftMembership.id)
    ):
        yield [
            *(row.public_id, payer_id or "", row.months, by or "", when(row.claimed_at)),
            *(when(row.claim_before), when(row.mail_on)),
        ]
