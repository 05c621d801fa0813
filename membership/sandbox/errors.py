"""The errors that the API answers with.

ApiError
├── NotFoundError        404 resource_missing
└── CardDeclinedError    402 card_error; what was done before it (a failed charge) stays done

Source: https://docs.stripe.com/api/errors
"""

from membership.sandbox.objects import Object


class ApiError(Exception):
    """A refusal in Stripe's words; `body` is what goes over the wire."""

    keeps_effects = False

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: Object = {"message": message, "type": kind}
        if code is not None:
            self.error["code"] = code
            self.error["doc_url"] = f"https://docs.stripe.com/error-codes/{code.replace('_', '-')}"
        if param is not None:
            self.error["param"] = param

    @property
    def body(self) -> Object:
        """The JSON object of the answer."""
        return {"error": self.error}


class NotFoundError(ApiError):
    """No object of that kind has that id."""

    def __init__(self, kind: str, wanted: str, param: str = "id") -> None:
        super().__init__(f"No such {kind}: '{wanted}'", status=404, code="resource_missing", param=param)


class CardDeclinedError(ApiError):
    """The bank said no, or asked for the holder's consent."""

    keeps_effects = True

    def __init__(self, failure: Object, intent: Object | None = None, field: str = "payment_intent") -> None:
        super().__init__(failure["message"], status=402, kind="card_error", code=failure["code"])
        if failure.get("decline_code"):
            self.error["decline_code"] = failure["decline_code"]
        if failure.get("charge"):
            self.error["charge"] = failure["charge"]
        if intent is not None:
            self.error[field] = intent
