"""The portal's pages: a card changed, a gift ended or taken up again, invoices; and an invoice's own page."""

from typing import TYPE_CHECKING

from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from membership.sandbox import changing, collecting, invoicing, methods, pages, periods, setup
from membership.sandbox.account import Account
from membership.sandbox.completing import Payer
from membership.sandbox.errors import CardDeclinedError
from membership.sandbox.objects import Object, id_of
from membership.sandbox.payment_page import Typed, read_method

if TYPE_CHECKING:
    from membership.sandbox.control import Control

_FEATURES = {
    "card": "payment_method_update",
    "cancel": "subscription_cancel",
    "resume": "subscription_cancel",
    "pause": "subscription_pause",
    "unpause": "subscription_pause",
    "details": "customer_update",
}
_FLOWS = {
    "payment_method_update": "card",
    "subscription_cancel": "cancel",
    "subscription_pause": "pause",
    "customer_update": "details",
}
_SESSION_LIVES = 3_600


def show(control: "Control", request: Request, wanted: str) -> Response:
    """Show the portal's home or one of its tasks."""
    session_id, _, task = wanted.partition("/")
    with control.account.lock:
        control.catch_up()
        session = _session(control.account, session_id)
        flow = session.get("flow")
        if not task and flow and "home" not in request.args:
            task = _FLOWS[flow["type"]]
        return _show(control.account, session, task, Typed({}), request.args.get("subscription", ""))


def act(control: "Control", request: Request, wanted: str) -> Response:
    """Do one task, and lead back."""
    account = control.account
    session_id, _, task = wanted.partition("/")
    with account.lock:
        control.catch_up()
        session = _session(account, session_id)
        if task not in _FEATURES:
            raise NotFound
        if not _features(account, session)[_FEATURES[task]]["enabled"]:
            raise Forbidden
        account.request = {"id": account.ids.new("request"), "idempotency_key": None}
        typed = Typed({name: str(value) for name, value in request.form.items()})
        try:
            with account.store.transaction(), account.clock.standing_at(_instant(account, session)):
                done = _do(account, session, task, typed)
        finally:
            account.request = {"id": None, "idempotency_key": None}
        if not done:
            return _show(account, session, task, typed, typed.values.get("subscription", ""), status=422)
        control.deliveries.wake()
        return redirect(_after(session), 303)


def _session(account: Account, wanted: str) -> Object:
    session = account.get(wanted, "billing_portal.session")
    if account.clock.present() > session["created"] + _SESSION_LIVES and not account.clock_of(session):
        raise NotFound("This portal link has expired.")
    return session


def _instant(account: Account, thing: Object) -> int:
    clock = account.find(account.clock_of(thing))
    return int(clock["frozen_time"]) if clock else account.clock.present()


def _features(account: Account, session: Object) -> Object:
    return dict(account.get(id_of(session["configuration"]), "billing_portal.configuration")["features"])


def _after(session: Object) -> str:
    flow = session.get("flow") or {}
    completion = flow.get("after_completion") or {}
    if completion.get("type") == "redirect":
        return str(completion["redirect"]["return_url"])
    return f"/p/session/{session['id']}?home=1"


def _do(account: Account, session: Object, task: str, typed: Typed) -> bool:
    customer = account.get(id_of(session["customer"]), "customer")
    if task == "card":
        return _change_card(account, customer, typed)
    if task == "details":
        return _change_details(account, customer, typed)
    subscription = account.get(typed.values.get("subscription"), "subscription")
    if id_of(subscription["customer"]) != customer["id"]:
        raise Forbidden
    _change_subscription(account, session, subscription, task, typed)
    return True


def _change_subscription(
    account: Account, session: Object, subscription: Object, task: str, typed: Typed
) -> None:
    feature = _features(account, session)["subscription_cancel"]
    if task == "cancel" and feature["mode"] == "immediately":
        collecting.end(account, subscription, reason="cancellation_requested")
        return
    with account.changing(subscription, "customer.subscription.updated"):
        if task == "cancel":
            said = {
                "feedback": typed.values.get("feedback") or None,
                "comment": typed.values.get("comment") or None,
            }
            changing.set_end(
                account, subscription, {"cancel_at_period_end": True, "cancellation_details": said}
            )
        elif task == "resume":
            changing.set_end(account, subscription, {"cancel_at_period_end": False})
        elif task == "pause":
            changing.pause(account, subscription)
        else:
            changing.resume(account, subscription, "now")
    periods.schedule(account, subscription)
    if task in ("pause", "unpause"):
        account.emit(f"customer.subscription.{'paused' if task == 'pause' else 'resumed'}", subscription)


def _change_card(account: Account, customer: Object, typed: Typed) -> bool:
    payer = Payer(customer.get("email") or "", typed.need("name", "Enter the name on the card."))
    method = read_method(account, typed, payer)
    if method is None:
        return False
    intent = account.make("setup_intent", customer=customer["id"], client_secret=None)
    account.emit("setup_intent.created", intent)
    try:
        # The bank's own page is not shown here: the portal's test step always passes.
        setup.set_up(account, intent, method, is_authenticated=True)
    except CardDeclinedError as error:
        typed.errors["number"] = str(error)
        return False
    with account.changing(customer, "customer.updated"):
        customer["invoice_settings"] = {
            **customer["invoice_settings"],
            "default_payment_method": method["id"],
        }
    for subscription in account.store.find("subscription", customer=customer["id"]):
        if subscription["status"] in ("canceled", "incomplete_expired"):
            continue
        with account.changing(subscription, "customer.subscription.updated"):
            subscription["default_payment_method"] = method["id"]
    return True


def _change_details(account: Account, customer: Object, typed: Typed) -> bool:
    email = typed.need("email", "Enter your e-mail address.")
    if typed.errors:
        return False
    with account.changing(customer, "customer.updated"):
        customer["email"] = email
        customer["name"] = typed.values.get("name") or customer["name"]
    return True


def _show(
    account: Account, session: Object, task: str, typed: Typed, chosen: str, *, status: int = 200
) -> Response:
    customer = account.get(id_of(session["customer"]), "customer")
    found = account.store.find("subscription", customer=customer["id"])
    subscriptions = [_told(row) for row in found if row["status"] not in ("incomplete_expired", "incomplete")]
    flow = session.get("flow") or {}
    if not chosen and task in ("cancel", "pause"):
        chosen = (flow.get(flow["type"]) or {}).get("subscription", "") if flow else ""
    values = {"email": customer.get("email") or "", "name": customer.get("name") or "", **typed.values}
    return pages.page(
        "portal",
        status,
        session=session,
        task=task,
        customer=customer,
        subscriptions=subscriptions,
        chosen=next((row for row in subscriptions if row["id"] == chosen), None),
        method=methods.default_of(account, customer["id"]) or _method_of(account, found),
        invoices=[_invoice_row(row) for row in account.store.find("invoice", 12, customer=customer["id"])],
        features=_features(account, session),
        values=values,
        errors=typed.errors,
    )


def _method_of(account: Account, subscriptions: list[Object]) -> Object | None:
    return next((account.find(id_of(row["default_payment_method"])) for row in subscriptions), None)


def _told(subscription: Object) -> Object:
    item = subscription["items"]["data"][0]
    amount = item["price"]["unit_amount"] * item.get("quantity", 1)
    return {
        **subscription,
        "amount": pages.amount_written(amount, subscription["currency"]),
        "interval": pages.interval_written(item["price"]["recurring"]),
        "period_end": item["current_period_end"],
    }


def _invoice_row(invoice: Object) -> Object:
    return {**invoice, "amount": pages.amount_written(invoice["total"], invoice["currency"])}


def invoice(control: "Control", _request: Request, wanted: str) -> Response:
    """Show an invoice's own page."""
    with control.account.lock:
        control.catch_up()
        return _invoice_page(control.account.get(wanted, "invoice"), Typed({}))


def pay_invoice(control: "Control", request: Request, wanted: str) -> Response:
    """Pay an open invoice with a card; the holder is here, so a 3-D Secure card passes its step."""
    account = control.account
    with account.lock:
        control.catch_up()
        found = account.get(wanted, "invoice")
        typed = Typed({name: str(value) for name, value in request.form.items()})
        payer = Payer(found.get("customer_email") or "", typed.need("name", "Enter the name on the card."))
        with account.store.transaction(), account.clock.standing_at(_instant(account, found)):
            method = read_method(account, typed, payer)
            if method is None or found["status"] != "open":
                return _invoice_page(found, typed, status=422)
            methods.attach(account, method, str(found["customer"]))
            outcome = collecting.pay(account, found, method, is_present=True, is_authenticated=True)
        control.deliveries.wake()
        if outcome in ("succeeded", "processing"):
            return redirect(f"/i/{wanted}", 303)
        failure = invoicing.intent_of(account, found)["last_payment_error"] or {}
        typed.errors["number"] = failure.get("message", "Your card was declined.")
        return _invoice_page(account.get(wanted, "invoice"), typed, status=402)


def _invoice_page(found: Object, typed: Typed, *, status: int = 200) -> Response:
    lines = [
        {**line, "written": pages.amount_written(line["amount"], line["currency"])}
        for line in found["lines"]["data"]
    ]
    return pages.page(
        "invoice", status, invoice=_invoice_row(found), lines=lines, values=typed.values, errors=typed.errors
    )
