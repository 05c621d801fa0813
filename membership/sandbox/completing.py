"""What happens when somebody presses "Pay" on the Checkout page.

The page calls `pay` with a payment method; the session ends complete, or stays open with a reason, or waits for the
bank's own page (3-D Secure).
"""

from dataclasses import dataclass
from typing import Literal

from membership.sandbox import (
    charging,
    checkout,
    collecting,
    customers,
    intents,
    invoicing,
    methods,
    subscribing,
)
from membership.sandbox.account import Account
from membership.sandbox.objects import PRIVATE, Object, id_of

Result = Literal["complete", "declined", "authenticate", "closed"]


@dataclass(frozen=True)
class Payer:
    """Who pays, as typed into the page."""

    email: str
    name: str
    country: str | None = None

    @property
    def billing_details(self) -> Object:
        """The payer as a payment method keeps it."""
        return {"email": self.email, "name": self.name, "address": {"country": self.country}}


def pay(account: Account, session: Object, method: Object, payer: Payer) -> tuple[Result, str]:
    """Try to pay a session, and give how that went and what to tell the payer."""
    if session["status"] != "open":
        return "closed", ""
    private = session[PRIVATE]
    private.update(email=payer.email, name=payer.name, country=payer.country, method=method["id"])
    account.store.put(session)
    status, intent = _try(account, session, method, is_authenticated=False)
    return _concluded(account, session, status, intent)


def after_authentication(account: Account, session: Object, *, passed: bool) -> tuple[Result, str]:
    """Go on after the bank's own page."""
    method = account.find(session[PRIVATE].get("method"))
    if session["status"] != "open" or method is None:
        return "closed", ""
    if not passed:
        refused = _present_intent(account, session)
        charging.fail_authentication(account, refused, method)
        return _concluded(account, session, "requires_payment_method", refused)
    method[PRIVATE]["is_authenticated"] = True
    account.store.put(method)
    status, intent = _try(account, session, method, is_authenticated=True)
    return _concluded(account, session, status, intent)


def debit_settled(account: Account, session: Object, *, succeeded: bool) -> None:
    """Tell, once, that a completed session's first bank debit arrived or failed."""
    if session[PRIVATE].get("is_settled"):
        return
    with account.changing(session):
        session["payment_status"] = "paid" if succeeded else "unpaid"
        session[PRIVATE]["is_settled"] = True
    account.emit(f"checkout.session.async_payment_{'succeeded' if succeeded else 'failed'}", session)


def _try(
    account: Account, session: Object, method: Object, *, is_authenticated: bool
) -> tuple[str, Object | None]:
    pay_by_mode = _pay_once if session["mode"] == "payment" else _subscribe
    return pay_by_mode(account, session, method, is_authenticated=is_authenticated)


def _concluded(account: Account, session: Object, status: str, intent: Object | None) -> tuple[Result, str]:
    if status == "requires_action":
        return "authenticate", ""
    if status == "requires_payment_method":
        failure = (intent or {}).get("last_payment_error") or {}
        return "declined", str(failure.get("message", "Your card was declined."))
    _complete(account, session, status, intent)
    return "complete", ""


def _complete(account: Account, session: Object, status: str, intent: Object | None) -> None:
    private = session[PRIVATE]
    paid = "unpaid" if status == "processing" else "paid"
    if session["amount_total"] == 0 or status == "nothing_due":
        paid = "no_payment_required"
    with account.changing(session):
        session.update(
            status="complete",
            payment_status=paid,
            url=None,
            customer=private.get("customer") or session["customer"],
            customer_details={
                **checkout.details(private["email"], private["name"]),
                "address": methods.billing_details({"address": {"country": private["country"]}})["address"],
            },
            subscription=private.get("subscription"),
        )
        if session["mode"] == "payment" and intent is not None:
            session["payment_intent"] = intent["id"]
        if session["mode"] == "subscription":
            subscription = account.get(private["subscription"], "subscription")
            session["invoice"] = id_of(subscription["latest_invoice"])
    account.unplan("expire_session", session["id"])
    account.emit("checkout.session.completed", session)


def _customer(account: Account, session: Object) -> Object | None:
    private = session[PRIVATE]
    known = account.find(private.get("customer") or id_of(session["customer"]))
    if known is not None:
        return known
    if session["customer_creation"] == "if_required":
        return None
    locale = session.get("locale")
    made = customers.new_customer(
        account,
        email=private["email"],
        name=private["name"],
        address=methods.billing_details({"address": {"country": private["country"]}})["address"],
        preferred_locales=[locale] if locale and locale != "auto" else [],
    )
    private["customer"] = made["id"]
    account.store.put(session)
    return made


def _present_intent(account: Account, session: Object) -> Object:
    private = session[PRIVATE]
    if private.get("intent"):
        return account.get(private["intent"], "payment_intent")
    subscription = account.get(private["subscription"], "subscription")
    invoice = account.get(id_of(subscription["latest_invoice"]), "invoice")
    return invoicing.intent_of(account, invoice)


def _pay_once(
    account: Account, session: Object, method: Object, *, is_authenticated: bool
) -> tuple[str, Object | None]:
    private, data = session[PRIVATE], session[PRIVATE]["data"]
    customer = _customer(account, session)
    if private.get("intent"):
        intent = account.get(private["intent"], "payment_intent")
    else:
        intent = intents.new_intent(
            account,
            amount=session["amount_total"],
            currency=session["currency"],
            customer=customer["id"] if customer else None,
            description=data.get("description"),
            metadata=data["metadata"],
            receipt_email=data.get("receipt_email"),
            setup_future_usage=data.get("setup_future_usage"),
        )
        private["intent"] = intent["id"]
        account.store.put(session)
    status = charging.charge(account, intent, method, is_present=True, is_authenticated=is_authenticated)
    if status in ("succeeded", "processing") and customer and data.get("setup_future_usage"):
        methods.attach(account, method, customer["id"])
    return status, intent


def _subscribe(
    account: Account, session: Object, method: Object, *, is_authenticated: bool
) -> tuple[str, Object | None]:
    private = session[PRIVATE]
    customer = _customer(account, session) or {}
    if private.get("subscription"):
        subscription = account.get(private["subscription"], "subscription")
    else:
        rows = [
            {"price": item["price"], "quantity": item["quantity"], "metadata": item["metadata"]}
            for item in session["line_items"]["data"]
            if item["price"]["recurring"]
        ]
        subscription = subscribing.begin(account, customer, rows, terms=private["data"])
        private["subscription"] = subscription["id"]
        account.store.put(session)
    invoice = account.get(id_of(subscription["latest_invoice"]), "invoice")
    if invoice["status"] == "paid":
        _keep_method(account, subscription["id"], method, customer)
        return "nothing_due", None
    status = invoicing.try_payment(
        account, invoice, method, is_present=True, is_authenticated=is_authenticated
    )
    if status in ("succeeded", "processing"):
        _keep_method(account, subscription["id"], method, customer)
        collecting.settled(account, invoice, status)
    return status, invoicing.intent_of(account, invoice)


def _keep_method(account: Account, subscription_id: str, method: Object, customer: Object) -> None:
    """Let renewals be charged to what paid first. What is changed here is told with the next update."""
    methods.attach(account, method, customer["id"])
    subscription = account.get(subscription_id, "subscription")
    subscription["default_payment_method"] = method["id"]
    account.store.put(subscription)
