"""What a patron does to a gift that renews: another amount, an end, going on after all, another card.

Each is a row before the call to Stripe; the subscription that Stripe gives back becomes a fact at once, so that the
page is right when it is shown again, and the event that follows finds it known. Mails follow from the facts.
"""

from collections.abc import Callable

from sqlalchemy.orm import Session

from membership import secrets
from membership.db import JsonDict
from membership.gateway import portal, products, subscriptions
from membership.gateway.client import Answer, Gateway
from membership.giving import applying, facts, ordering, outgoing, parsing
from membership.giving.gifts import Gift
from membership.giving.models import Subscription
from membership.money import Money


def change_amount(session: Session, gateway: Gateway, gift: Gift, total: Money, *, covered_fee: int) -> None:
    """Charge `total` (covered fee included, in minor units) from the next renewal on. Commits around the call.

    Raises:
        GatewayUnavailable: no usable answer; it may have been changed.
        GatewayRefused: Stripe does not take it.
    """

    def ask(key: str) -> Answer:
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

    details = {"before": gift.money.amount, "after": total.amount, "currency": total.currency}
    _perform(session, gift, "subscription.amount", details, ask)


def cancel(session: Session, gateway: Gateway, gift: Gift, *, feedback: str) -> None:
    """Let a gift end with what is paid; one that is set to end already is left as it is. Commits around the call.

    Raises:
        GatewayUnavailable: no usable answer; it may have been set to end.
        GatewayRefused: Stripe does not take it.
    """
    if gift.ends_at is not None:
        return
    _perform(
        session,
        gift,
        "subscription.cancel",
        {"feedback": feedback},
        lambda key: subscriptions.cancel_at_period_end(gateway, gift.id, feedback=feedback, key=key),
    )


def resume(session: Session, gateway: Gateway, gift: Gift) -> None:
    """Let a gift that is set to end go on; one that is not is left as it is. Commits around the call.

    Raises:
        GatewayUnavailable: no usable answer; it may go on.
        GatewayRefused: it has ended.
    """
    if gift.ends_at is None or gift.has_ended:
        return
    _perform(
        session,
        gift,
        "subscription.resume",
        {},
        lambda key: subscriptions.resume(gateway, gift.id, key=key),
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


def _perform(
    session: Session, gift: Gift, kind: str, details: JsonDict, ask: Callable[[str], Answer]
) -> None:
    call = outgoing.find_or_add(
        session,
        key=f"{kind}:{gift.id}:{secrets.new_public_id()}",
        kind=kind,
        subject=gift.id,
        details=details,
    )
    known_at = session.get_one(Subscription, gift.id).as_of
    answer = outgoing.perform(session, call, ask)
    told = parsing.from_object(answer.body, answer.as_of)
    applying.apply_facts(
        session, [ordering.answered(f, known_at) if isinstance(f, facts.Subscription) else f for f in told]
    )
    session.commit()
