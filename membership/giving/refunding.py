"""Sending money back: an intent before the call, the payment changed by Stripe's event alone."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.gateway import refunds
from membership.gateway.client import Gateway
from membership.giving import history, outgoing
from membership.giving.errors import RefundTooLargeError
from membership.giving.models import CallState, OutgoingCall, Payment, Refund
from membership.money import Money

KIND = "refund.create"
_OPEN = frozenset({CallState.PENDING, CallState.UNKNOWN, CallState.DONE})


def refunds_of(session: Session, payment: Payment) -> Sequence[Refund]:
    """All refunds of a payment, failed ones too, oldest first."""
    found = select(Refund).filter_by(charge_id=payment.id).order_by(Refund.created, Refund.id)
    return session.scalars(found).all()


def on_the_way(session: Session, payment: Payment) -> Sequence[OutgoingCall]:
    """Refunds that were asked for and have not been told of by an event yet."""
    known = select(Refund.id).filter_by(charge_id=payment.id)
    calls = select(OutgoingCall).where(
        OutgoingCall.kind == KIND,
        OutgoingCall.subject == payment.id,
        OutgoingCall.state.in_(_OPEN),
        OutgoingCall.result_id.not_in(known),
    )
    return session.scalars(calls.order_by(OutgoingCall.id)).all()


def left(session: Session, payment: Payment) -> Money:
    """What of a payment may still go back: refunds and disputes taken off, also refunds that are on the way.

    A refund that waits for the patron's bank details is in no ledger yet, but its money is promised all the same.
    """
    gone = sum(money.amount for money in history.gone(session, [payment]).get(payment.id, {}).values())
    gone += sum(row.amount for row in refunds_of(session, payment) if row.status == "requires_action")
    gone += sum(int(call.details["amount"]) for call in on_the_way(session, payment))
    return Money(max(0, payment.amount - gone), payment.currency)


def intend(session: Session, payment: Payment, money: Money, *, reason: str, form_key: str) -> OutgoingCall:
    """The row of a refund that is about to be asked for; the same one for a form sent twice. The caller commits.

    The payment stays locked until then, so that two people at once never promise more than is left.

    Raises:
        RefundTooLargeError: more than is left, or another currency.
    """
    session.execute(select(Payment.id).filter_by(id=payment.id).with_for_update())
    key = f"refund:{payment.id}:{form_key}"
    known = session.scalars(select(OutgoingCall).filter_by(idempotency_key=key)).one_or_none()
    if known is not None:
        return known
    # Two refunds at the same time would both fit, so that the second waits for the first.
    session.execute(select(Payment.id).filter_by(id=payment.id).with_for_update())
    remaining = left(session, payment)
    if money.currency != remaining.currency or remaining < money:
        raise RefundTooLargeError(remaining)
    details = {"amount": money.amount, "currency": money.currency, "reason": reason}
    return outgoing.find_or_add(session, key=key, kind=KIND, subject=payment.id, details=details)


def send(session: Session, gateway: Gateway, call: OutgoingCall) -> None:
    """Ask Stripe for what a row intends; one that is done is left alone. Commits around the call.

    Raises:
        GatewayUnavailable: no usable answer; the money may be on its way.
        GatewayRefused: Stripe does not take it.
    """
    if call.state in {CallState.DONE, CallState.REFUSED}:
        return
    charge_id, reason = call.subject, str(call.details["reason"])
    money = Money(int(call.details["amount"]), str(call.details["currency"]))
    outgoing.perform(
        session, call, lambda key: refunds.create(gateway, charge_id, money, reason=reason, key=key)
    )
