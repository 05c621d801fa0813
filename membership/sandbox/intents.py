"""Payment intents: one purpose to take an amount, whatever number of tries it needs."""

from membership.sandbox import charging, holding, listing, methods
from membership.sandbox.account import Account
from membership.sandbox.catalogue import check_amount, check_smallest
from membership.sandbox.errors import ApiError, CardDeclinedError
from membership.sandbox.objects import Object, id_of
from membership.sandbox.operations import Call, operation
from membership.sandbox.parameters import merge_metadata


def new_intent(
    account: Account, *, amount: int, currency: str, customer: str | None, **fields: object
) -> Object:
    """Make an intent that waits for a payment method, and say so."""
    intent = account.make(
        "payment_intent",
        amount=amount,
        amount_received=0,
        currency=currency,
        customer=customer,
        status="requires_payment_method",
        **fields,
    )
    account.emit("payment_intent.created", intent)
    return intent


def cancel_intent(account: Account, intent: Object, reason: str | None) -> None:
    """Cancel an intent that has not taken anything.

    Raises:
        ApiError: It has succeeded or is canceled.
    """
    if intent["status"] in ("succeeded", "canceled", "processing"):
        raise ApiError(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    if intent["status"] == "requires_capture":
        holding.let_go(account, intent)
    with account.changing(intent):
        intent.update(
            status="canceled", canceled_at=account.now(), cancellation_reason=reason, next_action=None
        )
    account.emit("payment_intent.canceled", intent)


def confirm_intent(account: Account, intent: Object, method: Object, *, is_present: bool) -> None:
    """Charge an intent.

    Raises:
        CardDeclinedError: The bank says no; the failed charge stays.
    """
    status = charging.charge(account, intent, method, is_present=is_present)
    if status == "requires_payment_method" or (status == "requires_action" and not is_present):
        raise CardDeclinedError(intent["last_payment_error"], intent)


@operation("POST /v1/payment_intents")
def create(account: Account, call: Call) -> Object:
    """Make an intent, and confirm it at once if the call says so."""
    params = call.params
    check_amount(account, params["amount"], params["currency"], "amount")
    if params["amount"] < 1:
        raise ApiError("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    check_smallest(params["amount"], params["currency"].lower())
    if params.get("customer"):
        account.get(params["customer"], "customer", param="customer")
    intent = new_intent(
        account,
        amount=params["amount"],
        currency=params["currency"].lower(),
        customer=params.get("customer"),
        description=params.get("description"),
        metadata=merge_metadata({}, params.get("metadata")),
        receipt_email=params.get("receipt_email"),
        setup_future_usage=params.get("setup_future_usage"),
        automatic_payment_methods={"allow_redirects": "always", "enabled": True},
        capture_method=params.get("capture_method", "automatic_async"),
    )
    return _with_method(account, intent, params) if "payment_method" in params else intent


def _with_method(account: Account, intent: Object, params: Object) -> Object:
    method = methods.named(account, params["payment_method"])
    owner = id_of(method.get("customer"))
    if owner and owner != intent["customer"]:
        raise ApiError("The provided PaymentMethod belongs to another customer.", param="payment_method")
    if not params.get("confirm"):
        with account.changing(intent):
            intent.update(payment_method=method["id"], status="requires_confirmation")
        return intent
    if intent["setup_future_usage"] and intent["customer"]:
        methods.attach(account, method, intent["customer"])
    confirm_intent(account, intent, method, is_present=not params.get("off_session"))
    return intent


@operation("GET /v1/payment_intents")
def index(account: Account, call: Call) -> Object:
    """List intents."""
    return listing.page(account, call, "payment_intent", customer=call.params.get("customer"))


@operation("GET /v1/payment_intents/{id}")
def get(account: Account, call: Call) -> Object:
    """Give one intent."""
    return account.get(call.id, "payment_intent", param="intent")


@operation("POST /v1/payment_intents/{id}")
def update(account: Account, call: Call) -> Object:
    """Change an intent's description, metadata or, before it is paid, amount."""
    intent, params = account.get(call.id, "payment_intent", param="intent"), call.params
    if "amount" in params and intent["status"] in ("succeeded", "canceled", "processing"):
        raise ApiError(
            "This PaymentIntent's amount can no longer be changed.", code="payment_intent_unexpected_state"
        )
    with account.changing(intent):
        for name in ("amount", "description", "receipt_email", "setup_future_usage"):
            if name in params:
                intent[name] = params[name]
        intent["metadata"] = merge_metadata(intent["metadata"], params.get("metadata"))
    return intent


@operation("POST /v1/payment_intents/{id}/confirm")
def confirm(account: Account, call: Call) -> Object:
    """Charge an intent with the method of the call, or its own."""
    intent, params = account.get(call.id, "payment_intent", param="intent"), call.params
    if intent["status"] not in ("requires_payment_method", "requires_confirmation", "requires_action"):
        raise ApiError(
            f"This PaymentIntent's status is {intent['status']}; it cannot be confirmed.",
            code="payment_intent_unexpected_state",
        )
    wanted = params.get("payment_method") or id_of(intent["payment_method"])
    if not wanted:
        raise ApiError(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    return _with_method(account, intent, {**params, "payment_method": wanted, "confirm": True})


@operation("POST /v1/payment_intents/{id}/capture")
def capture(account: Account, call: Call) -> Object:
    """Take the money that an intent holds."""
    intent = account.get(call.id, "payment_intent", param="intent")
    if intent["status"] != "requires_capture":
        raise ApiError(
            f"This PaymentIntent could not be captured because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    holding.take_held(account, intent)
    return intent


@operation("POST /v1/payment_intents/{id}/cancel")
def cancel(account: Account, call: Call) -> Object:
    """Cancel an intent."""
    intent = account.get(call.id, "payment_intent", param="intent")
    cancel_intent(account, intent, call.params.get("cancellation_reason"))
    return intent


@operation("GET /v1/charges")
def charges(account: Account, call: Call) -> Object:
    """List charges, all or those of a customer or an intent."""
    params = call.params
    return listing.page(
        account, call, "charge", customer=params.get("customer"), payment_intent=params.get("payment_intent")
    )


@operation("GET /v1/charges/{id}")
def charge(account: Account, call: Call) -> Object:
    """Give one charge."""
    return account.get(call.id, "charge", param="id")


@operation("POST /v1/charges/{id}")
def update_charge(account: Account, call: Call) -> Object:
    """Change a charge's description or metadata."""
    made, params = account.get(call.id, "charge", param="id"), call.params
    with account.changing(made, "charge.updated"):
        for name in ("description", "receipt_email"):
            if name in params:
                made[name] = params[name]
        made["metadata"] = merge_metadata(made["metadata"], params.get("metadata"))
    return made
