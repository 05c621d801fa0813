"""Tables of giving: what was asked for (asking), what Stripe tells (hearing), its facts (facts), receipts (receipts).

Beside them stand rows of our own: memberships bought for others (gifts), and what came outside of Stripe (offline).

What follows from facts (coverage, ledger entries, movements) is in giving.ledger, giving.movements and patrons.
"""

from membership.giving.models.adopting import Adoption
from membership.giving.models.asking import (
    CallState,
    Checkout,
    CheckoutState,
    Interval,
    OutgoingCall,
)
from membership.giving.models.campaigns import CampaignCredit
from membership.giving.models.cards import CardNotice, CardNoticeState
from membership.giving.models.caring import CareAct, CareActKind, CareLink, CarePurpose
from membership.giving.models.facts import (
    BalanceTransaction,
    CheckoutSession,
    Dispute,
    FailedCharge,
    Invoice,
    InvoicePayment,
    Owner,
    Payment,
    Refund,
    StripeCustomer,
    Subscription,
    SubscriptionState,
    Version,
)
from membership.giving.models.gifts import GiftMembership
from membership.giving.models.hearing import (
    Event,
    EventState,
    ListRead,
    ObjectToRead,
    ReadingState,
    ReconcileRun,
)
from membership.giving.models.mailbox import MailboxRequest
from membership.giving.models.offline import OfflineGift, OfflineUpload
from membership.giving.models.receipts import Receipt, ReceiptSource, ReceiptText, ReceiptYear
from membership.giving.models.replacing import Replacement, ReplacementState

__all__ = [
    "Adoption",
    "BalanceTransaction",
    "CallState",
    "CampaignCredit",
    "CardNotice",
    "CardNoticeState",
    "CareAct",
    "CareActKind",
    "CareLink",
    "CarePurpose",
    "Checkout",
    "CheckoutSession",
    "CheckoutState",
    "Dispute",
    "Event",
    "EventState",
    "FailedCharge",
    "GiftMembership",
    "Interval",
    "Invoice",
    "InvoicePayment",
    "ListRead",
    "MailboxRequest",
    "ObjectToRead",
    "OfflineGift",
    "OfflineUpload",
    "OutgoingCall",
    "Owner",
    "Payment",
    "ReadingState",
    "Receipt",
    "ReceiptSource",
    "ReceiptText",
    "ReceiptYear",
    "ReconcileRun",
    "Refund",
    "Replacement",
    "ReplacementState",
    "StripeCustomer",
    "Subscription",
    "SubscriptionState",
    "Version",
]
