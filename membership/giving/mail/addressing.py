"""What all mails of giving share: whom they go to, in which language, and what each says of a gift."""

from datetime import datetime

from sqlalchemy.orm import Session

from membership import clock
from membership.accounts.models import Account
from membership.giving import care_links, covering, receipts_shown
from membership.giving.models import CareAct, CarePurpose, Payment, Subscription
from membership.mail import outbox
from membership.mail.models import Priority
from membership.money import Money
from membership.newsroom import settings_rows
from membership.patrons.models import Patron

WITH_A_WAY_IN = frozenset({"welcome", "gift_bought"})


def account_of(session: Session, patron: Patron) -> Account | None:
    """The account that a patron's mails go to, or None where there is no address."""
    return None if patron.account_id is None else session.get(Account, patron.account_id)


def queue(
    session: Session,
    patron: Patron,
    *,
    kind: str,
    cause: str,
    context: dict[str, object],
    about: str = "",
    gift: Subscription | None = None,
    expires_at: datetime | None = None,
) -> None:
    """Write the mail giving/`kind` to a patron; one without an address gets none. The caller commits.

    `cause` makes it the only mail of its kind for that cause; `about` is what it can be withdrawn by
    (outbox.cancel). `gift` is one that has only just begun: its care link stands under the mail as others' do.
    """
    account = account_of(session, patron)
    if account is None:
        return
    outbox.queue(
        session,
        kind=f"giving/{kind}",
        to=account.email,
        language=patron.language,
        dedupe_key=f"{kind}:{cause}",
        context={"name": patron.name, "prefix": prefix(session, patron.language), **context},
        subject_key=about,
        expires_at=expires_at,
        priority=Priority.SIGN_IN if kind in WITH_A_WAY_IN else Priority.NORMAL,  # it carries a way in
        account_id=account.id,
        care_for=account.id,
        care_about=[gift.id] if gift is not None else [],
    )


def prefix(session: Session, language: str) -> str:
    """What stands before a path so that its page is in this language."""
    return "" if language == settings_rows.current(session).default_language else f"/{language}"


def gift_context(session: Session, payment: Payment, subscription: Subscription | None) -> dict[str, object]:
    """What welcome and receipt say of a gift."""
    return {
        "receipt_label": receipts_shown.labels_of(session, [payment.id]).get(payment.id, ""),
        "amount": Money(payment.amount, payment.currency),
        "covered_fee": Money(
            covering.of_payments(session, [payment.id]).get(payment.id, 0), payment.currency
        ),
        "paid_at": payment.charged_at,
        "interval": subscription.interval if subscription else "once",
        "months": payment.months,
        "next_charge_at": _next_charge_at(subscription) if subscription else None,
        "next_amount": Money(subscription.amount, subscription.currency) if subscription else None,
        "card_last4": payment.card_last4,
        "reference": payment.id,
    }


def subscription_context(subscription: Subscription) -> dict[str, object]:
    """What every mail about a subscription says of it."""
    return {
        "amount": Money(subscription.amount, subscription.currency),
        "interval": subscription.interval,
        "next_charge_at": _next_charge_at(subscription),
    }


def _next_charge_at(subscription: Subscription) -> datetime | None:
    """When a gift is charged next: later than its period ends where it rests."""
    if subscription.is_paused:
        return subscription.resumes_at
    ends = (subscription.period_ends_at, subscription.skips_to)
    return max((at for at in ends if at is not None), default=None)


def care_path(session: Session, patron: Patron, subscription: Subscription, purpose: CarePurpose) -> str:
    """A new care link for a mail to this patron (no mail, no link: then it is empty). The caller commits."""
    account = account_of(session, patron)
    return care_links.make(session, account, subscription.id, purpose) if account is not None else ""


def cause_of(subscription: Subscription, act: CareAct | None, at: datetime | None = None) -> str:
    """What makes a mail about a change the only one of its kind: the act that let it, else its instant."""
    told_at = at or subscription.as_of
    return f"{subscription.id}:" + (f"act:{act.public_id}" if act is not None else f"{told_at:%Y%m%dT%H%M%S}")


def undo_context(session: Session, patron: Patron, act: CareAct | None) -> dict[str, object]:
    """What a mail says of an act that was not the signed-in patron's own, with the link that undoes it."""
    account = account_of(session, patron)
    if act is None or account is None:
        return {"undo_path": "", "by_staff": False}
    act.told_at = clock.now()
    path = care_links.make(session, account, act.subscription_id, CarePurpose.UNDO, undoes_id=act.id)
    return {"undo_path": path, "by_staff": act.by_staff}


def support_path(subscription: Subscription) -> str:
    """The way to give again what this subscription gave, without the fee that was covered."""
    amount = Money(subscription.amount - subscription.covered_fee, subscription.currency).plain()
    return f"/support?amount={amount}&interval={subscription.interval}&currency={subscription.currency}"
