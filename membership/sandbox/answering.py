"""From a request to an answer: the key, the version, the parameters, the work, the JSON.

Everything here happens under the account's lock and in one transaction of the store; a refused call leaves
nothing behind, but for a declined card, whose failed charge stays as it does at Stripe.
"""

import base64
from dataclasses import dataclass
from hmac import compare_digest

from membership.sandbox import decoding, expanding, idempotency, operations, parameters
from membership.sandbox.account import Account
from membership.sandbox.errors import ApiError
from membership.sandbox.idempotency import Answer
from membership.sandbox.objects import API_VERSION, Object, id_of
from membership.sandbox.operations import Call


@dataclass(frozen=True)
class Request:
    """What came over the wire, as far as the API looks at it."""

    method: str
    path: str
    form: str
    authorization: str = ""
    version: str = ""
    idempotency_key: str = ""
    id: str = ""


def check_key(request: Request, secret_key: str) -> None:
    """Refuse a call that does not carry the account's key.

    Raises:
        ApiError: 401, as at Stripe.
    """
    scheme, _, given = request.authorization.partition(" ")
    if scheme == "Basic":
        given = base64.b64decode(given.encode() + b"===").decode(errors="replace").partition(":")[0]
    if not given:
        raise ApiError("You did not provide an API key.", status=401)
    if not compare_digest(given.encode(), secret_key.encode()):
        shown = f"{given[:8]}{'*' * 8}{given[-4:]}" if len(given) > 12 else "*" * len(given)
        raise ApiError(f"Invalid API Key provided: {shown}", status=401)


def answer(account: Account, request: Request) -> tuple[Answer, bool]:
    """Do what a request asks, and give the answer and whether it is an earlier one given again."""
    try:
        call = _understood(request)
        return _once(account, request, call)
    except ApiError as error:
        return Answer(error.status, error.body), False


def remember(account: Account, request: Request, given: Answer) -> None:
    """Keep an answer under a request's key as if the work had ended in it; without a key, nothing."""
    if request.idempotency_key:
        call = _understood(request)
        mark = idempotency.fingerprint(call.operation, request.path, call.params)
        with account.store.transaction():
            idempotency.keep(account, request.idempotency_key, mark, given)


def _understood(request: Request) -> Call:
    if request.version not in ("", API_VERSION):
        raise ApiError(
            f"Invalid Stripe API version: {request.version}. The sandbox speaks {API_VERSION} only."
        )
    found = operations.recognise(request.method, request.path)
    if found is None:
        message = f"Unrecognized request URL ({request.method}: {request.path})."
        raise ApiError(message, status=404)
    return Call(found[0], found[1], parameters.check(found[0], decoding.decode(request.form)))


def _once(account: Account, request: Request, call: Call) -> tuple[Answer, bool]:
    key = request.idempotency_key if request.method == "POST" else ""
    with account.store.transaction():
        if not key:
            return _performed(account, request, call), False
        mark = idempotency.fingerprint(call.operation, request.path, call.params)
        before = idempotency.earlier(account, key, mark)
        if before is not None:
            return before, True
    try:
        with account.store.transaction():
            made = _performed(account, request, call)
            idempotency.keep(account, key, mark, made)
    except ApiError as error:
        with account.store.transaction():
            made = Answer(error.status, error.body)
            idempotency.keep(account, key, mark, made)
    return made, False


def _performed(account: Account, request: Request, call: Call) -> Answer:
    account.request = {"id": request.id, "idempotency_key": request.idempotency_key or None}
    expand = list(call.params.get("expand") or [])
    try:
        with account.clock.standing_at(_instant(account, call)):
            done = operations.perform(account, call)
            return Answer(200, expanding.show(account, done, expand))
    except ApiError as error:
        if not error.keeps_effects:
            raise
        return Answer(error.status, _shown_error(account, error))
    finally:
        account.request = {"id": None, "idempotency_key": None}


def _shown_error(account: Account, error: ApiError) -> Object:
    shown = {
        name: expanding.show(account, value) if isinstance(value, dict) and "object" in value else value
        for name, value in error.error.items()
    }
    return {"error": shown}


def _instant(account: Account, call: Call) -> int:
    """Give the second of this call: that of the test clock its customer lives by, else the account's."""
    present = account.clock.present()
    if account.store.one("test_helpers.test_clock") is None:
        return present
    customer = call.params.get("customer")
    thing = account.find(call.id) or account.find(customer if isinstance(customer, str) else None)
    if thing is None:
        return present
    clock = id_of(call.params.get("test_clock")) or account.clock_of(thing)
    found = account.find(clock)
    return int(found["frozen_time"]) if found and found["object"] == "test_helpers.test_clock" else present
