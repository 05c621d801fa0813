"""The mails of giving: one function for each, called in the transaction of its cause; the caller commits.

Each has a dedupe key made of its cause, so that applying the same fact twice mails once. A patron without an
address gets none. Templates are in templates/mail/giving/; every mail about a subscription says how to stop it.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership import clock
from membership.accounts import signing_in
from membership.accounts.models import Account
from membership.giving.models import Checkout, Invoice, Payment, Refund, Subscription
from membership.mail import outbox
from membership.mail.models import Priority
from membership.money import Money
from membership.newsroom import settings_rows
from membership.patrons.models import Patron

FAILURE_DAYS = (0, 3, 7, 21)
"""On which days after the first failed charge a patron is told, until it is mended."""


def welcome(
    session: Session,
    *,
    patron: Patron,
    payment: Payment,
    subscription: Subscription | None = None,
    browser_hash: str = "",
    again: str = "",
) -> None:
    """Thank a new patron, with a sign-in link and a six-digit code for the browser that paid.

    `subscription` is None for a one-time gift; `browser_hash` is the paying browser's (Checkout.browser_hash).
    `again` tells a second sending (to a corrected address) from the first.
    """
    account = _account(session, patron)
    if account is None:
        return
    ballot = f"{_prefix(session, patron.language)}/topics"
    issued = signing_in.issue(session, account, browser_hash=browser_hash, next_path=ballot)
    _queue(
        session,
        patron,
        kind="welcome",
        cause=f"{payment.id}:{again}" if again else payment.id,
        context={
            **_gift(payment, subscription),
            "sign_in_path": f"/sign-in/{issued.token}",
            "code": issued.code,
            "minutes": int(signing_in.LIFE.total_seconds() // 60),
        },
        about=f"patron:{patron.public_id}",
    )


def receipt(
    session: Session, *, patron: Patron, payment: Payment, subscription: Subscription | None = None
) -> None:
    """Say that a payment has settled: how much, how often, what comes next and how to stop."""
    _queue(session, patron, kind="receipt", cause=payment.id, context=_gift(payment, subscription))


def payment_failed(
    session: Session,
    *,
    patron: Patron,
    subscription: Subscription,
    invoice: Invoice,
    day: int,
    ends_at: datetime,
) -> None:
    """Say, on `day` (one of FAILURE_DAYS) after the first failure, that a renewal was not paid and how to mend it.

    `ends_at` is the end of grace. Queued mails of this kind are withdrawn by `withdraw_failures` once it is paid.
    """
    _queue(
        session,
        patron,
        kind="payment_failed",
        cause=f"{invoice.id}:{day}",
        context={
            **_subscription(subscription),
            "amount": Money(invoice.amount_due, invoice.currency),
            "is_first": day == 0,
            "is_last": day == FAILURE_DAYS[-1],
            "ends_at": ends_at,
            "next_try_at": invoice.next_attempt_at,
            "mend_path": f"/patron/gifts/{subscription.id}/card",
        },
        about=f"invoice:{invoice.id}",
        expires_at=ends_at,
    )


def withdraw_failures(session: Session, invoice_id: str) -> None:
    """Withdraw what is queued about a failed renewal that has been paid after all."""
    outbox.cancel(session, f"invoice:{invoice_id}", kinds=["giving/payment_failed"])


def membership_ended(
    session: Session, *, patron: Patron, subscription: Subscription, ended_at: datetime
) -> None:
    """Say that support has ended because its renewal could not be paid, with thanks and a way back."""
    context = {**_subscription(subscription), "ended_at": ended_at, "support_path": _again(subscription)}
    _queue(
        session,
        patron,
        kind="membership_ended",
        cause=f"{subscription.id}:{ended_at:%Y%m%d}",
        context=context,
    )


def refund_made(session: Session, *, patron: Patron, payment: Payment, refund: Refund) -> None:
    """Say that money is on its way back, and whether the membership goes on."""
    context = {
        "amount": Money(refund.amount, refund.currency),
        "paid": Money(payment.amount, payment.currency),
        "paid_at": payment.charged_at,
        "is_whole": refund.amount == payment.amount,
    }
    _queue(session, patron, kind="refund_made", cause=refund.id, context=context)


def refund_failed(session: Session, *, patron: Patron, payment: Payment, refund: Refund) -> None:
    """Say that money we sent back did not arrive, and that we are looking after it."""
    context = {
        "amount": Money(refund.amount, refund.currency),
        "paid_at": payment.charged_at,
    }
    _queue(session, patron, kind="refund_failed", cause=refund.id, context=context)


def gift_canceled(session: Session, *, patron: Patron, subscription: Subscription) -> None:
    """Confirm that a gift will not renew, and until when it lasts. Called when it becomes set to end."""
    ends_at = subscription.cancel_at or subscription.ended_at or subscription.period_ends_at
    said_at = subscription.canceled_at or subscription.as_of
    _queue(
        session,
        patron,
        kind="gift_canceled",
        cause=f"{subscription.id}:{said_at:%Y%m%dT%H%M%S}",
        context={
            **_subscription(subscription),
            "ends_at": ends_at,
            "resume_path": f"/patron/gifts/{subscription.id}/resumption",
        },
        about=f"subscription:{subscription.id}",
    )


def gift_resumed(
    session: Session, *, patron: Patron, subscription: Subscription, canceled_at: datetime
) -> None:
    """Confirm that a gift goes on after all; `canceled_at` is when the cancelation that is undone was said."""
    _queue(
        session,
        patron,
        kind="gift_resumed",
        cause=f"{subscription.id}:{canceled_at:%Y%m%dT%H%M%S}",
        context=_subscription(subscription),
        about=f"subscription:{subscription.id}",
    )


def amount_changed(
    session: Session, *, patron: Patron, subscription: Subscription, before: Money, cause: str = ""
) -> None:
    """Confirm a new amount and from when it is charged. `cause` names the change (an event's id) if it has a name."""
    key = cause or f"{before.amount}:{subscription.amount}:{subscription.as_of:%Y%m%dT%H}"
    _queue(
        session,
        patron,
        kind="amount_changed",
        cause=f"{subscription.id}:{key}",
        context={**_subscription(subscription), "before": before},
    )


def second_subscription(
    session: Session, *, patron: Patron, first: Subscription, second: Subscription
) -> None:
    """Tell a patron that two gifts are now running, with a button to keep only either or both."""
    context: dict[str, object] = {
        "first": _subscription(first),
        "second": _subscription(second),
        "first_end_path": f"/patron/gifts/{first.id}/cancellation",
        "second_end_path": f"/patron/gifts/{second.id}/cancellation",
    }
    _queue(session, patron, kind="second_subscription", cause=second.id, context=context)


def address_corrected(session: Session, *, to: str, checkout: Checkout) -> None:
    """Tell the address that was typed first that a gift's mails go elsewhere now; it names no new address."""
    outbox.queue(
        session,
        kind="giving/address_corrected",
        to=to,
        language=checkout.language,
        dedupe_key=f"address_corrected:{checkout.public_id}",
        context={
            "at": checkout.email_corrected_at or clock.now(),
            "prefix": _prefix(session, checkout.language),
        },
    )


def payment_not_made(session: Session, *, checkout: Checkout) -> None:
    """Say that a bank did not confirm a delayed payment; nothing was charged, and a fresh link if it is wanted."""
    path = f"/support?amount={Money(checkout.amount - checkout.covered_fee, checkout.currency).plain()}"
    outbox.queue(
        session,
        kind="giving/payment_not_made",
        to=checkout.email,
        language=checkout.language,
        dedupe_key=f"payment_not_made:{checkout.public_id}",
        context={
            "amount": Money(checkout.amount, checkout.currency),
            "interval": checkout.interval,
            "prefix": _prefix(session, checkout.language),
            "support_path": f"{path}&interval={checkout.interval}&currency={checkout.currency}",
        },
        expires_at=clock.now() + timedelta(days=14),
    )


def _account(session: Session, patron: Patron) -> Account | None:
    return None if patron.account_id is None else session.get(Account, patron.account_id)


def _queue(
    session: Session,
    patron: Patron,
    *,
    kind: str,
    cause: str,
    context: dict[str, object],
    about: str = "",
    expires_at: datetime | None = None,
) -> None:
    """Write a mail to a patron; one without an address gets none."""
    account = _account(session, patron)
    if account is None:
        return
    outbox.queue(
        session,
        kind=f"giving/{kind}",
        to=account.email,
        language=patron.language,
        dedupe_key=f"{kind}:{cause}",
        context={"name": patron.name, "prefix": _prefix(session, patron.language), **context},
        subject_key=about,
        expires_at=expires_at,
        priority=Priority.SIGN_IN if kind == "welcome" else Priority.NORMAL,  # it carries a way in
        account_id=account.id,
    )


def _prefix(session: Session, language: str) -> str:
    """What stands before a path so that its page is in this language."""
    return "" if language == settings_rows.current(session).default_language else f"/{language}"


def _gift(payment: Payment, subscription: Subscription | None) -> dict[str, object]:
    """What welcome and receipt say of a gift."""
    return {
        "amount": Money(payment.amount, payment.currency),
        "covered_fee": Money(payment.covered_fee, payment.currency),
        "paid_at": payment.charged_at,
        "interval": subscription.interval if subscription else "once",
        "months": payment.months,
        "next_charge_at": subscription.period_ends_at if subscription else None,
        "next_amount": Money(subscription.amount, subscription.currency) if subscription else None,
        "stop_path": f"/patron/gifts/{subscription.id}/cancellation" if subscription else "",
        "card_last4": payment.card_last4,
        "reference": payment.id,
    }


def _subscription(subscription: Subscription) -> dict[str, object]:
    """What every mail about a subscription says of it."""
    return {
        "amount": Money(subscription.amount, subscription.currency),
        "interval": subscription.interval,
        "next_charge_at": subscription.period_ends_at,
        "stop_path": f"/patron/gifts/{subscription.id}/cancellation",
    }


def _again(subscription: Subscription) -> str:
    amount = Money(subscription.amount - subscription.covered_fee, subscription.currency).plain()
    return f"/support?amount={amount}&interval={subscription.interval}&currency={subscription.currency}"
