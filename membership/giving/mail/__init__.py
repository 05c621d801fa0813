"""The mails of giving: one function for each, called in the transaction of its cause; the caller commits.

Each has a dedupe key made of its cause, so that applying the same fact twice mails once. A patron without an
address gets none. Templates are in templates/mail/giving/; every mail about a subscription says how to stop it.
A module of this package is one activity; a new one adds its names here.
"""

from membership.giving.mail.changing import (
    address_corrected,
    amount_changed,
    card_page_opened,
    gift_canceled,
    gift_replaced,
    gift_resumed,
    second_subscription,
)
from membership.giving.mail.failing import (
    FAILURE_DAYS,
    card_expiring,
    membership_ended,
    payment_failed,
    withdraw_failures,
)
from membership.giving.mail.giving_to_others import (
    gift_bought,
    gift_ends,
    gift_membership,
    gift_unclaimed,
    gift_unclaimed_to_giver,
)
from membership.giving.mail.refunding import refund_failed, refund_made
from membership.giving.mail.resting import (
    gift_paused,
    gift_resumes,
    interval_changed,
    payment_skipped,
    yearly_charge_ahead,
)
from membership.giving.mail.thanking import payment_not_made, receipt, welcome

__all__ = [
    "FAILURE_DAYS",
    "address_corrected",
    "amount_changed",
    "card_expiring",
    "card_page_opened",
    "gift_bought",
    "gift_canceled",
    "gift_ends",
    "gift_membership",
    "gift_paused",
    "gift_replaced",
    "gift_resumed",
    "gift_resumes",
    "gift_unclaimed",
    "gift_unclaimed_to_giver",
    "interval_changed",
    "membership_ended",
    "payment_failed",
    "payment_not_made",
    "payment_skipped",
    "receipt",
    "refund_failed",
    "refund_made",
    "second_subscription",
    "welcome",
    "withdraw_failures",
    "yearly_charge_ahead",
]
