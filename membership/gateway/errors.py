"""Stripe's errors in our words. Above the gateway nobody knows Stripe's classes.

GatewayUnavailable   no usable answer: may be asked again; `is_unknown` if the write may have been done
GatewayRefused       Stripe said no: asking again gives the same answer
SignatureError       a message that claims to come from Stripe does not, or is too old or from the future
"""

STRIPES_OWN = "api_error"
"""The reason where Stripe itself answers that it failed: it may remember that, and say so to the same key for a day.

Source: https://docs.stripe.com/api/idempotent_requests
"""

API_KEY = "api_key"
"""How the code begins where Stripe does not take our key, or not for this."""


class GatewayUnavailable(Exception):  # noqa: N818 - the house's word for it
    """Stripe gave no usable answer (down, slow, 429, 5xx, cut off).

    `is_unknown` says whether a write may have been carried out all the same; then its outcome is read back.
    """

    def __init__(self, reason: str, *, is_unknown: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_unknown = is_unknown


class GatewayRefused(Exception):  # noqa: N818 - the house's word for it
    """Stripe refused. `code` and `param` are Stripe's own (never a sentence that could hold an address)."""

    def __init__(self, code: str, *, param: str = "", is_ours: bool = False) -> None:
        super().__init__(f"{code} {param}".strip())
        self.code = code
        self.param = param
        self.is_ours = is_ours  # our fault or the operator's: a key revoked, a key used for something else

    @property
    def is_missing(self) -> bool:
        """Whether Stripe knows no such object."""
        return self.code == "resource_missing"

    @property
    def is_declined(self) -> bool:
        """Whether the bank said no, or asks its customer a question first."""
        return self.code in {
            "authentication_required",
            "card_declined",
            "expired_card",
            "incorrect_cvc",
            "processing_error",
            "subscription_payment_intent_requires_action",
        }


class SignatureError(Exception):
    """A delivery is not Stripe's, is too old, or comes from the future; `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
