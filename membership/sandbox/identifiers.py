"""Ids that look like Stripe's: a prefix that says the kind, then letters and digits."""

import random
import string

_ALPHABET = string.ascii_letters + string.digits

PREFIXES = {
    "balance_transaction": "txn_",
    "billing_portal.configuration": "bpc_",
    "billing_portal.session": "bps_",
    "charge": "ch_3",
    "checkout.session": "cs_test_",
    "customer": "cus_",
    "dispute": "du_",
    "event": "evt_1",
    "invoice": "in_1",
    "invoice_payment": "inpay_1",
    "item": "li_1",
    "line_item": "il_1",
    "mandate": "mandate_1",
    "payment_intent": "pi_3",
    "payment_method": "pm_1",
    "price": "price_1",
    "product": "prod_",
    "radar.early_fraud_warning": "issfr_1",
    "refund": "re_3",
    "request": "req_",
    "setup_intent": "seti_1",
    "subscription": "sub_1",
    "subscription_item": "si_",
    "test_helpers.test_clock": "clock_1",
    "webhook_endpoint": "we_1",
}
_LENGTHS = {"checkout.session": 58, "customer": 14, "product": 14, "subscription_item": 14, "request": 14}


class Identifiers:
    """Makes new ids; the same seed makes the same ids in the same order."""

    def __init__(self, seed: int | str | None = None) -> None:
        # Not for secrecy: a stand-in's ids must only look right and, with a seed, repeat.
        self._random = random.Random(seed)  # noqa: S311

    def new(self, kind: str) -> str:
        """Give an id for an object of this kind."""
        return PREFIXES[kind] + self.token(_LENGTHS.get(kind, 23))

    def token(self, length: int) -> str:
        """Give that many letters and digits."""
        return "".join(self._random.choices(_ALPHABET, k=length))
