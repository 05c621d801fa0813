"""The account's balance: one transaction for everything that moves money, in the settlement currency.

Whole minor units and exact fractions only; `exchange_rate` is the one number with decimals, and only shown.
"""

import json
from fractions import Fraction

from membership.sandbox import listing
from membership.sandbox.account import Account
from membership.sandbox.objects import Object
from membership.sandbox.operations import Call, operation
from membership.sandbox.rules import DAY, Rules

_NO_MINOR = {
    *(
        "bif",
        "clp",
        "djf",
        "gnf",
        "jpy",
        "kmf",
        "krw",
        "mga",
        "pyg",
        "rwf",
        "vnd",
        "vuv",
        "xaf",
        "xof",
        "xpf",
    ),
}
_THREE_DIGITS = {"bhd", "jod", "kwd", "omr", "tnd"}
_EUROPE = {
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT"),
    *("LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"),
}


def digits(currency: str) -> int:
    """Give how many decimals a currency's amounts are written with."""
    return 0 if currency in _NO_MINOR else 3 if currency in _THREE_DIGITS else 2


def rate(rules: Rules, currency: str) -> Fraction | None:
    """Give how many settlement units one unit of a currency is worth; nothing for the settlement currency."""
    if currency == rules.currency:
        return None
    return Fraction(rules.rates.get(currency, "1")) / Fraction(rules.rates.get(rules.currency, "1"))


def settled(rules: Rules, amount: int, currency: str) -> int:
    """Give an amount in minor units of the settlement currency, rounded half away from nothing."""
    factor = rate(rules, currency)
    if factor is None:
        return amount
    exact = amount * factor * Fraction(10) ** (digits(rules.currency) - digits(currency))
    return half_up(exact)


def half_up(exact: Fraction) -> int:
    """Round to the nearest whole number, halves away from nothing."""
    sign = -1 if exact < 0 else 1
    return sign * int(abs(exact) + Fraction(1, 2))


def fee_for(rules: Rules, amount: int, details: Object) -> int:
    """Give Stripe's fee on a charge of this settled amount, by the card's country or the kind of debit."""
    if details.get("type") == "sepa_debit":
        return rules.fee_debit
    country = (details.get("card") or {}).get("country")
    share = rules.fee_elsewhere
    if country == rules.country or (rules.country in _EUROPE and country in _EUROPE):
        share = rules.fee_home
    elif country == "GB":
        share = rules.fee_britain
    return half_up(Fraction(amount * share, 10_000)) + rules.fee_fixed


def enter(
    account: Account,
    kind: str,
    source: Object,
    *,
    amount: int,
    currency: str,
    fee: int = 0,
    category: str = "",
) -> Object:
    """Enter a movement; `amount` is settled already, `currency` is the one in which it was made."""
    now, rules = account.now(), account.rules
    factor = rate(rules, currency)
    # Exact to six places, as Stripe shows it.
    shown = None if factor is None else json.loads(f"{half_up(factor * 1_000_000)}e-6")
    details = {
        "amount": fee,
        "application": None,
        "currency": rules.currency,
        "description": "Dispute fee" if kind == "adjustment" else "Stripe processing fees",
        "type": "stripe_fee",
    }
    available = (now + rules.available_after) // DAY * DAY if kind in ("charge", "payment") else now
    return account.make(
        "balance_transaction",
        type=kind,
        amount=amount,
        currency=rules.currency,
        fee=fee,
        fee_details=[details] if fee else [],
        net=amount - fee,
        exchange_rate=shown,
        source=source["id"],
        description=source.get("description"),
        available_on=available,
        status="pending" if available > now else "available",
        **({"reporting_category": category} if category else {}),
    )


def enter_account_fee(account: Account, amount: int, description: str) -> Object:
    """Let Stripe take a fee that belongs to no charge, as for Radar or Billing."""
    nothing = {"id": None, "description": description}
    return enter(account, "stripe_fee", nothing, amount=-amount, currency=account.rules.currency)


def pay_out(account: Account, amount: int) -> Object:
    """Send money of the balance to the account's bank."""
    payout = {"id": f"po_1{account.ids.token(23)}", "description": "STRIPE PAYOUT"}
    return enter(account, "payout", payout, amount=-amount, currency=account.rules.currency)


@operation("GET /v1/balance_transactions")
def index(account: Account, call: Call) -> Object:
    """List the balance's movements by time, source, kind or currency."""
    params = call.params
    where = None if params.get("currency") in (None, account.rules.currency) else "0"
    return listing.page(
        account,
        call,
        "balance_transaction",
        source=params.get("source"),
        kind=params.get("type"),
        where=where,
    )


@operation("GET /v1/balance_transactions/{id}")
def get(account: Account, call: Call) -> Object:
    """Give one movement."""
    return account.get(call.id, "balance_transaction")


@operation("GET /v1/balance")
def show(account: Account, _call: Call) -> Object:
    """Give what the account has, available and on its way."""
    now = account.now()
    rows = account.store.connection.execute(
        "SELECT sum(CASE WHEN json_extract(body, '$.available_on') > ? THEN json_extract(body, '$.net') ELSE 0 END),"
        " sum(json_extract(body, '$.net')) FROM object WHERE object = 'balance_transaction'",
        (now,),
    ).fetchone()
    pending, whole = rows[0] or 0, rows[1] or 0
    currency = account.rules.currency
    return {
        "object": "balance",
        "available": [
            {"amount": whole - pending, "currency": currency, "source_types": {"card": whole - pending}}
        ],
        "livemode": False,
        "pending": [{"amount": pending, "currency": currency, "source_types": {"card": pending}}],
    }
