"""Payment methods: cards and bank debits, attached to customers or not."""

from membership.sandbox import listing
from membership.sandbox.account import Account
from membership.sandbox.cards import CARDS, IBANS, READY_MADE, READY_MADE_DEBITS, TestCard, card_for, declined
from membership.sandbox.errors import ApiError, CardDeclinedError, NotFoundError
from membership.sandbox.objects import PRIVATE, Object, id_of
from membership.sandbox.operations import Call, operation
from membership.sandbox.parameters import merge_metadata

# These behave badly already when a customer keeps them, before anything is charged.
_REFUSED_ON_ATTACH = (
    "decline",
    "insufficient_funds",
    "lost_card",
    "stolen_card",
    "expired_card",
    "incorrect_cvc",
)


def new_card(
    account: Account, card: TestCard, *, expiry: tuple[int, int] = (12, 2034), details: Object | None = None
) -> Object:
    """Make a card payment method; `expiry` is month and year."""
    last4 = card.number[-4:]
    return account.make(
        "payment_method",
        type="card",
        billing_details=billing_details(details),
        card={
            "brand": card.brand,
            "display_brand": card.brand,
            "country": card.country,
            "last4": last4,
            "exp_month": expiry[0],
            "exp_year": expiry[1],
            "fingerprint": f"sandbox{card.number[:6]}{last4}",
            "networks": {"available": [card.brand], "preferred": None},
        },
        customer=None,
        **{PRIVATE: {"behaviour": card.behaviour, "number": card.number}},
    )


def new_debit(account: Account, iban: str, details: Object | None = None) -> Object:
    """Make a bank debit payment method."""
    return account.make(
        "payment_method",
        type="sepa_debit",
        billing_details=billing_details(details),
        sepa_debit={
            "bank_code": iban[4:12],
            "branch_code": "",
            "country": iban[:2],
            "fingerprint": f"sandbox{iban[:4]}{iban[-4:]}",
            "generated_from": {"charge": None, "setup_attempt": None},
            "last4": iban[-4:],
        },
        customer=None,
        **{PRIVATE: {"behaviour": IBANS.get(iban, "works"), "number": iban}},
    )


def billing_details(details: Object | None) -> Object:
    """Give whole billing details from some of them."""
    address = {
        "city": None,
        "country": None,
        "line1": None,
        "line2": None,
        "postal_code": None,
        "state": None,
    }
    given = details or {}
    return {
        "email": None,
        "name": None,
        "phone": None,
        "tax_id": None,
        **given,
        "address": {**address, **(given.get("address") or {})},
    }


def named(account: Account, wanted: str, param: str = "payment_method") -> Object:
    """Give a payment method by id; Stripe's ready-made names give a new one each time.

    Raises:
        NotFoundError: There is none.
    """
    if wanted in READY_MADE:
        return new_card(account, CARDS[READY_MADE[wanted]])
    if wanted in READY_MADE_DEBITS:
        return new_debit(account, READY_MADE_DEBITS[wanted])
    found = account.find(wanted)
    if found is None or found["object"] != "payment_method":
        raise NotFoundError("PaymentMethod", wanted, param)
    return found


def behaviour(method: Object) -> str:
    """Give how a payment method behaves; those that were loaded simply work."""
    return str((method.get(PRIVATE) or {}).get("behaviour", "works"))


def attach(account: Account, method: Object, customer: str) -> None:
    """Let a customer keep a payment method.

    Raises:
        ApiError: Another customer has it.
    """
    if id_of(method.get("customer")) == customer:
        return
    if method.get("customer"):
        raise ApiError("The payment method you provided has already been attached to a customer.")
    method["customer"] = customer
    account.store.put(method)
    account.emit("payment_method.attached", method)


def default_of(account: Account, customer: str) -> Object | None:
    """Give the payment method a customer's invoices are charged to."""
    owner = account.find(customer) or {}
    chosen = id_of((owner.get("invoice_settings") or {}).get("default_payment_method"))
    return account.find(chosen)


def from_history(account: Account, customer: str) -> Object | None:
    """Give a method like the one of a customer's last charge, where that was loaded without its method.

    If that charge failed, the method fails too.
    """
    last = account.store.one("charge", customer=customer)
    if last is None or account.find(last["payment_method"]) is not None:
        return None
    told = last["payment_method_details"]
    details = {"email": last["billing_details"]["email"], "name": last["billing_details"]["name"]}
    kind = told["type"]
    if kind == "sepa_debit":
        made = new_debit(account, next(iter(IBANS)), details)
    else:
        made = new_card(account, CARDS["4000002760000016"], details=details)
    made[kind].update({name: value for name, value in told[kind].items() if value and name in made[kind]})
    made[PRIVATE]["behaviour"] = "fails_later" if last["status"] == "failed" else "works"
    made["customer"] = customer
    account.store.put(made)
    owner = account.find(customer)
    if owner is not None and not owner.get("deleted"):
        owner["invoice_settings"]["default_payment_method"] = made["id"]
        account.store.put(owner)
    return made


@operation("POST /v1/payment_methods")
def create(account: Account, call: Call) -> Object:
    """Make a payment method from a number, an IBAN or a test token."""
    params = call.params
    if params.get("type") == "sepa_debit":
        iban = str((params.get("sepa_debit") or {}).get("iban", "")).replace(" ", "").upper()
        if len(iban) < 15:
            raise ApiError("The IBAN you provided is invalid.", code="invalid_iban", param="sepa_debit[iban]")
        return new_debit(account, iban, params.get("billing_details"))
    card = params.get("card") or {}
    number = str(
        card.get("number") or READY_MADE.get(str(card.get("token", "")).replace("tok_", "pm_card_"), "")
    )
    found = card_for(number)
    if found is None:
        raise CardDeclinedError(
            {"code": "incorrect_number", "message": "Your card number is incorrect."},
        )
    expiry = (int(card.get("exp_month") or 12), int(card.get("exp_year") or 2034))
    return new_card(account, found, expiry=expiry, details=params.get("billing_details"))


@operation("GET /v1/payment_methods/{id}")
def get(account: Account, call: Call) -> Object:
    """Give one payment method."""
    return account.get(call.id, "payment_method", param="payment_method")


@operation("GET /v1/payment_methods")
def index(account: Account, call: Call) -> Object:
    """List payment methods, of one customer or of none."""
    customer = call.params.get("customer")
    return listing.page(account, call, "payment_method", customer=customer, kind=call.params.get("type"))


@operation("GET /v1/customers/{id}/payment_methods")
def of_customer(account: Account, call: Call) -> Object:
    """List a customer's payment methods."""
    account.get(call.id, "customer", param="customer")
    return listing.page(account, call, "payment_method", customer=call.id, kind=call.params.get("type"))


@operation("POST /v1/payment_methods/{id}")
def update(account: Account, call: Call) -> Object:
    """Change a payment method's expiry, billing details or metadata."""
    method, params = account.get(call.id, "payment_method", param="payment_method"), call.params
    with account.changing(method, "payment_method.updated"):
        method["metadata"] = merge_metadata(method.get("metadata"), params.get("metadata"))
        if "billing_details" in params:
            method["billing_details"] = billing_details(
                {**method["billing_details"], **params["billing_details"]}
            )
        for name in ("exp_month", "exp_year"):
            if name in (params.get("card") or {}):
                method["card"][name] = int(params["card"][name])
    return method


@operation("POST /v1/payment_methods/{id}/attach")
def attach_to(account: Account, call: Call) -> Object:
    """Attach a payment method to a customer; a card that never works is refused here already."""
    method = named(account, call.id)
    customer = account.get(str(call["customer"]), "customer", param="customer")
    if behaviour(method) in _REFUSED_ON_ATTACH:
        raise CardDeclinedError(declined(behaviour(method)))
    attach(account, method, customer["id"])
    return method


@operation("POST /v1/payment_methods/{id}/detach")
def detach(account: Account, call: Call) -> Object:
    """Take a payment method from its customer; it can never be used again."""
    method = account.get(call.id, "payment_method", param="payment_method")
    if not method.get("customer"):
        raise ApiError(
            "The payment method you provided is not attached to a customer so detachment is impossible."
        )
    with account.changing(method, "payment_method.detached"):
        method["customer"] = None
    return method


@operation("GET /v1/mandates/{id}")
def mandate(account: Account, call: Call) -> Object:
    """Give one mandate."""
    return account.get(call.id, "mandate", param="mandate")
