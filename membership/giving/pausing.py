"""A gift that rests until a date: nothing is charged, it counts as paused once what is paid runs out, and goes on."""

from datetime import datetime

from sqlalchemy.orm import Session

from membership.gateway import subscriptions
from membership.gateway.client import Answer, Gateway
from membership.giving import acting, resting
from membership.giving.gifts import Gift
from membership.giving.resting import Rest


def charge_after(gift: Gift, months: int) -> datetime:
    """When the next charge falls if a gift that runs is paused for so many months (1 to resting.MOST_MONTHS).

    Raises:
        ValueError: it cannot be paused, or not for so long.
    """
    if not gift.can_move or gift.next_charge_at is None or not 1 <= months <= resting.MOST_MONTHS:
        raise ValueError(f"{gift.id} cannot be paused for {months} months")
    return resting.charge_after(gift.next_charge_at, months, gift.anchor_at)


def pause(session: Session, gateway: Gateway, gift: Gift, *, months: int, request: str = "") -> None:
    """Move the next charge so many months; one that is paused is left as it is. Commits around the call.

    `request` names what asked for it: asked twice it is done once.

    Raises:
        ValueError: it cannot be paused, or not for so long.
        GatewayUnavailable: no usable answer; it may be paused.
        GatewayRefused: Stripe does not take it.
    """
    if not gift.is_paused:
        pause_until(session, gateway, gift, charge_at=charge_after(gift, months), request=request)


def pause_until(
    session: Session, gateway: Gateway, gift: Gift, *, charge_at: datetime, request: str = ""
) -> None:
    """Let the next charge of a gift fall on a day of its rhythm that lies ahead. Commits around the call.

    Raises:
        GatewayUnavailable: no usable answer; it may be paused.
        GatewayRefused: Stripe does not take it.
    """
    rest = resting.metadata(Rest.PAUSE, charge_at)

    def ask(key: str) -> Answer:
        if gift.is_monthly:
            until = resting.collects_again_at(charge_at)
            return subscriptions.hold_collection(gateway, gift.id, rest=rest, until=until, key=key)
        return subscriptions.move_next_charge(gateway, gift.id, rest=rest, to=charge_at, key=key)

    details = {"until": f"{charge_at:%Y%m%dT%H%M%S}"}
    acting.act(session, gift, "subscription.pause", request=request, details=details, ask=ask)


def charge_on_resuming(gift: Gift) -> datetime | None:
    """When a paused gift is charged if it goes on now: when what is paid runs out; None: at once."""
    return gift.paid_until if gift.is_paid else None


def resume(session: Session, gateway: Gateway, gift: Gift, *, request: str = "") -> None:
    """End a pause early: charged when what is paid runs out, else at once; the rhythm follows. Commits around the call.

    One that is not paused is left as it is.

    Raises:
        GatewayUnavailable: no usable answer; it may go on.
        GatewayRefused: Stripe does not take it; `is_declined` if the charge at once was, and it is still paused.
    """
    if not gift.is_paused or gift.has_ended or gift.ends_at is not None:
        return
    charge_at = charge_on_resuming(gift)
    if charge_at is not None:
        lift(session, gateway, gift, charge_at=charge_at, request=request)
        return
    acting.act(
        session,
        gift,
        "subscription.unpause",
        request=request,
        details={"until": ""},
        ask=lambda key: subscriptions.charge_now(
            gateway, gift.id, rest=resting.metadata(None), is_on_trial=gift.is_waiting, key=key
        ),
    )


def lift(session: Session, gateway: Gateway, gift: Gift, *, charge_at: datetime, request: str = "") -> None:
    """End a pause so that the next charge falls where it would have without, at `charge_at`, which lies ahead.

    Nothing is charged before. Commits around the call.

    Raises:
        GatewayUnavailable: no usable answer; it may go on.
        GatewayRefused: Stripe does not take it.
    """
    rest = resting.metadata(None)

    def ask(key: str) -> Answer:
        if gift.is_waiting and not gift.is_monthly:
            return subscriptions.move_next_charge(gateway, gift.id, rest=rest, to=charge_at, key=key)
        return subscriptions.collect_again(gateway, gift.id, rest=rest, key=key)

    details = {"until": f"{charge_at:%Y%m%dT%H%M%S}"}
    acting.act(session, gift, "subscription.unpause", request=request, details=details, ask=ask)
