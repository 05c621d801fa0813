"""Taking money: one try to charge a payment method for a payment intent, and all that follows from it."""

from membership.sandbox import balance, disputing, methods
from membership.sandbox.account import Account
from membership.sandbox.agenda import due
from membership.sandbox.cards import DECLINES, declined
from membership.sandbox.objects import PRIVATE, Object, id_of
from membership.sandbox.rules import DAY

# What an authenticated or ordinary card says when its holder is not there.
_AUTHENTICATION = {
    "code": "authentication_required",
    "decline_code": "authentication_required",
    "message": "Your card was declined. This transaction requires authentication.",
    "type": "card_error",
}


def charge(
    account: Account, intent: Object, method: Object, *, is_present: bool, is_authenticated: bool = False
) -> str:
    """Try to charge a method, keep the charge and the intent, emit their events, and give the intent's new status.

    `is_present` says that the holder is at the screen: only then can a card ask for a step of its own.
    """
    intent["payment_method"] = method["id"]
    intent["payment_method_types"] = [method["type"]]
    intent["next_action"] = None
    if method["type"] == "sepa_debit":
        return _begin_debit(account, intent, method)
    verdict = _verdict(method, is_present=is_present, is_authenticated=is_authenticated)
    if verdict == "authenticate":
        return _ask_for_authentication(account, intent, method)
    if verdict != "works":
        return _fail(account, intent, method, declined(verdict))
    made = _new_charge(account, intent, method, "succeeded")
    if intent["capture_method"] == "manual":
        return _hold(account, intent, made)
    return _succeed(account, intent, made, methods.behaviour(method))


def fail_authentication(account: Account, intent: Object, method: Object) -> str:
    """Let the holder's authentication fail: no charge is made, and the intent asks for another method."""
    failure = {
        "code": "payment_intent_authentication_failure",
        "message": "We are unable to authenticate your payment method. Please choose a different payment method.",
        "type": "card_error",
    }
    return _reject(account, intent, method, failure)


def settle_debit(account: Account, made: Object, *, succeeds: bool) -> Object:
    """Let a debit that is on its way arrive or fail, and give its intent."""
    intent = account.get(id_of(made["payment_intent"]), "payment_intent")
    method = account.find(made["payment_method"]) or {}
    account.unplan("debit", made["id"])
    if succeeds:
        with account.changing(made):
            made.update(status="succeeded", paid=True, captured=True, amount_captured=made["amount"])
        _succeed(account, intent, made, methods.behaviour(method))
        return intent
    failure = {
        "code": "payment_intent_payment_attempt_failed",
        "decline_code": "debit_not_authorized",
        "message": "The customer's bank account could not be debited.",
        "type": "card_error",
    }
    with account.changing(made):
        made.update(
            status="failed", paid=False, failure_code="insufficient_funds", failure_message=failure["message"]
        )
    account.emit("charge.failed", made)
    _reject(account, intent, method, {**failure, "charge": made["id"]})
    return intent


def no_method(account: Account, intent: Object) -> str:
    """Let a charge fail because the customer has no payment method at all."""
    failure = {
        "message": "Cannot charge a customer that has no active card or payment method.",
        "type": "invalid_request_error",
    }
    with account.changing(intent):
        intent.update(status="requires_payment_method", last_payment_error=failure)
    return "requires_payment_method"


@due("settle")
def settle(account: Account, made: Object) -> None:
    """Enter a charge in the balance, where that is not done at once, and say so."""
    with account.changing(made, "charge.updated"):
        made["balance_transaction"] = entered(account, made)["id"]


def _verdict(method: Object, *, is_present: bool, is_authenticated: bool) -> str:
    behaviour = methods.behaviour(method)
    if behaviour in DECLINES:
        return behaviour
    if behaviour == "fails_later":
        return "works" if is_present else "decline"
    was_set_up = bool((method.get(PRIVATE) or {}).get("is_authenticated"))
    if behaviour == "authenticate_once" and not was_set_up and not is_authenticated:
        return "authenticate"
    if behaviour == "authenticate_always" and not is_authenticated:
        return "authenticate"
    return "works"


def _ask_for_authentication(account: Account, intent: Object, method: Object) -> str:
    with account.changing(intent):
        intent.update(
            status="requires_action",
            next_action={
                "type": "redirect_to_url",
                "redirect_to_url": {"url": f"/authenticate/{intent['id']}", "return_url": None},
            },
            last_payment_error={**_AUTHENTICATION, "payment_method": methods_shown(method)},
        )
    account.emit("payment_intent.requires_action", intent)
    return "requires_action"


def methods_shown(method: Object) -> Object:
    """Give a payment method as errors show it."""
    return {key: value for key, value in method.items() if key != PRIVATE}


def _begin_debit(account: Account, intent: Object, method: Object) -> str:
    made = _new_charge(account, intent, method, "pending")
    with account.changing(intent):
        intent.update(status="processing", latest_charge=made["id"], last_payment_error=None)
    account.emit("charge.pending", made)
    account.emit("payment_intent.processing", intent)
    account.plan(account.now() + account.rules.debit_days * DAY, "debit", made)
    return "processing"


def _hold(account: Account, intent: Object, made: Object) -> str:
    with account.changing(made):
        made.update(captured=False, amount_captured=0)
    with account.changing(intent):
        intent.update(status="requires_capture", latest_charge=made["id"], amount_capturable=made["amount"])
    account.emit("charge.succeeded", made)
    account.emit("payment_intent.amount_capturable_updated", intent)
    return "requires_capture"


def _succeed(account: Account, intent: Object, made: Object, behaviour: str) -> str:
    if account.rules.settles_after:
        account.plan(account.now() + account.rules.settles_after, "settle", made)
    else:
        with account.changing(made):
            made["balance_transaction"] = entered(account, made)["id"]
    with account.changing(intent):
        intent.update(
            status="succeeded",
            latest_charge=made["id"],
            amount_received=made["amount"],
            last_payment_error=None,
        )
    account.emit("charge.succeeded", made)
    account.emit("payment_intent.succeeded", intent)
    if behaviour in ("dispute", "inquiry"):
        disputing.open_dispute(account, made, is_inquiry=behaviour == "inquiry", reason="fraudulent")
    if behaviour == "fraud_warning":
        disputing.warn(account, made)
    return "succeeded"


def entered(account: Account, made: Object) -> Object:
    """Enter a succeeded charge in the balance, and give the movement."""
    rules, details = account.rules, made["payment_method_details"] or {}
    amount = balance.settled(rules, made["amount"], made["currency"])
    kind = "payment" if details.get("type") == "sepa_debit" else "charge"
    fee = balance.fee_for(rules, amount, details)
    return balance.enter(
        account, kind, made, amount=amount, currency=made["currency"], fee=fee, category="charge"
    )


def _fail(account: Account, intent: Object, method: Object, failure: Object) -> str:
    made = _new_charge(account, intent, method, "failed", failure)
    account.emit("charge.failed", made)
    return _reject(account, intent, method, {**failure, "charge": made["id"]})


def _reject(account: Account, intent: Object, method: Object, failure: Object) -> str:
    with account.changing(intent):
        intent.update(
            status="requires_payment_method",
            payment_method=None,
            next_action=None,
            latest_charge=failure.get("charge", intent["latest_charge"]),
            last_payment_error={**failure, "payment_method": methods_shown(method)},
        )
    account.emit("payment_intent.payment_failed", intent)
    return "requires_payment_method"


def _new_charge(
    account: Account, intent: Object, method: Object, status: str, failure: Object | None = None
) -> Object:
    succeeded, amount = status == "succeeded", intent["amount"]
    return account.make(
        "charge",
        amount=amount,
        amount_captured=amount if succeeded else 0,
        balance_transaction=None,
        billing_details=method["billing_details"],
        captured=succeeded,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        failure_code=failure["code"] if failure else None,
        failure_message=failure["message"] if failure else None,
        metadata=dict(intent["metadata"]),
        outcome=_outcome(status, failure),
        paid=status != "failed",
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=_details(account, method),
        receipt_email=intent["receipt_email"],
        status=status,
    )


def _outcome(status: str, failure: Object | None) -> Object:
    if failure is None:
        return {
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": 20,
            "seller_message": "Payment complete." if status == "succeeded" else "The bank has been asked.",
            "type": "authorized",
        }
    reason = failure.get("decline_code") or failure["code"]
    return {
        "advice_code": "try_again_later",
        "network_advice_code": None,
        "network_decline_code": "05",
        "network_status": "declined_by_network",
        "reason": reason,
        "risk_level": "normal",
        "risk_score": 35,
        "seller_message": f"The bank returned the decline code `{reason}`.",
        "type": "issuer_declined",
    }


def _details(account: Account, method: Object) -> Object:
    if method["type"] == "sepa_debit":
        debit = method["sepa_debit"]
        names = ("bank_code", "branch_code", "country", "fingerprint", "last4")
        mandate = _mandate(account, method)
        return {
            "type": "sepa_debit",
            "sepa_debit": {**{name: debit[name] for name in names}, "mandate": mandate},
        }
    card = method["card"]
    shown = ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    return {"type": "card", "card": {**{name: card[name] for name in shown}, "network": card["brand"]}}


def _mandate(account: Account, method: Object) -> str:
    known = (method.get(PRIVATE) or {}).get("mandate")
    if known:
        return str(known)
    made = account.make(
        "mandate",
        customer_acceptance={
            "accepted_at": account.now(),
            "type": "online",
            "online": {"ip_address": "127.0.0.1", "user_agent": "sandbox"},
        },
        multi_use={},
        payment_method=method["id"],
        payment_method_details={
            "type": "sepa_debit",
            "sepa_debit": {"reference": account.ids.token(16).upper(), "url": "https://example.org/mandate"},
        },
    )
    method[PRIVATE] = {**(method.get(PRIVATE) or {}), "mandate": made["id"]}
    account.store.put(method)
    return str(made["id"])
