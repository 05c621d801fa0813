"""The facts of one patron, and the story of each subscription in them: what was paid for which period. No I/O."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from membership.giving import disputing
from membership.giving.facts import (
    BalanceTransaction,
    CheckoutSession,
    Dispute,
    FailedCharge,
    Invoice,
    InvoicePayment,
    Payment,
    Refund,
    Subscription,
    SubscriptionState,
)
from membership.giving.models import Owner
from membership.patrons.models import EndedBy

DELAYED = frozenset(
    {
        "acss_debit",
        "au_becs_debit",
        "bacs_debit",
        "boleto",
        "customer_balance",
        "konbini",
        "multibanco",
        "nz_bank_account",
        "sepa_debit",
        "us_bank_account",
    }
)
"""Ways to pay that take days to settle. Source: docs.stripe.com/payments/payment-methods, "delayed notification"."""
NEXT_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class PatronFacts:
    """All facts about the customers of one patron."""

    subscriptions: tuple[Subscription, ...] = ()
    states: tuple[SubscriptionState, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    invoice_payments: tuple[InvoicePayment, ...] = ()
    payments: tuple[Payment, ...] = ()
    failed_charges: tuple[FailedCharge, ...] = ()
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    transactions: tuple[BalanceTransaction, ...] = ()
    sessions: tuple[CheckoutSession, ...] = ()
    offline: tuple["OfflineGift", ...] = ()
    given: tuple["GivenMembership", ...] = ()

    @cached_property
    def transaction_by_id(self) -> dict[str, BalanceTransaction]:
        """Balance transactions by their id."""
        return {transaction.id: transaction for transaction in self.transactions}

    @cached_property
    def transaction_by_charge(self) -> dict[str, BalanceTransaction]:
        """The first balance transaction that names a charge as what brought its money."""
        found: dict[str, BalanceTransaction] = {}
        for transaction in sorted(self.transactions, key=lambda t: (t.created, t.id)):
            if transaction.source_id and transaction.amount >= 0:
                found.setdefault(transaction.source_id, transaction)
        return found

    def transaction_of(self, payment: Payment) -> BalanceTransaction | None:
        """What a payment moved on our balance: the transaction it names, or that names it; None until it is read."""
        named = self.transaction_by_id.get(payment.balance_transaction_id or "")
        return named or self.transaction_by_charge.get(payment.id)

    @cached_property
    def invoices_by_intent(self) -> dict[str, list[Invoice]]:
        """The invoices that a payment intent pays."""
        by_id = {invoice.id: invoice for invoice in self.invoices}
        found: dict[str, list[Invoice]] = defaultdict(list)
        for joint in self.invoice_payments:
            if joint.invoice_id in by_id and joint.status != "canceled":
                found[joint.payment_intent_id].append(by_id[joint.invoice_id])
        return found

    def has_failed(self, invoice_id: str) -> bool:
        """Whether a charge for an invoice has ever failed."""
        return any(invoice.id == invoice_id and invoice.first_failed_at for invoice in self.invoices)

    def settled_at(self, payment: Payment) -> datetime:
        """When a payment settled: its balance transaction's instant; until that is read, that of its event."""
        transaction = self.transaction_of(payment)
        return transaction.created if transaction else payment.succeeded_at or payment.charged_at

    def invoices_of(self, payment: Payment) -> list[Invoice]:
        """The invoices a payment paid; none for a one-time gift."""
        return self.invoices_by_intent.get(payment.payment_intent_id or payment.id, [])

    def owner_of(self, payment: Payment) -> Owner:
        """Whose a payment is: by its own mark, its session's, or its invoice's."""
        if payment.marked_ours or any(
            session.is_ours and session.payment_intent_id == payment.payment_intent_id
            for session in self.sessions
            if session.payment_intent_id
        ):
            return Owner.OURS
        invoices = self.invoices_of(payment)
        ours = {subscription.id for subscription in self.subscriptions if subscription.is_ours}
        if any(invoice.is_ours or invoice.subscription_id in ours for invoice in invoices):
            return Owner.OURS
        return Owner.FOREIGN if invoices or payment.has_no_invoice else Owner.UNKNOWN

    def holes_of(self, payment: Payment) -> list["Hole"]:
        """When a payment did not count: from a full refund on, and while a dispute held its funds."""
        holes = []
        left = payment.money
        for refund in sorted(self.refunds, key=lambda r: (r.created, r.id)):
            if refund.charge_id == payment.id and refund.stands:
                left -= payment.share_of(refund.money)
                if left.amount <= 0:
                    holes.append(Hole(refund.created, None, EndedBy.REFUND))
                    break
        holes += [
            Hole(since, until, EndedBy.DISPUTE)
            for dispute in self.disputes
            if dispute.charge_id == payment.id
            for since, until in disputing.holds(dispute, self.transactions)
        ]
        return holes


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch in which something paid for does not count; `until` None: for good."""

    since: datetime
    until: datetime | None
    by: EndedBy

    def holds_at(self, instant: datetime) -> bool:
        """Whether it does not count at an instant."""
        return self.since <= instant and (self.until is None or instant < self.until)


@dataclass(frozen=True, kw_only=True, slots=True)
class OfflineGift:
    """Money that came outside of Stripe, as far as it covers somebody: its key, since when, how many months."""

    key: str
    at: datetime
    months: int
    reversed_at: datetime | None = None

    @property
    def holes(self) -> list[Hole]:
        """From the entry that reverses it on, it covers nobody."""
        return [] if self.reversed_at is None else [Hole(self.reversed_at, None, EndedBy.STAFF)]


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenMembership:
    """A membership that somebody else paid for: its key, when it was claimed, when its payment did not count."""

    key: str
    claimed_at: datetime
    months: int
    holes: tuple[Hole, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Period:
    """A period of a subscription that a settled payment covers."""

    invoice: Invoice
    payment: Payment
    starts_at: datetime
    ends_at: datetime
    settled_at: datetime
    holes: list[Hole] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Story:
    """One subscription: its snapshot (None: not told yet), paid periods in order, and other invoices."""

    id: str
    subscription: Subscription | None
    states: list[SubscriptionState]
    periods: list[Period]
    invoices: list[Invoice]
    failures: dict[str, datetime]  # invoice → its first failed charge

    @property
    def ended_at(self) -> datetime | None:
        """When it ends, or is set to end; None while it goes on."""
        known = self.subscription
        if known is None:
            return None
        if known.status in {"canceled", "incomplete_expired"}:
            return known.ended_at or known.canceled_at or known.as_of
        return known.ended_at or known.cancel_at

    def mended_after(self, instant: datetime) -> datetime | None:
        """When the next payment settled after an instant."""
        return min((p.settled_at for p in self.periods if p.settled_at > instant), default=None)

    def paid_until(self, instant: datetime) -> datetime | None:
        """To when the payments settled by an instant reach."""
        return max((p.ends_at for p in self.periods if p.settled_at <= instant), default=None)

    def renewal_at(self, boundary: datetime) -> Invoice | None:
        """The invoice for the period that begins at a boundary, if known."""
        near = [
            invoice
            for invoice in self.invoices
            if invoice.period_starts_at is not None
            and abs(invoice.period_starts_at - boundary) < NEXT_DAY
            # One over a time that only waits for a moved charge ends there; it is no renewal.
            and (invoice.period_ends_at is None or invoice.period_ends_at - boundary > NEXT_DAY)
        ]
        return min(
            near, key=lambda invoice: (invoice.status == "void", invoice.created, invoice.id), default=None
        )

    def failed_at(self, boundary: datetime) -> datetime | None:
        """When the first charge for the period that begins at a boundary failed."""
        renewal = self.renewal_at(boundary)
        return self.failures.get(renewal.id) if renewal is not None else None

    def grace_of(self, boundary: datetime, days: int) -> tuple[datetime, datetime] | None:
        """The grace after a renewal that failed, before anything cuts it short; None if none did."""
        failed_at = self.failed_at(boundary)
        mended_at = self.mended_after(boundary)
        if failed_at is None or (mended_at is not None and mended_at <= failed_at):
            return None
        starts_at = max(failed_at, boundary)
        return starts_at, starts_at + timedelta(days=days)


def stories(facts: PatronFacts) -> list[Story]:
    """The story of each subscription of ours, by id; one that was made anew elsewhere is the past of the new one."""
    ours = {s.id: s for s in facts.subscriptions if s.is_ours}
    named = {i.subscription_id for i in facts.invoices if i.is_ours and i.subscription_id}
    parts: dict[str, set[str]] = defaultdict(set)
    for key in ours.keys() | named:
        parts[_heir(ours, key)].add(key)
    return [_story(facts, key, ours.get(key), parts[key]) for key in sorted(parts)]


def _heir(ours: dict[str, Subscription], key: str) -> str:
    """The subscription that goes on for one that has been migrated, after however many steps; else itself."""
    seen = {key}
    while key in ours and (then := ours[key].migrated_to) in ours and then not in seen:
        seen.add(then)
        key = then
    return key


def _story(facts: PatronFacts, key: str, subscription: Subscription | None, parts: set[str]) -> Story:
    invoices = [i for i in facts.invoices if i.subscription_id in parts]
    payments: dict[str, list[Payment]] = defaultdict(list)
    for payment in facts.payments:
        for invoice in facts.invoices_of(payment):
            if invoice.subscription_id in parts:
                payments[invoice.id].append(payment)
    periods = [p for i in invoices if (p := _period(facts, i, payments[i.id])) is not None]
    return Story(
        id=key,
        subscription=subscription,
        states=sorted(
            (s for s in facts.states if s.subscription_id == key),
            key=lambda s: (s.as_of, s.status != "incomplete", s.event_id),
        ),
        periods=sorted(periods, key=lambda p: (p.starts_at, p.settled_at, p.invoice.id)),
        invoices=invoices,
        failures=_failures(facts, invoices),
    )


def _period(facts: PatronFacts, invoice: Invoice, payments: list[Payment]) -> Period | None:
    """The period an invoice covers, once the payments for it have settled."""
    if invoice.period_starts_at is None or invoice.period_ends_at is None or not payments:
        return None
    left = invoice.amount_due
    for payment in sorted(payments, key=lambda p: (facts.settled_at(p), p.id)):
        left -= payment.amount
        if left <= 0 or invoice.status == "paid":
            settled_at = facts.settled_at(payment)
            if settled_at >= invoice.period_ends_at:
                return None
            return Period(
                invoice=invoice,
                payment=payment,
                starts_at=invoice.period_starts_at,
                ends_at=invoice.period_ends_at,
                settled_at=max(settled_at, invoice.period_starts_at),
                holes=facts.holes_of(payment),
            )
    return None


def _failures(facts: PatronFacts, invoices: list[Invoice]) -> dict[str, datetime]:
    intents: dict[str, set[str]] = defaultdict(set)
    for joint in facts.invoice_payments:
        intents[joint.invoice_id].add(joint.payment_intent_id)
    found = {}
    for invoice in invoices:
        charges = [c.failed_at for c in facts.failed_charges if c.payment_intent_id in intents[invoice.id]]
        first = min(charges, default=None) or invoice.first_failed_at
        if first is not None:
            found[invoice.id] = first
    return found
