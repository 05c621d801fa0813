"""Disputes: a bank asks, takes the money back, and is right or not; and the warning some banks send before."""

from membership.sandbox import balance, listing
from membership.sandbox.account import Account
from membership.sandbox.errors import ApiError
from membership.sandbox.objects import Object, id_of
from membership.sandbox.operations import Call, operation
from membership.sandbox.parameters import merge_metadata
from membership.sandbox.rules import DAY

_OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
_DAYS_TO_ANSWER = 9


def open_dispute(
    account: Account,
    charge: Object,
    *,
    amount: int | None = None,
    is_inquiry: bool = False,
    reason: str = "general",
) -> Object:
    """Let the holder's bank dispute a charge, whole or in part; an inquiry moves no money yet.

    Raises:
        ApiError: The charge did not succeed, or is disputed already.
    """
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise ApiError("Only a succeeded charge without a dispute can be disputed.", param="charge")
    details = charge["payment_method_details"] or {}
    card = details.get("card") or {}
    brand = card.get("brand", "visa")
    dispute = account.make(
        "dispute",
        amount=amount or charge["amount"],
        charge=charge["id"],
        currency=charge["currency"],
        evidence_details=_deadline(account, is_past=False),
        is_charge_refundable=is_inquiry,
        payment_intent=charge["payment_intent"],
        payment_method_details={
            "card": {
                "brand": brand,
                "case_type": "inquiry" if is_inquiry else "chargeback",
                "network": brand,
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        reason=reason,
        status="warning_needs_response" if is_inquiry else "needs_response",
    )
    with account.changing(charge):
        charge["disputed"] = True
    if not is_inquiry:
        _withdraw(account, dispute)
    account.emit("charge.dispute.created", dispute)
    if not is_inquiry:
        account.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def escalate(account: Account, dispute: Object) -> None:
    """Let an inquiry become a dispute, which takes the money.

    Raises:
        ApiError: It is no open inquiry.
    """
    if not dispute["status"].startswith("warning_") or dispute["status"] == "warning_closed":
        raise ApiError("Only an open inquiry can become a dispute.")
    with account.changing(dispute, "charge.dispute.updated"):
        dispute["status"] = "needs_response"
        dispute["is_charge_refundable"] = False
        dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
        _withdraw(account, dispute)
    account.emit("charge.dispute.funds_withdrawn", dispute)


def close(account: Account, dispute: Object, *, won: bool) -> None:
    """Let the bank decide: won gives the money back, lost keeps it; a closed inquiry moved none.

    Raises:
        ApiError: It is decided already.
    """
    if dispute["status"] not in _OPEN:
        raise ApiError("This dispute is already closed.")
    was_inquiry = dispute["status"].startswith("warning_")
    before = {"status": dispute["status"]}
    with account.changing(dispute):
        dispute["status"] = "warning_closed" if was_inquiry else "won" if won else "lost"
        if won and not was_inquiry:
            _reinstate(account, dispute)
    account.emit("charge.dispute.closed", dispute, before)
    if won and not was_inquiry:
        account.emit("charge.dispute.funds_reinstated", dispute)
    if was_inquiry or won:
        charge = account.get(id_of(dispute["charge"]), "charge")
        with account.changing(charge):
            charge["disputed"] = not was_inquiry


def warn(account: Account, charge: Object) -> Object:
    """Let the card's bank send an early fraud warning about a charge."""
    warning = account.make(
        "radar.early_fraud_warning",
        charge=charge["id"],
        payment_intent=charge["payment_intent"],
        actionable=not charge["refunded"] and not charge["disputed"],
    )
    account.emit("radar.early_fraud_warning.created", warning)
    return warning


def _deadline(account: Account, *, is_past: bool, submissions: int = 0) -> Object:
    return {
        "due_by": account.now() + _DAYS_TO_ANSWER * DAY,
        "enhanced_eligibility": {},
        "has_evidence": submissions > 0,
        "past_due": is_past,
        "submission_count": submissions,
        "submission_method": "manual" if submissions else "not_submitted",
    }


def _withdraw(account: Account, dispute: Object) -> None:
    amount = -balance.settled(account.rules, dispute["amount"], dispute["currency"])
    moved = balance.enter(
        account,
        "adjustment",
        dispute,
        amount=amount,
        currency=dispute["currency"],
        fee=account.rules.fee_dispute,
        category="dispute",
    )
    dispute["balance_transactions"] = [*dispute["balance_transactions"], moved]
    account.store.put(dispute)


def _reinstate(account: Account, dispute: Object) -> None:
    amount = balance.settled(account.rules, dispute["amount"], dispute["currency"])
    moved = balance.enter(
        account,
        "adjustment",
        dispute,
        amount=amount,
        currency=dispute["currency"],
        category="dispute_reversal",
    )
    dispute["balance_transactions"] = [*dispute["balance_transactions"], moved]


@operation("GET /v1/disputes")
def index(account: Account, call: Call) -> Object:
    """List disputes."""
    params = call.params
    return listing.page(
        account, call, "dispute", charge=params.get("charge"), payment_intent=params.get("payment_intent")
    )


@operation("GET /v1/disputes/{id}")
def get(account: Account, call: Call) -> Object:
    """Give one dispute."""
    return account.get(call.id, "dispute", param="dispute")


@operation("POST /v1/disputes/{id}")
def update(account: Account, call: Call) -> Object:
    """Keep evidence, and hand it in when the call says so.

    At Stripe the text of evidence decides a test dispute: `winning_evidence` wins, `losing_evidence` loses.
    """
    dispute, params = account.get(call.id, "dispute", param="dispute"), call.params
    evidence = params.get("evidence") or {}
    with account.changing(dispute, "charge.dispute.updated"):
        dispute["metadata"] = merge_metadata(dispute["metadata"], params.get("metadata"))
        dispute["evidence"] = {**dispute["evidence"], **evidence}
        if evidence and params.get("submit", True):
            dispute["evidence_details"] = _deadline(account, is_past=False, submissions=1)
            dispute["status"] = (
                "warning_under_review" if dispute["status"].startswith("w") else "under_review"
            )
    text = evidence.get("uncategorized_text")
    if text in ("winning_evidence", "losing_evidence"):
        close(account, dispute, won=text == "winning_evidence")
    return dispute


@operation("POST /v1/disputes/{id}/close")
def give_in(account: Account, call: Call) -> Object:
    """Accept a dispute: it is lost."""
    dispute = account.get(call.id, "dispute", param="dispute")
    close(account, dispute, won=False)
    return dispute


@operation("GET /v1/radar/early_fraud_warnings")
def warnings(account: Account, call: Call) -> Object:
    """List early fraud warnings."""
    params = call.params
    return listing.page(
        account,
        call,
        "radar.early_fraud_warning",
        charge=params.get("charge"),
        payment_intent=params.get("payment_intent"),
    )


@operation("GET /v1/radar/early_fraud_warnings/{id}")
def warning(account: Account, call: Call) -> Object:
    """Give one early fraud warning."""
    return account.get(call.id, "radar.early_fraud_warning")
