"""What readers ask for and what the app asks of Stripe: rows committed before the call they are about."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, CurrencyCode, JsonDict, MinorUnits, PublicId, RowId
from membership.secrets import Secret


class Interval(StrEnum):
    """How often a gift is made."""

    ONCE = "once"
    MONTH = "month"
    YEAR = "year"


class CheckoutState(StrEnum):
    """What became of a try to give. Stripe's own words where Stripe decides."""

    STARTED = "started"  # our row is committed; Stripe has not answered yet
    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"
    FAILED = "failed"  # Stripe refused to open it, or the bank did not confirm the payment


class Checkout(Base):
    """One try to give, committed before Stripe is called.

    `public_id` is the session's client reference and stands in Stripe's metadata (`checkout`), which ties payments
    and subscriptions to the article, the appeal's slot and the campaign that brought them.
    """

    __tablename__ = "checkout"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("covered_fee >= 0 AND covered_fee < amount", name="fee_within_amount"),
        Index(None, "state", "created_at"),
        Index(None, "email_index"),
    )

    id: Mapped[RowId] = mapped_column(init=False)
    public_id: Mapped[PublicId]
    form_key: Mapped[str] = mapped_column(
        String(64), unique=True
    )  # of the form sent: a double click is one row
    created_at: Mapped[datetime]
    amount: Mapped[MinorUnits]  # what is charged, covered fee included
    covered_fee: Mapped[MinorUnits]
    currency: Mapped[CurrencyCode]
    interval: Mapped[Interval]
    smallest_monthly: Mapped[
        MinorUnits
    ]  # the smallest monthly gift of the currency then; measures a one-time gift
    email: Mapped[str] = mapped_column(Secret)
    email_index: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(2))
    name: Mapped[str] = mapped_column(Secret, default="")
    note: Mapped[str] = mapped_column(Secret, default="")
    patron_id: Mapped[int | None] = mapped_column(
        ForeignKey("patron.id"), default=None
    )  # of who had signed in
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"), default=None)
    slot: Mapped[str] = mapped_column(String(32), default="")  # appeals.Showing.public_id
    campaign: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[CheckoutState] = mapped_column(default=CheckoutState.STARTED)
    stripe_session_id: Mapped[str | None] = mapped_column(String(255), unique=True, default=None)
    session_url: Mapped[str] = mapped_column(Text, default="")
    browser_hash: Mapped[str] = mapped_column(
        String(64), default=""
    )  # of the paying browser's 24-hour cookie
    email_corrected_at: Mapped[datetime | None] = mapped_column(default=None)
    gift_months: Mapped[int] = mapped_column(SmallInteger, default=0)  # for somebody else; 0: for oneself


class CallState(StrEnum):
    """What is known of a write that we asked of Stripe."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"  # no answer: to be read back, never sent again blindly
    LOST = "lost"  # no answer, and nothing at Stripe says any more whether it was done


class OutgoingCall(Base):
    """A write to Stripe, committed with its idempotency key before the call is made."""

    __tablename__ = "outgoing_call"
    __table_args__ = (Index(None, "state", "created_at"),)

    id: Mapped[RowId] = mapped_column(init=False)
    idempotency_key: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(64))  # "checkout.open", "subscription.cancel", "refund.create"
    subject: Mapped[str] = mapped_column(String(120))  # "checkout:k3v…", "sub_…", "ch_…"
    created_at: Mapped[datetime]
    details: Mapped[JsonDict]  # amounts and ids; never an address
    state: Mapped[CallState] = mapped_column(default=CallState.PENDING)
    result_id: Mapped[str] = mapped_column(String(255), default="")
    error: Mapped[str] = mapped_column(String(255), default="")
