"""What a patron does to a gift, done: a row before the call to Stripe, and what Stripe gives back a fact at once.

So the page is right when it is shown again, and the event that follows finds it known. Mails follow from the facts.
Commits around each call.
"""

from collections.abc import Callable

from sqlalchemy.orm import Session

from membership import secrets
from membership.db import JsonDict
from membership.gateway.client import Answer
from membership.giving import applying, facts, ordering, outgoing, parsing
from membership.giving.gifts import Gift
from membership.giving.models import Subscription


def act(
    session: Session, gift: Gift, kind: str, *, request: str, details: JsonDict, ask: Callable[[str], Answer]
) -> None:
    """Do one thing to a gift's subscription at Stripe and apply the subscription it answers. Commits around the call.

    `request` names what asked for it (the form that was shown, the link of a mail): asked twice, with the same
    details, it is done once; asked without a name, it is done each time. `details` takes amounts, instants and ids,
    never an address.

    Raises:
        GatewayUnavailable: no usable answer; it may have been done.
        GatewayRefused: Stripe does not take it.
    """
    said = ":".join(str(details[name]) for name in sorted(details))
    call = outgoing.find_or_add(
        session,
        key=f"{kind}:{gift.id}:{request or secrets.new_public_id()}:{said}"[:120],
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
