"""Facts about gifts as Stripe tells them, one table a kind, keyed by Stripe's own ids.

A row that can change carries a `Version`: it is replaced only by a snapshot that comes later in the order of
giving.ordering, so any order and repetition of events ends in the same rows.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, MappedAsDataclass, mapped_column

from membership.db import Base, CurrencyCode, MinorUnits
from membership.giving.models.asking import Interval
from membership.secrets import Secret


class Version(MappedAsDataclass, kw_only=True, eq=False, repr=False):
    """Which snapshot a row holds: ordered by (terminal, state_rank, as_of, event_id)."""

    as_of: Mapped[datetime]  # the event's `created`, or the second of a read's Date header
    event_id: Mapped[str] = mapped_column(String(255), default="")  # "" for a read
    terminal: Mapped[int] = mapped_column(SmallInteger, default=0)
    state_rank: Mapped[int] = mapped_column(SmallInteger, default=0)
    is_stale: Mapped[bool] = mapped_column(default=False)  # snapshots disagree: to be read again


class Owner(StrEnum):
    """Whose a payment is on an account that others may share."""

    OURS = "ours"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"  # not to be told yet


class StripeCustomer(Base, Version):
    """A customer at Stripe; several may belong to one patron, one never to two."""

    __tablename__ = "stripe_customer"

    id: Mapped[str] = mapped_column(String(255), primary_key=True)  # cus_…
    email: Mapped[str | None] = mapped_column(Secret, default=None)  # the billing address; never a login
    email_index: Mapped[str] = mapped_column(String(64), default="", index=True)
    name: Mapped[str | None] = mapped_column(Secret, default=None)
    patron_id: Mapped[int | None] = mapped_column(ForeignKey("patron.id"), default=None, index=True)
    is_deleted: Mapped[bool] = mapped_column(default=False)


class CheckoutSession(Base, Version):
    """A Checkout session at Stripe that has ended, and what it led to."""

    __tablename__ = "checkout_session"

    id: Mapped[str] = mapped_column(String(255), primary_key=True)  # cs_…
    customer_id: Mapped[str] = mapped_column(String(255), index=True)
    is_ours: Mapped[bool]
    status: Mapped[str] = mapped_column(String(32))
    payment_status: Mapped[str] = mapped_column(String(32))
    checkout_public_id: Mapped[str] = mapped_column(String(32), default="", index=True)
    payment_intent_id: Mapped[str | None] = mapped_column(String(255), default=None, index=True)
    subscription_id: Mapped[str | None] = mapped_column(String(255), default=None, index=True)
    failed_at: Mapped[datetime | None] = mapped_column(default=None)  # a delayed payment did not come


class Subscription(Base, Version):
    """A gift that renews, as Stripe has it: the latest snapshot. Its past is in SubscriptionState."""

    __tablename__ = "subscription"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        CheckConstraint("covered_fee >= 0 AND covered_fee <= amount", name="fee_within_amount"),
        CheckConstraint("currency = lower(currency)", name="currency_lower"),
        Index(None, "status"),
    )

    id: Mapped[str] = mapped_column(String(255), primary_key=True)  # sub_…
    customer_id: Mapped[str] = mapped_column(String(255), index=True)
    is_ours: Mapped[bool]
    status: Mapped[str] = mapped_column(String(32))  # Stripe's word and spelling
    amount: Mapped[MinorUnits]  # of one interval, all items
    currency: Mapped[CurrencyCode]
    interval: Mapped[Interval]
    created: Mapped[datetime]
    item_id: Mapped[str] = mapped_column(String(255), default="")
    period_starts_at: Mapped[datetime | None] = mapped_column(default=None)
    period_ends_at: Mapped[datetime | None] = mapped_column(default=None)
    cancel_at: Mapped[datetime | None] = mapped_column(default=None)  # period end included
    canceled_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    cancel_reason: Mapped[str] = mapped_column(String(64), default="")  # cancellation_details.reason
    cancel_feedback: Mapped[str] = mapped_column(String(64), default="")
    ended_by: Mapped[str] = mapped_column(String(16), default="")  # metadata.ended_by: "staff" or nothing
    is_paused: Mapped[bool] = mapped_column(default=False)  # in any of Stripe's ways, but no skipped payment
    resumes_at: Mapped[datetime | None] = mapped_column(
        default=None
    )  # a pause's end: its next charge, if ours
    skips_to: Mapped[datetime | None] = mapped_column(default=None)  # the charge after one that is skipped
    anchor_at: Mapped[datetime | None] = mapped_column(default=None)  # whose day of the month charges fall on
    trial_ends_at: Mapped[datetime | None] = mapped_column(default=None)  # a charge that was moved to then
    payment_method_id: Mapped[str] = mapped_column(String(255), default="")
    checkout_public_id: Mapped[str] = mapped_column(String(32), default="", index=True)  # metadata.checkout
    covered_fee: Mapped[MinorUnits] = mapped_column(default=0)
    migrated_to: Mapped[str] = mapped_column(String(255), default="")  # the one that goes on for it
    adopted_at: Mapped[datetime | None] = mapped_column(default=None)  # another program made it; ours since


class SubscriptionState(Base):
    """What a subscription was at an instant, as one event (or read) told it; movements are derived from these."""

    __tablename__ = "subscription_state"

    subscription_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    as_of: Mapped[datetime] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(String(255), primary_key=True)  # "" for a read
    status: Mapped[str] = mapped_column(String(32))
    amount: Mapped[MinorUnits]
    currency: Mapped[CurrencyCode]
    interval: Mapped[Interval]
    is_paused: Mapped[bool] = mapped_column(default=False)
    is_ending: Mapped[bool] = mapped_column(default=False)  # set to cancel
    is_restored: Mapped[bool] = mapped_column(default=False)  # dated by an invoice, not by an event


class Invoice(Base, Version):
    """Stripe's bill for one period of a subscription; it covers [period_starts_at, period_ends_at) once paid."""

    __tablename__ = "invoice"
    __table_args__ = (
        Index(
            "ix_invoice_skipped",
            "period_starts_at",
            sqlite_where=text("is_skipped = 1"),
            postgresql_where=text("is_skipped"),
        ),
    )

    id: Mapped[str] = mapped_column(String(255), primary_key=True)  # in_…
    customer_id: Mapped[str] = mapped_column(String(255), index=True)
    status: Mapped[str] = mapped_column(String(32))
    created: Mapped[datetime]
    currency: Mapped[CurrencyCode]
    amount_due: Mapped[MinorUnits]
    amount_paid: Mapped[MinorUnits]
    is_ours: Mapped[bool]
    subscription_id: Mapped[str | None] = mapped_column(String(255), default=None, index=True)
    billing_reason: Mapped[str] = mapped_column(String(64), default="")
    period_starts_at: Mapped[datetime | None] = mapped_column(default=None)  # of the subscription's line
    period_ends_at: Mapped[datetime | None] = mapped_column(default=None)
    amount_renewing: Mapped[MinorUnits] = mapped_column(default=0)  # that line's amount
    paid_at: Mapped[datetime | None] = mapped_column(default=None)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)  # voided or given up
    attempt_count: Mapped[int] = mapped_column(Integer, default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(default=None)
    hosted_url: Mapped[str] = mapped_column(Text, default="")
    checkout_public_id: Mapped[str] = mapped_column(String(32), default="")
    covered_fee: Mapped[MinorUnits] = mapped_column(default=0)
    is_skipped: Mapped[bool] = mapped_column(default=False)  # voided since the patron skips this payment
    first_failed_at: Mapped[datetime | None] = mapped_column(default=None)  # as events told
    action_required_at: Mapped[datetime | None] = mapped_column(default=None)  # the bank asks its question


class InvoicePayment(Base, Version):
    """What joins an invoice to the payment intent that paid it."""

    __tablename__ = "invoice_payment"

    id: Mapped[str] = mapped_column(String(255), primary_key=True)  # inpay_…
    invoice_id: Mapped[str] = mapped_column(String(255), index=True)
    payment_intent_id: Mapped[str] = mapped_column(String(255), index=True)
    status: Mapped[str] = mapped_column(String(32))
    amount_paid: Mapped[MinorUnits] = mapped_column(default=0)


class Payment(Base, Version):
    """Money that reached us once: a succeeded, captured charge. The charge's id is its key.

    `owner` and `settled_at` follow from other facts (giving.deriving). Only an `owner` of "ours" is a patron's gift.
    """

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("covered_fee >= 0 AND covered_fee < amount", name="fee_within_amount"),
        CheckConstraint("currency = lower(currency)", name="currency_lower"),
        Index(None, "settled_at"),
        Index(None, "checkout_public_id"),
    )

    id: Mapped[str] = mapped_column(String(255), primary_key=True)  # ch_… or py_…
    customer_id: Mapped[str] = mapped_column(String(255), index=True)  # or the intent's, where there is none
    payment_intent_id: Mapped[str | None] = mapped_column(String(255), index=True)
    amount: Mapped[MinorUnits]
    currency: Mapped[CurrencyCode]
    charged_at: Mapped[datetime]
    settled_at: Mapped[datetime]  # its balance transaction's `created`; its event's until that is read
    marked_ours: Mapped[bool]  # by its own metadata; an invoice's payments are ours by their invoice
    owner: Mapped[Owner]
    checkout_public_id: Mapped[str] = mapped_column(String(32), default="")
    covered_fee: Mapped[MinorUnits] = mapped_column(default=0)
    months: Mapped[int] = mapped_column(SmallInteger, default=0)  # what a one-time gift covers, end to end
    gift_months: Mapped[int] = mapped_column(SmallInteger, default=0)  # bought for somebody else
    balance_transaction_id: Mapped[str | None] = mapped_column(String(255), default=None, index=True)
    method: Mapped[str] = mapped_column(String(32), default="")  # "card", "sepa_debit"
    card_country: Mapped[str] = mapped_column(String(2), default="")
    card_last4: Mapped[str] = mapped_column(String(4), default="")
    card_fingerprint: Mapped[str] = mapped_column(String(64), default="")
    card_expires: Mapped[str] = mapped_column(String(7), default="")  # "2027-03"
    succeeded_at: Mapped[datetime | None] = mapped_column(default=None)  # as its event told
    has_fraud_warning: Mapped[bool] = mapped_column(default=False)
    has_no_invoice: Mapped[bool] = mapped_column(default=False)  # reconciling looked for one


class FailedCharge(Base):
    """A charge that failed: begins grace, and tells a failed loss from a voluntary one."""

    __tablename__ = "failed_charge"

    id: Mapped[str] = mapped_column(String(255), primary_key=True)  # ch_…
    customer_id: Mapped[str | None] = mapped_column(String(255), index=True)
    payment_intent_id: Mapped[str | None] = mapped_column(String(255), index=True)
    failed_at: Mapped[datetime]
    code: Mapped[str] = mapped_column(String(64), default="")
    decline_code: Mapped[str] = mapped_column(String(64), default="")


class Refund(Base, Version):
    """Money we sent back, whole or part. A refund that failed keeps its row; the ledger takes it back."""

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("currency = lower(currency)", name="currency_lower"),
    )

    id: Mapped[str] = mapped_column(String(255), primary_key=True)  # re_…
    charge_id: Mapped[str] = mapped_column(String(255), index=True)
    amount: Mapped[MinorUnits]
    currency: Mapped[CurrencyCode]
    status: Mapped[str] = mapped_column(String(32))
    created: Mapped[datetime]
    failed_at: Mapped[datetime | None] = mapped_column(default=None)
    balance_transaction_id: Mapped[str | None] = mapped_column(String(255), default=None)
    failure_transaction_id: Mapped[str | None] = mapped_column(String(255), default=None)


class Dispute(Base, Version):
    """A patron's bank takes money back, or only asks (an inquiry: `withdrawn_at` stays empty)."""

    __tablename__ = "dispute"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        CheckConstraint("currency = lower(currency)", name="currency_lower"),
    )

    id: Mapped[str] = mapped_column(String(255), primary_key=True)  # du_…
    charge_id: Mapped[str] = mapped_column(String(255), index=True)
    amount: Mapped[MinorUnits]
    currency: Mapped[CurrencyCode]
    status: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None] = mapped_column(default=None)
    reinstated_at: Mapped[datetime | None] = mapped_column(default=None)
    evidence_due_at: Mapped[datetime | None] = mapped_column(default=None)


class BalanceTransaction(Base):
    """What moved on our balance at Stripe, in the settlement currency; never changes."""

    __tablename__ = "balance_transaction"
    __table_args__ = (
        CheckConstraint("net = amount - fee", name="net_is_amount_less_fee"),
        CheckConstraint("currency = lower(currency)", name="currency_lower"),
        Index(None, "created"),
    )

    id: Mapped[str] = mapped_column(String(255), primary_key=True)  # txn_…
    type: Mapped[str] = mapped_column(String(64))
    amount: Mapped[MinorUnits]
    fee: Mapped[MinorUnits]
    net: Mapped[MinorUnits]
    currency: Mapped[CurrencyCode]
    created: Mapped[datetime]
    available_on: Mapped[datetime]
    source_id: Mapped[str | None] = mapped_column(String(255), default=None, index=True)
    exchange_rate: Mapped[str] = mapped_column(
        String(32), default=""
    )  # as Stripe writes it; never computed with
