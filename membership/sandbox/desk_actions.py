"""The control addresses: the levers over HTTP, for the desk's buttons, the command and other programs.

A form from the desk is led back to it; anything else is answered in JSON.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from membership.sandbox.objects import Object
from membership.sandbox.steps import UnclearStepError

if TYPE_CHECKING:
    from membership.sandbox.control import Control

_Action = Callable[["Control", dict[str, str]], Object]


def clock(control: "Control") -> Response:
    """Say what time it is, and how much is due before an instant."""
    return _json({"now": control.now(), "offset_seconds": control.clock.offset})


def act(control: "Control", request: Request, name: str) -> Response:
    """Pull a lever.

    Raises:
        BadRequest: The call comes from another site, or makes no sense.
        NotFound: There is no such lever.
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise BadRequest("The sandbox's levers are pulled from its own pages only.")
    if name == "load":
        return _json({"loaded": control.load(request.stream)})
    if name not in _ACTIONS:
        raise NotFound
    form = {key: str(value) for key, value in request.form.items()}
    try:
        done = _ACTIONS[name](control, form)
    except (UnclearStepError, KeyError, ValueError) as error:
        raise BadRequest(f"Not understood: {error}") from error
    if form.get("back"):
        return redirect("/", 303)
    return _json(done)


def _json(value: Object) -> Response:
    return Response(json.dumps(value), mimetype="application/json")


def _advance(control: "Control", form: dict[str, str]) -> Object:
    now = control.advance_to(int(form["to"])) if "to" in form else control.advance(form["step"])
    return {"now": now, "offset_seconds": control.clock.offset}


def _dispute(control: "Control", form: dict[str, str]) -> Object:
    amount = int(form["amount"]) if form.get("amount") else None
    made = control.open_dispute(form["charge"], amount=amount, is_inquiry=form.get("inquiry") == "1")
    return {"dispute": made}


def _close_dispute(control: "Control", form: dict[str, str]) -> Object:
    control.close_dispute(form["dispute"], "won" if form["outcome"] == "won" else "lost")
    return {}


def _escalate(control: "Control", form: dict[str, str]) -> Object:
    control.escalate_inquiry(form["dispute"])
    return {}


def _warn(control: "Control", form: dict[str, str]) -> Object:
    return {"warning": control.warn_of_fraud(form["charge"])}


def _refund(control: "Control", form: dict[str, str]) -> Object:
    return {"refund": control.refund(form["charge"], int(form["amount"]) if form.get("amount") else None)}


def _fail_refund(control: "Control", form: dict[str, str]) -> Object:
    control.fail_refund(form["refund"])
    return {}


def _settle_debit(control: "Control", form: dict[str, str]) -> Object:
    control.settle_debit(form["charge"], succeeds=form.get("outcome") != "failed")
    return {}


def _knobs(control: "Control", form: dict[str, str]) -> Object:
    knobs = control.deliveries.knobs
    for name in ("duplicate", "reorder", "delay", "drop"):
        if form.get(name):
            setattr(knobs, name, float(form[name]))
    return vars(knobs)


def _fault(control: "Control", form: dict[str, str]) -> Object:
    control.faults.add(
        form["kind"],  # type: ignore[arg-type]  # refused with ValueError when unknown
        int(form.get("times", "1")),
        path=form.get("path", ""),
        method=form.get("method", ""),
        seconds=float(form.get("seconds", "1")),
    )
    return {}


def _account_fee(control: "Control", form: dict[str, str]) -> Object:
    return {"balance_transaction": control.take_account_fee(int(form["amount"]))}


def _pay_out(control: "Control", form: dict[str, str]) -> Object:
    return {"balance_transaction": control.pay_out(int(form["amount"]))}


def _resend(control: "Control", form: dict[str, str]) -> Object:
    control.deliveries.resend(form["event"])
    return {}


_ACTIONS: dict[str, _Action] = {
    "advance": _advance,
    "dispute": _dispute,
    "close-dispute": _close_dispute,
    "escalate-inquiry": _escalate,
    "warn": _warn,
    "refund": _refund,
    "fail-refund": _fail_refund,
    "settle-debit": _settle_debit,
    "knobs": _knobs,
    "fault": _fault,
    "resend": _resend,
    "account-fee": _account_fee,
    "pay-out": _pay_out,
}
