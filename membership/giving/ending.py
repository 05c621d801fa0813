"""Ending a gift whose renewal fails, or that is paused: its open bills are voided first.

Commits around each call.
"""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.gateway import ending as stripe_ending
from membership.gateway.client import Answer, Gateway
from membership.giving import applying, outgoing, parsing
from membership.giving.models import Invoice


def end_now(session: Session, gateway: Gateway, subscription_id: str, *, feedback: str = "") -> None:
    """Void what is open and end the subscription; doing it again changes nothing. Commits around each call.

    Raises:
        GatewayUnavailable: no usable answer; it may have been done. Asking again is safe.
        GatewayRefused: a bill was paid, or the subscription has ended, before that.
    """
    for invoice_id in _open_bills(session, subscription_id):
        _perform(
            session,
            kind="invoice.void",
            subject=invoice_id,
            ask=lambda key, bill=invoice_id: stripe_ending.void_invoice(gateway, bill, key=key),  # type: ignore[misc]  # bound now
        )
    _perform(
        session,
        kind="gift.end",
        subject=subscription_id,
        ask=lambda key: stripe_ending.cancel_now(gateway, subscription_id, feedback=feedback, key=key),
    )


def _open_bills(session: Session, subscription_id: str) -> list[str]:
    found = select(Invoice.id).filter_by(subscription_id=subscription_id, status="open")
    return list(session.scalars(found.order_by(Invoice.id)))


def _perform(session: Session, *, kind: str, subject: str, ask: Callable[[str], Answer]) -> None:
    call = outgoing.find_or_add(session, key=f"{kind}:{subject}", kind=kind, subject=subject, details={})
    answer = outgoing.perform(session, call, ask)
    applying.apply_facts(session, parsing.from_object(answer.body, answer.as_of))
    session.commit()
