"""Sessions at Stripe that must not be paid any more: a row each, closed now or by the worker, and never given up.

let_end   writes the row
end       closes one; it commits around the call to Stripe
          (card_testing.end_all closes all that wait)
"""

from sqlalchemy.orm import Session

from membership.gateway import checkouts as sessions
from membership.gateway.client import Gateway
from membership.gateway.errors import API_KEY, STRIPES_OWN, GatewayRefused, GatewayUnavailable
from membership.giving import outgoing
from membership.giving.models import CallState, OutgoingCall

KIND = "checkout.end"


def let_end(session: Session, session_id: str) -> OutgoingCall:
    """The row of closing a session that must not be paid any more. The caller commits, and the worker does it."""
    return outgoing.find_or_add(session, key=f"end:{session_id}", kind=KIND, subject=session_id, details={})


def end(session: Session, gateway: Gateway, call: OutgoingCall) -> bool:
    """Do what `let_end` intends; False if the session was paid or had run out before. Commits around the call.

    Raises:
        GatewayUnavailable: it cannot be done now; the row waits.
    """
    call_id, session_id, tries = call.id, call.subject, int(call.details.get("tries", 0))
    try:
        # Closing twice does no harm, so that another key is as good where Stripe remembers an error under the last.
        outgoing.perform(
            session, call, lambda key: sessions.expire(gateway, session_id, key=f"{key}:{tries}")
        )
    except GatewayUnavailable as error:
        if error.reason == STRIPES_OWN:
            session.get_one(OutgoingCall, call_id).details = {"tries": tries + 1}
            session.commit()
        raise
    except GatewayRefused as refused:
        if not refused.code.startswith(API_KEY):
            return False
        session.get_one(OutgoingCall, call_id).state = CallState.PENDING
        session.commit()
        raise GatewayUnavailable(refused.code, is_unknown=False) from None
    return True
