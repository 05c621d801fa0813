"""How the account behind the sandbox is set up: what an owner of a Stripe account decides in its dashboard."""

from dataclasses import dataclass, field
from typing import Literal

DEFAULT_SECRET_KEY = "sk_test_sandbox"  # noqa: S105 - opens nothing but this stand-in
DEFAULT_WEBHOOK_SECRET = "whsec_sandbox"  # noqa: S105 - as above

DAY = 86_400
HOUR = 3_600

# How much of the settlement currency (euro) one unit of another is worth; written as text, read as exact fractions.
EURO_RATES = {
    "aud": "0.568",
    "cad": "0.624",
    "chf": "1.066",
    "czk": "0.0411",
    "dkk": "0.134",
    "eur": "1",
    "gbp": "1.142",
    "huf": "0.00262",
    "jpy": "0.00556",
    "nok": "0.0853",
    "pln": "0.2358",
    "ron": "0.1966",
    "sek": "0.0911",
    "uah": "0.0206",
    "usd": "0.864",
}


@dataclass(frozen=True)
class Rules:
    """The account's settings. Amounts are minor units of the settlement currency, shares are basis points."""

    # Money: what everything settles in, and what Stripe keeps of it.
    currency: str = "eur"
    country: str = "DE"
    rates: dict[str, str] = field(default_factory=lambda: dict(EURO_RATES))
    fee_home: int = 150
    fee_britain: int = 290
    fee_elsewhere: int = 325
    fee_fixed: int = 25
    fee_debit: int = 35
    fee_dispute: int = 2_000
    available_after: int = 7 * DAY

    # Billing: how long a renewal stays a draft, when a failed one is tried again (days after the try before),
    # and what becomes of the subscription when the last try has failed.
    draft_seconds: int = HOUR
    retry_days: tuple[int, ...] = (3, 5, 7, 7)
    after_retries: Literal["cancel", "unpaid", "past_due"] = "cancel"
    upcoming_days: int = 7

    # Delayed methods: how many days a bank debit is on its way, and a refund that does not arrive at once.
    debit_days: int = 5
    refund_days: int = 4

    # Seconds until a charge's balance transaction is known: 0 for at once, more for Stripe's charge.updated later.
    settles_after: int = 0
