"""What Stripe has told us, as frozen values: one class a kind, field by field as in giving.models. No I/O.

A fact that can change carries the version of the snapshot it was read from; `giving.ordering.merge` joins two of one
object. `customer_id` is the customer or, where a charge or session has none, the payment intent, so that every payment
has somebody behind it.
"""

from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import ClassVar

from membership.giving.models import Interval
from membership.giving.stripe_states import STANDING
from membership.money import Money


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """What all facts share: Stripe's id, and the version of the snapshot."""

    id: str
    as_of: datetime
    event_id: str = ""
    terminal: int = 0
    state_rank: int = 0
    is_stale: bool = False

    VERSION: ClassVar[frozenset[str]] = frozenset({"as_of", "event_id", "terminal", "state_rank", "is_stale"})
    EARLIEST: ClassVar[tuple[str, ...]] = ()  # fields of which the earliest known value holds
    EITHER: ClassVar[tuple[str, ...]] = ()  # flags that stay set once any snapshot set them
    KNOWN: ClassVar[tuple[str, ...]] = ()  # fields of which any known value (the greatest, if several) holds

    @property
    def order(self) -> tuple[int, int, datetime]:
        """What decides between two snapshots, before the event's id does."""
        return (self.terminal, self.state_rank, self.as_of)


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription(Fact):
    """A snapshot of a subscription."""

    customer_id: str
    is_ours: bool
    status: str
    amount: int
    currency: str
    interval: Interval
    created: datetime
    item_id: str = ""
    period_starts_at: datetime | None = None
    period_ends_at: datetime | None = None
    cancel_at: datetime | None = None
    canceled_at: datetime | None = None
    ended_at: datetime | None = None
    cancel_reason: str = ""
    cancel_feedback: str = ""
    ended_by: str = ""
    is_paused: bool = False
    resumes_at: datetime | None = None
    skips_to: datetime | None = None
    anchor_at: datetime | None = None
    trial_ends_at: datetime | None = None
    payment_method_id: str = ""
    checkout_public_id: str = ""
    covered_fee: int = 0
    migrated_to: str = ""
    adopted_at: datetime | None = None

    EITHER: ClassVar[tuple[str, ...]] = ("is_ours",)


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriptionState:
    """What a subscription was at an instant, as one event or read told it."""

    subscription_id: str
    as_of: datetime
    event_id: str
    status: str
    amount: int
    currency: str
    interval: Interval
    is_paused: bool = False
    is_ending: bool = False
    is_restored: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Invoice(Fact):
    """A snapshot of an invoice."""

    customer_id: str
    status: str
    created: datetime
    currency: str
    amount_due: int
    amount_paid: int
    is_ours: bool
    subscription_id: str | None = None
    billing_reason: str = ""
    period_starts_at: datetime | None = None
    period_ends_at: datetime | None = None
    amount_renewing: int = 0
    paid_at: datetime | None = None
    closed_at: datetime | None = None
    attempt_count: int = 0
    next_attempt_at: datetime | None = None
    hosted_url: str = ""
    checkout_public_id: str = ""
    covered_fee: int = 0
    is_skipped: bool = False
    first_failed_at: datetime | None = None
    action_required_at: datetime | None = None

    EARLIEST: ClassVar[tuple[str, ...]] = ("first_failed_at", "action_required_at")
    EITHER: ClassVar[tuple[str, ...]] = ("is_ours",)


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoicePayment(Fact):
    """A snapshot of what joins an invoice to a payment intent."""

    invoice_id: str
    payment_intent_id: str
    status: str
    amount_paid: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Payment(Fact):
    """A snapshot of a charge that succeeded and was captured."""

    customer_id: str
    payment_intent_id: str | None
    amount: int
    currency: str
    charged_at: datetime
    marked_ours: bool
    checkout_public_id: str = ""
    covered_fee: int = 0
    months: int = 0
    gift_months: int = 0
    balance_transaction_id: str | None = None
    method: str = ""
    card_country: str = ""
    card_last4: str = ""
    card_fingerprint: str = ""
    card_expires: str = ""
    succeeded_at: datetime | None = None
    has_fraud_warning: bool = False
    has_no_invoice: bool = False

    EARLIEST: ClassVar[tuple[str, ...]] = ("succeeded_at",)
    EITHER: ClassVar[tuple[str, ...]] = ("has_fraud_warning", "has_no_invoice")
    KNOWN: ClassVar[tuple[str, ...]] = ("balance_transaction_id", "months", "gift_months")

    @property
    def money(self) -> Money:
        """What was paid."""
        return Money(self.amount, self.currency)

    @property
    def bare(self) -> "Payment":
        """The payment without how and by whom it was paid: all that is kept of a stranger's."""
        return replace(self, method="", card_country="", card_last4="", card_fingerprint="")

    def share_of(self, back: Money) -> Money:
        """What of this payment went back with a refund or dispute over so much, in the payment's currency.

        A bank may take money back in its own currency, at a rate that nobody tells: that is the whole payment.
        """
        return back if back.currency == self.currency else self.money


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedCharge(Fact):
    """A charge that failed."""

    customer_id: str | None
    payment_intent_id: str | None
    failed_at: datetime
    code: str = ""
    decline_code: str = ""
    checkout_public_id: str = ""  # told, not kept, as is `email`: who tries out cards (giving.card_testing)
    email: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refund(Fact):
    """A snapshot of a refund."""

    charge_id: str
    amount: int
    currency: str
    status: str
    created: datetime
    failed_at: datetime | None = None
    balance_transaction_id: str | None = None
    failure_transaction_id: str | None = None

    EARLIEST: ClassVar[tuple[str, ...]] = ("failed_at",)
    KNOWN: ClassVar[tuple[str, ...]] = ("balance_transaction_id", "failure_transaction_id")

    @property
    def money(self) -> Money:
        """What is sent back, in the refund's own currency."""
        return Money(self.amount, self.currency)

    @property
    def transaction_ids(self) -> set[str | None]:
        """The balance transactions it names."""
        return {self.balance_transaction_id, self.failure_transaction_id}

    @property
    def stands(self) -> bool:
        """Whether the money is on its way back or there."""
        return self.status in STANDING


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispute(Fact):
    """A snapshot of a dispute."""

    charge_id: str
    amount: int
    currency: str
    status: str
    reason: str
    created: datetime
    evidence_due_at: datetime | None = None
    withdrawn_at: datetime | None = None
    reinstated_at: datetime | None = None

    EARLIEST: ClassVar[tuple[str, ...]] = ("withdrawn_at", "reinstated_at")

    @property
    def money(self) -> Money:
        """What is disputed, in the dispute's own currency."""
        return Money(self.amount, self.currency)


@dataclass(frozen=True, kw_only=True, slots=True)
class BalanceTransaction(Fact):
    """A movement of our balance at Stripe; it never changes."""

    type: str
    amount: int
    fee: int
    net: int
    currency: str
    created: datetime
    available_on: datetime
    source_id: str | None = None
    exchange_rate: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer(Fact):
    """A snapshot of a customer at Stripe."""

    email: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    is_deleted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckoutSession(Fact):
    """A snapshot of a Checkout session."""

    customer_id: str
    is_ours: bool
    status: str
    payment_status: str
    checkout_public_id: str = ""
    payment_intent_id: str | None = None
    subscription_id: str | None = None
    failed_at: datetime | None = None

    EARLIEST: ClassVar[tuple[str, ...]] = ("failed_at",)
    EITHER: ClassVar[tuple[str, ...]] = ("is_ours",)


@dataclass(frozen=True, kw_only=True, slots=True)
class ToRead:
    """An object whose snapshot could not be trusted or understood, to be read again at Stripe."""

    type: str
    id: str
    reason: str


Observed = Fact | SubscriptionState | ToRead


def content(fact: Fact) -> tuple[object, ...]:
    """What a fact says, without its version and without what is joined field by field."""
    apart = fact.VERSION | set(fact.EARLIEST) | set(fact.EITHER) | set(fact.KNOWN)
    return tuple(getattr(fact, f.name) for f in fields(fact) if f.name not in apart)
