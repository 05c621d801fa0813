"""Refunds: whole, in part, on their way, and those that come back."""

from membership.sandbox import balance, listing, methods
from membership.sandbox.account import Account
from membership.sandbox.agenda import due
from membership.sandbox.errors import ApiError
from membership.sandbox.objects import PRIVATE, Object, id_of
from membership.sandbox.operations import Call, operation
from membership.sandbox.parameters import merge_metadata
from membership.sandbox.rules import DAY


def refund(
    account: Account,
    charge: Object,
    amount: int | None = None,
    *,
    reason: str | None = None,
    metadata: Object | None = None,
) -> Object:
    """Send money of a charge back; without an amount, all that is left of it.

    Raises:
        ApiError: There is nothing to send back, or not so much.
    """
    left = charge["amount_captured"] - charge["amount_refunded"]
    wanted = left if amount is None else amount
    _check(charge, wanted, left)
    behaviour = _behaviour(account, charge)
    is_debit = (charge["payment_method_details"] or {}).get("type") == "sepa_debit"
    made = account.make(
        "refund",
        amount=wanted,
        charge=charge["id"],
        currency=charge["currency"],
        metadata=metadata or {},
        payment_intent=charge["payment_intent"],
        reason=reason,
        status="pending" if is_debit or behaviour == "refund_pending" else "succeeded",
        destination_details={
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        }
        if not is_debit
        else {"eu_bank_transfer": {"reference": None, "reference_status": None}, "type": "eu_bank_transfer"},
        **{PRIVATE: {"behaviour": behaviour}},
    )
    with account.changing(made):
        made["balance_transaction"] = _enter(account, made, charge, is_debit=is_debit)["id"]
    account.emit("refund.created", made)
    with account.changing(charge, "charge.refunded"):
        charge["amount_refunded"] += wanted
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    _follow_up(account, made, behaviour)
    return made


def fail(account: Account, made: Object) -> None:
    """Let a refund come back: the money is the account's again.

    Raises:
        ApiError: It failed or was canceled already.
    """
    if made["status"] in ("failed", "canceled"):
        raise ApiError("This refund has already failed.")
    charge = account.get(id_of(made["charge"]), "charge")
    original = account.get(id_of(made["balance_transaction"]), "balance_transaction")
    before = {"status": made["status"]}
    with account.changing(made):
        made["status"] = "failed"
        made["failure_reason"] = "lost_or_stolen_card"
        moved = balance.enter(
            account,
            "payment_failure_refund" if original["type"] == "payment_refund" else "refund_failure",
            made,
            amount=-original["amount"],
            currency=made["currency"],
            category="refund_failure",
        )
        made["failure_balance_transaction"] = moved["id"]
    with account.changing(charge):
        charge["amount_refunded"] -= made["amount"]
        charge["refunded"] = False
    account.unplan("refund", made["id"])
    for kind in ("refund.failed", "refund.updated", "charge.refund.updated"):
        account.emit(kind, made, before)


@due("refund")
def arrive(account: Account, made: Object) -> None:
    """Let a refund that was on its way arrive, or come back."""
    if (made.get(PRIVATE) or {}).get("behaviour") == "refund_fails":
        fail(account, made)
        return
    before = {"status": made["status"]}
    if made["status"] == "pending":
        with account.changing(made):
            made["status"] = "succeeded"
        for kind in ("refund.updated", "charge.refund.updated"):
            account.emit(kind, made, before)


def _check(charge: Object, wanted: int, left: int) -> None:
    if charge["status"] != "succeeded":
        raise ApiError("This charge did not succeed, so it cannot be refunded.", param="charge")
    if left <= 0:
        raise ApiError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if wanted <= 0:
        raise ApiError("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if wanted > left:
        raise ApiError(
            f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({left})", param="amount"
        )
    if charge["disputed"]:
        raise ApiError(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )


def _behaviour(account: Account, charge: Object) -> str:
    method = account.find(charge["payment_method"])
    return methods.behaviour(method) if method else "works"


def _enter(account: Account, made: Object, charge: Object, *, is_debit: bool) -> Object:
    # From running totals, so that several parts of a foreign charge add up to exactly what came in.
    rules, currency = account.rules, charge["currency"]
    before = balance.settled(rules, charge["amount_refunded"], currency)
    after = balance.settled(rules, charge["amount_refunded"] + made["amount"], currency)
    return balance.enter(
        account,
        "payment_refund" if is_debit else "refund",
        made,
        amount=before - after,
        currency=currency,
        category="refund",
    )


def _follow_up(account: Account, made: Object, behaviour: str) -> None:
    if made["status"] == "pending" or behaviour == "refund_fails":
        account.plan(account.now() + account.rules.refund_days * DAY, "refund", made)
        return
    before = {"destination_details": {"card": {"reference_status": "pending"}}}
    with account.changing(made):
        made["destination_details"]["card"].update(reference_status="available", reference="12345678901")
    account.emit("refund.updated", made, before)
    account.emit("charge.refund.updated", made, before)


@operation("POST /v1/refunds")
def create(account: Account, call: Call) -> Object:
    """Refund a charge, named itself or by its payment intent."""
    params = call.params
    if params.get("payment_intent"):
        intent = account.get(params["payment_intent"], "payment_intent", param="payment_intent")
        if not intent["latest_charge"]:
            raise ApiError(
                "This PaymentIntent does not have a successful charge to refund.", param="payment_intent"
            )
        charge = account.get(id_of(intent["latest_charge"]), "charge")
    elif params.get("charge"):
        charge = account.get(params["charge"], "charge", param="charge")
    else:
        raise ApiError(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    return refund(
        account,
        charge,
        params.get("amount"),
        reason=params.get("reason"),
        metadata=merge_metadata({}, params.get("metadata")),
    )


@operation("GET /v1/refunds")
def index(account: Account, call: Call) -> Object:
    """List refunds."""
    params = call.params
    return listing.page(
        account, call, "refund", charge=params.get("charge"), payment_intent=params.get("payment_intent")
    )


@operation("GET /v1/refunds/{id}")
def get(account: Account, call: Call) -> Object:
    """Give one refund."""
    return account.get(call.id, "refund", param="refund")


@operation("POST /v1/refunds/{id}")
def update(account: Account, call: Call) -> Object:
    """Change a refund's metadata."""
    made = account.get(call.id, "refund", param="refund")
    with account.changing(made, "refund.updated"):
        made["metadata"] = merge_metadata(made["metadata"], call.params.get("metadata"))
    return made
