"""What the thank-you page reads at Stripe when it is quicker than the events: one session and what it led to.

Nothing is granted by looking: what is read becomes facts through the same door as events, which come later and find
them known.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.gateway import checkouts as sessions
from membership.gateway import reading
from membership.gateway.client import Answer, Gateway, Json
from membership.giving import applying, parsing
from membership.giving.models import Checkout, CheckoutSession, CheckoutState

SETTLED = frozenset({"paid", "no_payment_required"})
_PARTS = ("subscription", "invoice", "payment_intent")


def outcome(session: Session, checkout: Checkout) -> str:
    """What is known of a checkout's payment: "settled", "pending" (a bank has still to confirm), "failed" or "open"."""
    told = session.scalars(
        select(CheckoutSession.payment_status).where(
            CheckoutSession.id == checkout.stripe_session_id, CheckoutSession.status == "complete"
        )
    ).one_or_none()
    if told is not None and told in SETTLED:
        return "settled"
    if checkout.state is CheckoutState.FAILED:
        return "failed"
    return "open" if told is None else "pending"


def read_all(gateway: Gateway, session_id: str) -> list[Answer]:
    """A session with its subscription, first bill and charge, each as an object of its own; two calls at most.

    Raises:
        GatewayUnavailable: no usable answer.
        GatewayRefused: there is no such session.
    """
    answer = sessions.read(gateway, session_id)
    found = [Answer(body=_alone(answer.body), as_of=answer.as_of)]
    for part in _PARTS:
        told = answer.body.get(part)
        if isinstance(told, dict):
            found += [Answer(body=body, as_of=answer.as_of) for body in _opened(told)]
    intent_id = _intent_of(answer.body)
    if intent_id:
        intent = reading.get(gateway, "payment_intent", intent_id, expand=("latest_charge",))
        charge = intent.body.get("latest_charge")
        if isinstance(charge, dict):
            found.append(Answer(body=charge, as_of=intent.as_of))
    return found


def apply(session: Session, answers: list[Answer]) -> None:
    """Keep what was read. The caller commits."""
    applying.apply_facts(
        session, [fact for answer in answers for fact in parsing.from_object(answer.body, answer.as_of)]
    )


def _alone(body: Json) -> Json:
    """An object with ids in place of the objects that were asked for beside it."""
    return {key: _id_of(value) if key in _PARTS else value for key, value in body.items()}


def _id_of(value: object) -> object:
    return value["id"] if isinstance(value, dict) else value


def _opened(part: Json) -> list[Json]:
    """An object, and what joins it to its payments or the charge that paid it."""
    found = [part]
    payments = part.get("payments")
    if isinstance(payments, dict):
        found += payments["data"]
    charge = part.get("latest_charge")
    if isinstance(charge, dict):
        found.append(charge)
    return found


def _intent_of(body: Json) -> str:
    """The payment intent behind a first bill; a one-time gift's charge has come with the session."""
    invoice = body.get("invoice")
    if not isinstance(invoice, dict):
        return ""
    paid = [row["payment"] for row in (invoice.get("payments") or {}).get("data", [])]
    intents = [payment["payment_intent"] for payment in paid if payment["type"] == "payment_intent"]
    return str(_id_of(intents[0])) if intents else ""
