"""What each story and each appeal brought: settled payments less refunds and disputes, one-time gifts included.

A payment is credited to the article and slot of the checkout that began it; renewals of a subscription to those of
its first checkout. A gift is a one-time gift if no invoice is joined to it. What is not known is a row. The rows of a
currency add up to the ledger to the cent, since they are the ledger's own lines, grouped.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Subquery, and_, case, func, select
from sqlalchemy.orm import Session, aliased

from membership.appeals.models import Appeal, Showing
from membership.articles.models import Article
from membership.giving.ledger import Book, LedgerEntry, LedgerLine
from membership.giving.models import (
    Checkout,
    Invoice,
    InvoicePayment,
    OfflineGift,
    Payment,
    StripeCustomer,
    Subscription,
)
from membership.reports.income import NOT_STRIPE, day_of
from membership.reports.periods import Month


@dataclass(frozen=True)
class StoryRow:
    """What one article (or one appeal) brought in one currency, in its minor units.

    `subject_id` is None for what is not known and for what came outside of Stripe (`is_offline`).
    `once` is the part of `kept` that came from one-time gifts.
    """

    subject_id: int | None
    title: str
    is_offline: bool
    patrons: int
    gross: int
    refunded: int
    disputed: int
    once: int

    @property
    def kept(self) -> int:
        """Gross less refunds and disputes."""
        return self.gross - self.refunded - self.disputed

    @property
    def recurring(self) -> int:
        """The part of `kept` that came from gifts that renew."""
        return self.kept - self.once


def by_article(
    session: Session, currency: str, months: Sequence[Month], *, sealed: bool = False
) -> list[StoryRow]:
    """The rows by article, most first, the unknown last; one query."""
    origin = _origin()
    return _rows(
        session, origin, origin.c.article_id, _article_titles(session), currency, months, sealed=sealed
    )


def by_appeal(
    session: Session, currency: str, months: Sequence[Month], *, sealed: bool = False
) -> list[StoryRow]:
    """The rows by appeal, most first, the unknown last; one query."""
    origin = _origin()
    titles = dict(session.execute(select(Appeal.id, Appeal.name)).all())
    return _rows(session, origin, origin.c.appeal_id, titles, currency, months, sealed=sealed)


def _origin() -> Subquery:
    """For each payment, once, the checkout that began it: by its own metadata, else by its invoice's subscription.

    A payment intent that pays several invoices is credited to the subscription of the first.
    """
    joint = aliased(InvoicePayment)
    first = (
        select(func.min(joint.id))
        .where(joint.payment_intent_id == Payment.payment_intent_id, joint.status == "paid")
        .correlate(Payment)
        .scalar_subquery()
    )
    checkout = func.coalesce(func.nullif(Payment.checkout_public_id, ""), Subscription.checkout_public_id)
    return (
        select(
            Payment.id.label("payment_id"),
            StripeCustomer.patron_id,
            Checkout.article_id,
            Showing.appeal_id,
            InvoicePayment.id.is_not(None).label("renews"),
        )
        .outerjoin(StripeCustomer, StripeCustomer.id == Payment.customer_id)
        .outerjoin(InvoicePayment, InvoicePayment.id == first)
        .outerjoin(Invoice, Invoice.id == InvoicePayment.invoice_id)
        .outerjoin(Subscription, Subscription.id == Invoice.subscription_id)
        .outerjoin(Checkout, Checkout.public_id == checkout)
        .outerjoin(Showing, Showing.public_id == func.nullif(Checkout.slot, ""))
        .subquery()
    )


def _rows(
    session: Session,
    origin: Subquery,
    subject: ColumnElement[int | None],
    titles: dict[int, str],
    currency: str,
    months: Sequence[Month],
    *,
    sealed: bool,
) -> list[StoryRow]:
    day = day_of(sealed=sealed)

    def summed(book: Book, sign: int) -> ColumnElement[int]:
        return func.sum(case((LedgerLine.book == book, sign * LedgerLine.amount), else_=0))

    is_offline = LedgerEntry.kind.in_(NOT_STRIPE)
    once = func.sum(case((origin.c.renews, 0), else_=-LedgerLine.amount))
    patron = func.coalesce(origin.c.patron_id, OfflineGift.patron_id)
    query = (
        select(
            subject,
            is_offline,
            func.count(patron.distinct()),
            summed(Book.GIFTS, -1),
            summed(Book.REFUNDED, 1),
            summed(Book.DISPUTED, 1),
            once,
        )
        .select_from(LedgerLine)
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .outerjoin(origin, origin.c.payment_id == LedgerEntry.payment_id)
        .outerjoin(OfflineGift, and_(is_offline, OfflineGift.public_id == LedgerEntry.stripe_id))
        .where(
            LedgerLine.currency == currency,
            LedgerLine.book.in_((Book.GIFTS, Book.REFUNDED, Book.DISPUTED)),
            day >= months[0].first,
            day < months[-1].next.first,
        )
        .group_by(subject, is_offline)
    )
    rows = [
        StoryRow(
            subject_id,
            titles.get(subject_id, "") if subject_id is not None else "",
            bool(offline),
            patrons,
            int(gross),
            int(refunded),
            int(disputed),
            int(one),
        )
        for subject_id, offline, patrons, gross, refunded, disputed, one in session.execute(query)
    ]
    return sorted(rows, key=lambda row: (row.subject_id is None, row.is_offline, -row.kept, row.title))


def _article_titles(session: Session) -> dict[int, str]:
    return dict(session.execute(select(Article.id, Article.headline)).all())
