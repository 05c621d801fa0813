"""Putting a gift back as it was before an act: its amount with its covered fee, its end, or its rest.

Commits around each call.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from membership import secrets
from membership.db import JsonDict
from membership.gateway import subscriptions
from membership.gateway.client import Gateway
from membership.giving import applying, changing, outgoing, parsing, pausing, skipping
from membership.giving.gifts import Gift
from membership.money import Money


def restore(session: Session, gateway: Gateway, gift: Gift, target: JsonDict) -> None:
    """Let the fields of `target` (as care_records.snapshot has them) be so again. Commits around each call.

    Raises:
        GatewayUnavailable: no usable answer; it may have been done.
        GatewayRefused: Stripe does not take it.
    """
    if "ends_at" in target:
        _restore_end(session, gateway, gift, target["ends_at"])
    if "is_paused" in target:
        _restore_pause(session, gateway, gift, target)
    if "skips_at" in target:
        _restore_skip(session, gateway, gift, target["skips_at"])
    if "amount" in target:
        total = Money(int(target["amount"]), gift.money.currency)
        covered = int(target.get("covered_fee", gift.covered_fee.amount))
        changing.change_amount(session, gateway, gift, total, covered_fee=covered)


def _restore_end(session: Session, gateway: Gateway, gift: Gift, ends_at: str | None) -> None:
    if ends_at is None:
        changing.resume(session, gateway, gift)
        return
    at = datetime.fromisoformat(ends_at)
    if at == gift.next_charge_at:
        changing.cancel(session, gateway, gift, feedback="")
    else:
        _end_on(session, gateway, gift, at)


def _restore_pause(session: Session, gateway: Gateway, gift: Gift, target: JsonDict) -> None:
    if target["is_paused"]:
        resumes_at = datetime.fromisoformat(target["resumes_at"])
        pausing.pause_until(session, gateway, gift, charge_at=resumes_at)
    else:
        charge_at = datetime.fromisoformat(target["next_charge_at"])
        pausing.lift(session, gateway, gift, charge_at=charge_at)


def _restore_skip(session: Session, gateway: Gateway, gift: Gift, skips_at: str | None) -> None:
    if skips_at is None:
        skipping.undo(session, gateway, gift)
    else:
        skipping.skip(session, gateway, gift)


def _end_on(session: Session, gateway: Gateway, gift: Gift, at: datetime) -> None:
    """An end on another day than that of the next charge, as somebody set it at Stripe."""
    call = outgoing.find_or_add(
        session,
        key=f"subscription.cancel:{gift.id}:{secrets.new_public_id()}",
        kind="subscription.cancel",
        subject=gift.id,
        details={"at": at.isoformat()},
    )
    answer = outgoing.perform(
        session, call, lambda key: subscriptions.cancel_at(gateway, gift.id, at=at, key=key)
    )
    applying.apply_facts(session, parsing.from_object(answer.body, answer.as_of))
    session.commit()
