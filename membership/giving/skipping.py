"""One payment of a monthly gift left out: the next charge moves a month, nothing else changes."""

from datetime import datetime

from sqlalchemy.orm import Session

from membership.gateway import subscriptions
from membership.gateway.client import Gateway
from membership.giving import acting, resting
from membership.giving.gifts import Gift
from membership.giving.resting import Rest


def charge_after(gift: Gift) -> datetime:
    """When the next charge falls if the payment that is due is skipped.

    Raises:
        ValueError: it cannot be skipped.
    """
    if not gift.can_skip or gift.next_charge_at is None:
        raise ValueError(f"no payment of {gift.id} can be skipped")
    return resting.charge_after(gift.next_charge_at, 1, gift.anchor_at)


def skip(session: Session, gateway: Gateway, gift: Gift, *, request: str = "") -> None:
    """Leave out the next payment; if it is being skipped already nothing is done. Commits around the call.

    `request` names what asked for it: asked twice it is done once.

    Raises:
        ValueError: it cannot be skipped: twice in twelve months is the most, a yearly gift is paused instead.
        GatewayUnavailable: no usable answer; it may be skipped.
        GatewayRefused: Stripe does not take it.
    """
    if gift.skips_at is not None:
        return
    charge_at = charge_after(gift)
    until = resting.collects_again_at(charge_at)
    acting.act(
        session,
        gift,
        "subscription.skip",
        request=request,
        details={"until": f"{charge_at:%Y%m%dT%H%M%S}"},
        ask=lambda key: subscriptions.hold_collection(
            gateway, gift.id, rest=resting.metadata(Rest.SKIP, charge_at), until=until, key=key
        ),
    )


def undo(session: Session, gateway: Gateway, gift: Gift, *, request: str = "") -> None:
    """Let the payment that was to be skipped be charged when it is due after all. Commits around the call.

    One of which no payment to come is skipped is left as it is.

    Raises:
        GatewayUnavailable: no usable answer; it may be charged.
        GatewayRefused: Stripe does not take it.
    """
    if gift.skips_at is None:
        return
    acting.act(
        session,
        gift,
        "subscription.unskip",
        request=request,
        details={"due": f"{gift.skips_at:%Y%m%dT%H%M%S}"},
        ask=lambda key: subscriptions.collect_again(gateway, gift.id, rest=resting.metadata(None), key=key),
    )
