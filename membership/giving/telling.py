"""What follows from facts beyond figures: checkouts that ended, mails to the patron, days on which to write again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.giving import (
    cards,
    gift_membership_due,
    mail,
    models,
    noticing,
    replacements,
    telling_changes,
    telling_failures,
)
from membership.giving.deriving import Derived
from membership.giving.facts import (
    CheckoutSession,
    Fact,
    Invoice,
    InvoicePayment,
    Payment,
    Refund,
    Subscription,
)
from membership.giving.models import Checkout, CheckoutState, Owner, ReplacementState
from membership.giving.recording import Settled
from membership.giving.storing import Kept
from membership.giving.story import PatronFacts
from membership.giving.stripe_states import LIVE
from membership.newsroom import due
from membership.patrons.models import Patron


@dataclass(frozen=True, kw_only=True)
class News:
    """What is new about a patron: the facts at hand, all facts, and what follows from them."""

    patron_id: int
    facts: PatronFacts
    derived: Derived
    kept: list[Kept[Fact]]
    changed: dict[str, Settled]

    @property
    def new_payments(self) -> list[Payment]:
        """Payments that are ours since now, the oldest first."""
        new = [
            p
            for p in self.facts.payments
            if p.id in self.changed
            and self.changed[p.id].owner is not Owner.OURS
            and self.derived.owners[p.id] is Owner.OURS
        ]
        return sorted(new, key=lambda p: (self.derived.settled_at[p.id], p.id))

    def adopted_at(self, subscription_id: str | None) -> datetime | None:
        """When a subscription that another program made became ours; None for one of our own."""
        return next((s.adopted_at for s in self.facts.subscriptions if s.id == subscription_id), None)

    def moved_in_after(self, payment: Payment) -> datetime | None:
        """When the gift that a payment is for moved in, if that was after the payment had settled."""
        told = (self.adopted_at(invoice.subscription_id) for invoice in self.facts.invoices_of(payment))
        settled_at = self.derived.settled_at[payment.id]
        return next((at for at in told if at is not None and at >= settled_at), None)


def mark_checkouts(session: Session, kept: Iterable[Kept[Fact]], *, mails: bool) -> None:
    """Let our own rows say what became of their sessions at Stripe. The caller commits."""
    for fact in (k.after for k in kept if isinstance(k.after, CheckoutSession)):
        checkout = session.scalars(
            select(Checkout).filter_by(public_id=fact.checkout_public_id)
        ).one_or_none()
        if checkout is None or fact.status not in {"complete", "expired"}:
            continue
        has_failed = fact.failed_at is not None and fact.payment_status == "unpaid"
        checkout.state = CheckoutState.FAILED if has_failed else CheckoutState(fact.status)
        checkout.stripe_session_id = checkout.stripe_session_id or fact.id
        if mails and fact.failed_at is not None and is_news(fact.failed_at):
            mail.payment_not_made(session, checkout=checkout)


def is_news(at: datetime) -> bool:
    """Whether something happened so lately that a patron should be told."""
    return at > clock.now() - telling_failures.NEWS_FOR


def follow_up(session: Session, news: News, *, mails: bool) -> None:
    """Do what follows for one patron; `mails` says whether the patron is told. The caller commits."""
    new = news.new_payments
    _pass_on(session, news, mails=mails)
    for failing in news.derived.failing:
        adopted_at = news.adopted_at(failing.subscription_id)
        telling_failures.schedule(session, failing, adopted_at=adopted_at)
    _remember_cards(session, news)
    _give_notice(session, news)
    _withdraw(session, news.kept)
    changed = [k for k in news.kept if isinstance(k.after, Refund) or isinstance(k.before, Subscription)]
    if not mails or not (new or any(is_news(kept.after.as_of) for kept in changed)):
        return
    patron = session.get_one(Patron, news.patron_id)
    if patron.deletion_asked_at is not None:
        return  # one mail tells of it once all is deleted
    for payment in new:
        _thank(session, patron, news, payment)
        _tell_of_earlier_refunds(session, patron, news, payment)
    for kept in news.kept:
        if isinstance(kept.after, Refund):
            _tell_of_refund(session, patron, news, kept.before, kept.after)
        elif isinstance(kept.after, Subscription) and isinstance(kept.before, Subscription):
            _tell_of_change(session, patron, kept.before, kept.after)
    _tell_of_seconds(session, patron, news)


def _give_notice(session: Session, news: News) -> None:
    """Appoint the notices before charges that lie ahead."""
    if news.new_payments or any(isinstance(kept.after, Subscription) for kept in news.kept):
        due.at_many(session, noticing.appointments(news.facts.subscriptions, clock.now()))


def _pass_on(session: Session, news: News, *, mails: bool) -> None:
    """Let memberships for others, which have just been paid for, go to whom they are for."""
    for payment in news.new_payments:
        if payment.gift_months:
            row = session.get_one(models.Payment, payment.id)
            is_told = mails and is_news(news.derived.settled_at[payment.id])
            giver = session.get_one(Patron, news.patron_id)
            gift_membership_due.payment_settled(session, row, giver, mails=is_told)


def _thank(session: Session, patron: Patron, news: News, payment: Payment) -> None:
    invoices = news.facts.invoices_of(payment)
    for invoice in invoices:
        if news.facts.has_failed(invoice.id):
            mail.withdraw_failures(session, invoice.id)
    if payment.gift_months or not is_news(news.derived.settled_at[payment.id]):
        return
    if news.moved_in_after(payment) is not None:
        return  # another program has thanked for it
    row = session.get_one(models.Payment, payment.id)
    subscription_id = next((i.subscription_id for i in invoices if i.subscription_id), None)
    subscription = session.get(models.Subscription, subscription_id) if subscription_id else None
    earliest = min(
        (p for p in news.facts.payments if news.derived.owners[p.id] is Owner.OURS and not p.gift_months),
        key=lambda p: (news.derived.settled_at[p.id], p.id),
    )
    renews = any(invoice.billing_reason == "subscription_cycle" for invoice in invoices)
    if payment is not earliest or renews:
        mail.receipt(session, patron=patron, payment=row, subscription=subscription, is_renewal=renews)
        return
    named = payment.checkout_public_id or next((i.checkout_public_id for i in invoices), "")
    checkout = session.scalars(select(Checkout).filter_by(public_id=named)).one_or_none() if named else None
    mail.welcome(
        session,
        patron=patron,
        payment=row,
        subscription=subscription,
        browser_hash=checkout.browser_hash if checkout is not None else "",
    )


def _tell_of_seconds(session: Session, patron: Patron, news: News) -> None:
    """Two gifts now renew: one that fails or is paused gives way; between two sound ones the patron decides."""
    running = [
        s
        for s in sorted(news.facts.subscriptions, key=lambda s: (s.created, s.id))
        if s.is_ours and s.status in LIVE and s.ended_at is None and s.cancel_at is None
    ]
    for place, second in enumerate(running):
        if second.status != "active" or second.adopted_at is not None or not is_news(second.created):
            continue
        new = session.get_one(models.Subscription, second.id)
        earlier = [session.get_one(models.Subscription, first.id) for first in running[:place]]
        beside = [old for old in earlier if not _gives_way(session, old, new)]
        if beside:
            mail.second_subscription(session, patron=patron, first=beside[0], second=new)


def _gives_way(session: Session, old: models.Subscription, new: models.Subscription) -> bool:
    """Whether an old gift is surely replaced by the new one, and will be ended by the worker."""
    if not replacements.is_out_of_order(old):
        return False
    return replacements.note(session, old=old, new=new) is not ReplacementState.WAITING


def _remember_cards(session: Session, news: News) -> None:
    """Look at the cards of settled payments again before they run out, once it is known what they paid for."""
    told = {k.after.id for k in news.kept if isinstance(k.after, Payment)}
    joined = {k.after.payment_intent_id for k in news.kept if isinstance(k.after, InvoicePayment)}
    for payment in news.facts.payments:
        if payment.id in told or payment.payment_intent_id in joined:
            for invoice in news.facts.invoices_of(payment):
                if invoice.is_ours and invoice.subscription_id is not None:
                    moved_in_at = news.moved_in_after(payment)
                    cards.remember(session, payment, invoice.subscription_id, not_before=moved_in_at)


def _withdraw(session: Session, kept: Iterable[Kept[Fact]]) -> None:
    """Take back mails about a bill that is paid, voided or given up, or whose gift has ended."""
    for fact in (k.after for k in kept):
        if isinstance(fact, Invoice) and fact.status in {"paid", "void", "uncollectible"}:
            mail.withdraw_failures(session, fact.id)
        elif isinstance(fact, Subscription) and fact.ended_at is not None:
            for bill in session.scalars(select(models.Invoice.id).filter_by(subscription_id=fact.id)):
                mail.withdraw_failures(session, bill)


def _tell_of_earlier_refunds(session: Session, patron: Patron, news: News, payment: Payment) -> None:
    """Tell of refunds that were known before it was known whose payment they send back."""
    told = {kept.after.id for kept in news.kept if isinstance(kept.after, Refund)}
    moved_in_at = news.moved_in_after(payment)  # what was sent back before, another program has told of
    for refund in news.facts.refunds:
        is_earlier = refund.charge_id == payment.id and refund.id not in told
        if is_earlier and (moved_in_at is None or refund.created > moved_in_at):
            _tell_of_refund(session, patron, news, None, refund)


def _tell_of_refund(session: Session, patron: Patron, news: News, before: Fact | None, after: Refund) -> None:
    payment = next((p for p in news.facts.payments if p.id == after.charge_id), None)
    stood = isinstance(before, Refund) and before.stands
    if payment is None or news.derived.owners[payment.id] is not Owner.OURS:
        return
    row, refund = session.get_one(models.Payment, payment.id), session.get_one(models.Refund, after.id)
    learned_at = after.created if before is None else after.as_of
    if after.stands and not stood and is_news(after.created):
        mail.refund_made(session, patron=patron, payment=row, refund=refund)
    elif after.status == "failed" and is_news(after.failed_at or learned_at):
        mail.refund_failed(session, patron=patron, payment=row, refund=refund)


def _tell_of_change(session: Session, patron: Patron, before: Subscription, after: Subscription) -> None:
    if is_news(_changed_at(before, after)) and before.status != "incomplete":
        telling_changes.tell(session, patron, before, after)


def _changed_at(before: Subscription, after: Subscription) -> datetime:
    """When a change was made: an end when somebody asked for it; of anything else Stripe tells only when it was so."""
    if telling_changes.is_end(before, after):
        return min(after.as_of, after.canceled_at or after.ended_at or after.as_of)
    return after.as_of
