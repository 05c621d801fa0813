"""From every month to every year and back: the new interval begins where what is paid ends, and nothing before."""

from sqlalchemy.orm import Session

from membership.gateway import products, subscriptions
from membership.gateway.client import Answer, Gateway
from membership.giving import acting, covering, naming
from membership.giving.gifts import Gift
from membership.giving.models import Interval
from membership.money import Money
from membership.newsroom import settings_rows


def other_interval(gift: Gift) -> Interval:
    """The interval a gift can be switched to."""
    return Interval.YEAR if gift.is_monthly else Interval.MONTH


def same_a_year(gift: Gift) -> Money:
    """What comes to the same a year in the other interval, a month's rounded up to what can be charged."""
    if gift.is_monthly:
        return Money(gift.chosen.amount * 12, gift.chosen.currency)
    step = 12 * covering.step(gift.chosen.currency)
    return Money(-(-gift.chosen.amount // step) * step // 12, gift.chosen.currency)


def switch(
    session: Session,
    gateway: Gateway,
    gift: Gift,
    *,
    interval: Interval,
    total: Money,
    covered_fee: int,
    request: str = "",
) -> None:
    """Charge `total` (covered fee included, in minor units) each `interval`, first when the next charge was due anyway.

    One that has this interval already is left as it is. Commits around the call. `request` names what asked for it:
    asked twice it is done once.

    Raises:
        ValueError: it cannot be switched just now.
        GatewayUnavailable: no usable answer; it may be switched.
        GatewayRefused: Stripe does not take it.
    """
    if gift.interval is interval:
        return
    starts_at = gift.next_charge_at
    if not gift.can_move or starts_at is None:
        raise ValueError(f"{gift.id} cannot be switched")
    name = naming.product_name(interval, settings_rows.current(session).name)

    def ask(key: str) -> Answer:
        products.ensure(gateway, interval, name)
        return subscriptions.switch_interval(
            gateway,
            gift.id,
            item_id=gift.item_id,
            money=total,
            interval=interval,
            covered_fee=covered_fee,
            starts_at=starts_at,
            key=key,
        )

    acting.act(
        session,
        gift,
        "subscription.switch",
        request=request,
        details={
            "interval": interval.value,
            "after": total.amount,
            "currency": total.currency,
            "fee": covered_fee,
            "from": f"{starts_at:%Y%m%dT%H%M%S}",
        },
        ask=ask,
    )
