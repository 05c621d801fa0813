"""Invoices through the API: reading, previewing, paying, closing; and their payments."""

from membership.sandbox import billing, changing, collecting, invoicing, listing, methods
from membership.sandbox.account import Account
from membership.sandbox.errors import ApiError, CardDeclinedError
from membership.sandbox.objects import Object, id_of
from membership.sandbox.operations import Call, operation
from membership.sandbox.parameters import merge_metadata


@operation("GET /v1/invoices")
def index(account: Account, call: Call) -> Object:
    """List invoices by customer, subscription or status."""
    names = ("customer", "subscription", "status")
    return listing.page(account, call, "invoice", **{name: call.params.get(name) for name in names})


@operation("GET /v1/invoices/{id}")
def get(account: Account, call: Call) -> Object:
    """Give one invoice."""
    return account.get(call.id, "invoice", param="invoice")


@operation("GET /v1/invoices/{id}/lines")
def lines(account: Account, call: Call) -> Object:
    """List an invoice's lines."""
    return listing.page_of(account.get(call.id, "invoice", param="invoice")["lines"]["data"], call)


@operation("POST /v1/invoices/{id}")
def update(account: Account, call: Call) -> Object:
    """Change an invoice's description, metadata, or whether it goes on by itself."""
    invoice, params = account.get(call.id, "invoice", param="invoice"), call.params
    with account.changing(invoice, "invoice.updated"):
        for name in ("description", "footer", "auto_advance"):
            if name in params:
                invoice[name] = params[name]
        invoice["metadata"] = merge_metadata(invoice["metadata"], params.get("metadata"))
        if not invoice["auto_advance"]:
            invoice.update(next_payment_attempt=None, automatically_finalizes_at=None)
            account.unplan("retry", invoice["id"])
            account.unplan("finalise", invoice["id"])
    return invoice


@operation("POST /v1/invoices/{id}/finalize")
def finalize(account: Account, call: Call) -> Object:
    """Finalise a draft now."""
    invoice = account.get(call.id, "invoice", param="invoice")
    account.unplan("finalise", invoice["id"])
    invoicing.finalise(account, invoice)
    return invoice


@operation("POST /v1/invoices/{id}/pay")
def pay(account: Account, call: Call) -> Object:
    """Charge an open invoice now, to the method of the call or the usual one.

    Raises:
        CardDeclinedError: The bank says no; the try is counted.
    """
    invoice, params = account.get(call.id, "invoice", param="invoice"), call.params
    if invoice["status"] == "draft":
        account.unplan("finalise", invoice["id"])
        invoicing.finalise(account, invoice)
    if invoice["status"] == "paid":
        raise ApiError("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] not in ("open", "uncollectible"):
        raise ApiError(f"This invoice is {invoice['status']} and cannot be paid.")
    if params.get("paid_out_of_band"):
        invoicing.mark_paid(account, invoice)
        collecting.settled(account, invoice)
        return invoice
    chosen = params.get("payment_method")
    method = methods.named(account, chosen) if chosen else collecting.method_for(account, invoice)
    if method is None:
        raise ApiError("There is no `default_payment_method` set on this Customer or Invoice.")
    status = collecting.pay(account, invoice, method, is_present=False)
    if status not in ("succeeded", "processing"):
        intent = invoicing.intent_of(account, invoice)
        raise CardDeclinedError(intent["last_payment_error"], intent)
    return account.get(invoice["id"], "invoice")


@operation("POST /v1/invoices/{id}/void")
def void(account: Account, call: Call) -> Object:
    """Void an open invoice."""
    invoice = account.get(call.id, "invoice", param="invoice")
    invoicing.void(account, invoice)
    _forgiven(account, invoice)
    return invoice


@operation("POST /v1/invoices/{id}/mark_uncollectible")
def mark_uncollectible(account: Account, call: Call) -> Object:
    """Give an open invoice up."""
    invoice = account.get(call.id, "invoice", param="invoice")
    invoicing.give_up(account, invoice)
    _forgiven(account, invoice)
    return invoice


def _forgiven(account: Account, invoice: Object) -> None:
    subscription = account.find(collecting.subscription_of(invoice))
    if subscription is None or id_of(subscription["latest_invoice"]) != invoice["id"]:
        return
    if subscription["status"] == "incomplete":
        billing.expire(account, subscription)
    elif subscription["status"] == "past_due":
        collecting.settled(account, invoice)


@operation("POST /v1/invoices/create_preview")
def create_preview(account: Account, call: Call) -> Object:
    """Show the next invoice of a subscription, as it stands or as it would be after changes; nothing is kept."""
    params = call.params
    if not params.get("subscription"):
        raise ApiError("The sandbox previews invoices of a `subscription` only.", param="subscription")
    subscription = account.get(params["subscription"], "subscription", param="subscription")
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise ApiError("No upcoming invoices for customer", status=404, code="invoice_upcoming_none")
    return changing.preview(account, subscription, params.get("subscription_details") or {})


@operation("GET /v1/invoice_payments")
def payments(account: Account, call: Call) -> Object:
    """List which intents pay which invoices."""
    params = call.params
    wanted = params.get("payment") or {}
    if wanted and not wanted.get(wanted["type"]):
        raise ApiError(
            f"Missing required param: payment[{wanted['type']}].", code="parameter_missing", param="payment"
        )
    return listing.page(
        account,
        call,
        "invoice_payment",
        invoice=params.get("invoice"),
        status=params.get("status"),
        payment_intent=wanted.get("payment_intent"),
    )


@operation("GET /v1/invoice_payments/{id}")
def payment(account: Account, call: Call) -> Object:
    """Give one invoice payment."""
    return account.get(call.id, "invoice_payment", param="invoice_payment")
