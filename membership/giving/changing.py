"""What a patron does to a gift that renews: another amount, a lower one, an end, going on after all, another card.

Pauses are giving.pausing, skipped payments giving.skipping, another interval giving.switching. In all of them
`request` names what asked for the act: asked twice, it is done once.
"""

from sqlalchemy.orm import Session

from membership import secrets
from membership.gateway import portal, products, subscriptions
from membership.gateway.client import Answer, Gateway
from membership.giving import acting, covering, naming, outgoing
from membership.giving.gifts import Gift
from membership.money import Money
from membership.newsroom import settings_rows
from membership.newsroom.settings_rows import NewsroomSettings


def change_amount(
    session: Session, gateway: Gateway, gift: Gift, total: Money, *, covered_fee: int, request: str = ""
) -> None:
    """Charge `total` (covered fee included, in minor units) from the next renewal on. Commits around the call.

    Raises:
        GatewayUnavailable: no usable answer; it may have been changed.
        GatewayRefused: Stripe does not take it.
    """
    name = naming.product_name(gift.interval, settings_rows.current(session).name)

    def ask(key: str) -> Answer:
        products.ensure(gateway, gift.interval, name)  # a gift that was moved in may have had another
        return subscriptions.change_amount(
            gateway,
            gift.id,
            item_id=gift.item_id,
            money=total,
            interval=gift.interval,
            product_id=products.IDS[gift.interval],
            covered_fee=covered_fee,
            key=key,
        )

    details = {
        "before": gift.money.amount,
        "after": total.amount,
        "currency": total.currency,
        "fee": covered_fee,
    }
    acting.act(session, gift, "subscription.amount", request=request, details=details, ask=ask)


def lower_amount(gift: Gift, newsroom: NewsroomSettings) -> Money | None:
    """What a gift can be lowered to in one step: the next lower suggestion, else the smallest gift, else None.

    Without the fee that is covered.
    """
    currency = gift.money.currency
    offered = {*newsroom.suggested(currency, gift.interval), newsroom.smallest(currency, gift.interval)}
    lower = max((amount for amount in offered if amount < gift.chosen.amount), default=None)
    return None if lower is None else Money(lower, currency)


def lowered(gift: Gift, newsroom: NewsroomSettings) -> Money | None:
    """What is charged after stepping down: the lower amount, with the fee on top if the gift covers it now."""
    amount = lower_amount(gift, newsroom) if gift.can_change else None
    if amount is None:
        return None
    return covering.with_fee(amount, newsroom) if gift.covered_fee else amount


def step_down(
    session: Session, gateway: Gateway, gift: Gift, newsroom: NewsroomSettings, *, request: str = ""
) -> Money:
    """Lower a gift in one step from the next renewal on; gives what is charged then. Commits around the call.

    Raises:
        ValueError: it cannot be lowered.
        GatewayUnavailable: no usable answer; it may have been changed.
        GatewayRefused: Stripe does not take it.
    """
    amount, total = lower_amount(gift, newsroom), lowered(gift, newsroom)
    if amount is None or total is None:
        raise ValueError(f"{gift.id} cannot be lowered")
    fee = (total - amount).amount
    change_amount(session, gateway, gift, total, covered_fee=fee, request=request)
    return total


def cancel(session: Session, gateway: Gateway, gift: Gift, *, feedback: str, request: str = "") -> None:
    """Let a gift end with what is paid; one that is set to end already is left as it is. Commits around the call.

    A yearly gift whose pause has moved its next charge beyond what is paid ends with what is paid all the same.

    Raises:
        GatewayUnavailable: no usable answer; it may have been set to end.
        GatewayRefused: Stripe does not take it.
    """
    if gift.ends_at is not None:
        return
    at = gift.would_end_at

    def ask(key: str) -> Answer:
        if at is not None and at != gift.period_ends_at:
            return subscriptions.cancel_at(gateway, gift.id, at=at, feedback=feedback, key=key)
        return subscriptions.cancel_at_period_end(gateway, gift.id, feedback=feedback, key=key)

    details = {"feedback": feedback}
    acting.act(session, gift, "subscription.cancel", request=request, details=details, ask=ask)


def resume(session: Session, gateway: Gateway, gift: Gift, *, request: str = "") -> None:
    """Let a gift that is set to end go on; one that is not is left as it is. Commits around the call.

    What it was before, it is again: also paused, or with a payment skipped.

    Raises:
        GatewayUnavailable: no usable answer; it may go on.
        GatewayRefused: it has ended.
    """
    if gift.ends_at is None or gift.has_ended:
        return
    at_an_instant = gift.ends_at != gift.period_ends_at
    acting.act(
        session,
        gift,
        "subscription.resume",
        request=request,
        details={},
        ask=lambda key: subscriptions.resume(gateway, gift.id, at_an_instant=at_an_instant, key=key),
    )


def card_page(session: Session, gateway: Gateway, gift: Gift, *, return_url: str, language: str) -> str:
    """The address of Stripe's page on which this patron's card is changed. Commits around the call.

    Raises:
        GatewayUnavailable: no usable answer.
        GatewayRefused: the customer is gone at Stripe.
    """
    call = outgoing.find_or_add(
        session,
        key=f"portal.open:{gift.id}:{secrets.new_public_id()}",
        kind="portal.open",
        subject=gift.customer_id,
        details={"subscription": gift.id},
    )
    answer = outgoing.perform(
        session,
        call,
        lambda key: portal.open_card_update(
            gateway, gift.customer_id, return_url=return_url, language=language, key=key
        ),
    )
    return str(answer.body["url"])
