"""Setup intents: keeping a payment method for later without charging it."""

from membership.sandbox import cards, listing, methods
from membership.sandbox.account import Account
from membership.sandbox.errors import ApiError, CardDeclinedError
from membership.sandbox.objects import PRIVATE, Object, id_of
from membership.sandbox.operations import Call, operation
from membership.sandbox.parameters import merge_metadata


@operation("POST /v1/setup_intents")
def create(account: Account, call: Call) -> Object:
    """Make a setup intent, and confirm it at once if the call says so."""
    params = call.params
    if params.get("customer"):
        account.get(params["customer"], "customer", param="customer")
    intent = account.make(
        "setup_intent",
        customer=params.get("customer"),
        description=params.get("description"),
        metadata=merge_metadata({}, params.get("metadata")),
        usage=params.get("usage", "off_session"),
        client_secret=f"seti_secret_{account.ids.token(20)}",
    )
    account.emit("setup_intent.created", intent)
    if params.get("confirm") and params.get("payment_method"):
        set_up(account, intent, methods.named(account, params["payment_method"]))
    return intent


def set_up(account: Account, intent: Object, method: Object, *, is_authenticated: bool = False) -> str:
    """Keep a method for the intent's customer, and give the intent's new status.

    Raises:
        CardDeclinedError: The card is refused.
    """
    behaviour = methods.behaviour(method)
    if behaviour in cards.DECLINES:
        failure = {**cards.declined(behaviour), "payment_method": {**method}}
        failure["payment_method"].pop(PRIVATE, None)
        with account.changing(intent):
            intent["last_setup_error"] = failure
        account.emit("setup_intent.setup_failed", intent)
        raise CardDeclinedError(failure, intent, "setup_intent")
    needs_step = behaviour in ("authenticate_once", "authenticate_always") and not is_authenticated
    with account.changing(intent):
        intent["payment_method"] = method["id"]
        intent["status"] = "requires_action" if needs_step else "succeeded"
        intent["next_action"] = (
            {
                "type": "redirect_to_url",
                "redirect_to_url": {"url": f"/authenticate/{intent['id']}", "return_url": None},
            }
            if needs_step
            else None
        )
    if needs_step:
        account.emit("setup_intent.requires_action", intent)
        return "requires_action"
    if is_authenticated:
        method[PRIVATE] = {**(method.get(PRIVATE) or {}), "is_authenticated": True}
        account.store.put(method)
    if id_of(intent["customer"]):
        methods.attach(account, method, str(id_of(intent["customer"])))
    account.emit("setup_intent.succeeded", intent)
    return "succeeded"


@operation("GET /v1/setup_intents")
def index(account: Account, call: Call) -> Object:
    """List setup intents."""
    return listing.page(account, call, "setup_intent", customer=call.params.get("customer"))


@operation("GET /v1/setup_intents/{id}")
def get(account: Account, call: Call) -> Object:
    """Give one setup intent."""
    return account.get(call.id, "setup_intent", param="intent")


@operation("POST /v1/setup_intents/{id}/confirm")
def confirm(account: Account, call: Call) -> Object:
    """Keep the method of the call."""
    intent = account.get(call.id, "setup_intent", param="intent")
    wanted = call.params.get("payment_method") or id_of(intent["payment_method"])
    if not wanted or intent["status"] in ("succeeded", "canceled"):
        raise ApiError(
            "This SetupIntent cannot be confirmed: it has no payment method, or is over.",
            code="setup_intent_unexpected_state",
        )
    set_up(account, intent, methods.named(account, wanted))
    return intent


@operation("POST /v1/setup_intents/{id}/cancel")
def cancel(account: Account, call: Call) -> Object:
    """Cancel a setup intent."""
    intent = account.get(call.id, "setup_intent", param="intent")
    if intent["status"] in ("succeeded", "canceled"):
        raise ApiError("This SetupIntent cannot be canceled.", code="setup_intent_unexpected_state")
    with account.changing(intent):
        intent.update(status="canceled", cancellation_reason=call.params.get("cancellation_reason"))
    account.emit("setup_intent.canceled", intent)
    return intent
