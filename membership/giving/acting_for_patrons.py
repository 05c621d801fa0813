"""What staff do to a gift for its patron: lower it, end it, let it go on. The patron is mailed, with an undo.

Each act is a row before the call (care_records), so that the mail that follows from the facts says who did it. The
audit entry is the caller's. Commits around each call.
"""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import secrets
from membership.gateway.client import Gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import care_records, changing, ending, mail
from membership.giving.gifts import Gift
from membership.giving.models import (
    CareAct,
    CareActKind,
    Invoice,
    InvoicePayment,
    Owner,
    Payment,
    StripeCustomer,
    Subscription,
)
from membership.money import Money
from membership.newsroom import budgets
from membership.newsroom.budgets import Limit
from membership.newsroom.settings_rows import NewsroomSettings
from membership.patrons.models import Patron

WELCOMES = Limit("welcomes_again", 3, 86_400)


def possible(gift: Gift, newsroom: NewsroomSettings) -> list[CareActKind]:
    """What staff may do to a gift as it is now, the gentlest first; never anything that charges more."""
    if gift.has_ended:
        return []
    if gift.ends_at is not None:
        return [CareActKind.RESUME]
    may_lower = gift.can_change and gift.money.amount > newsroom.smallest(gift.money.currency, gift.interval)
    return [*([CareActKind.LOWER] if may_lower else []), CareActKind.CANCEL]


def lower(session: Session, gateway: Gateway, gift: Gift, money: Money) -> None:
    """Charge `money` in all from the next renewal on. Commits.

    Raises:
        GatewayUnavailable: no usable answer; it may have been done.
        GatewayRefused: Stripe does not take it.
    """
    changes = {"amount": money.amount, "covered_fee": 0}
    act = care_records.begin(session, gift, CareActKind.LOWER, changes)
    _do(session, act, lambda: changing.change_amount(session, gateway, gift, money, covered_fee=0))


def cancel(session: Session, gateway: Gateway, gift: Gift) -> None:
    """Let a gift end with what is paid; one whose renewal fails ends now. Commits. Raises as `lower` does."""
    end = gift.next_charge_at.isoformat() if gift.next_charge_at is not None else "at the end of what is paid"
    act = care_records.begin(session, gift, CareActKind.CANCEL, {"ends_at": end, "next_charge_at": None})
    _do(
        session,
        act,
        lambda: (
            ending.end_now(session, gateway, gift.id)
            if gift.is_failing
            else changing.cancel(session, gateway, gift, feedback="")
        ),
    )


def resume(session: Session, gateway: Gateway, gift: Gift) -> None:
    """Let a gift that is set to end go on. Commits. Raises as `lower` does."""
    next_charge = gift.ends_at.isoformat() if gift.ends_at is not None else None
    changes = {"ends_at": None, "next_charge_at": next_charge}
    act = care_records.begin(session, gift, CareActKind.RESUME, changes)
    _do(session, act, lambda: changing.resume(session, gateway, gift))


def _do(session: Session, act: CareAct, ask: Callable[[], None]) -> None:
    act_id = act.id
    try:
        ask()
    except (GatewayRefused, GatewayUnavailable) as error:
        session.rollback()
        if isinstance(error, GatewayRefused) or not error.is_unknown:
            session.delete(session.get_one(CareAct, act_id))
            session.commit()
        raise


def send_welcome_again(session: Session, patron: Patron) -> bool:
    """Mail the welcome once more, with a new way in; whether there was a gift to thank for. The caller commits.

    Raises:
        BudgetSpentError: it was sent three times today; commit all the same.
    """
    payment = session.scalars(
        select(Payment)
        .join(StripeCustomer, StripeCustomer.id == Payment.customer_id)
        .where(StripeCustomer.patron_id == patron.id, Payment.owner == Owner.OURS)
        .order_by(Payment.settled_at, Payment.id)
        .limit(1)
    ).one_or_none()
    if payment is None or patron.account_id is None:
        return False
    budgets.spend(session, WELCOMES, patron.public_id)
    subscription = session.scalars(
        select(Subscription)
        .join(Invoice, Invoice.subscription_id == Subscription.id)
        .join(InvoicePayment, InvoicePayment.invoice_id == Invoice.id)
        .where(InvoicePayment.payment_intent_id == payment.payment_intent_id, Subscription.ended_at.is_(None))
        .limit(1)
    ).one_or_none()
    mail.welcome(
        session, patron=patron, payment=payment, subscription=subscription, again=secrets.new_public_id(40)
    )
    return True
