"""The same key, the same answer: a POST that is sent twice is done once.

Source: https://docs.stripe.com/api/idempotent_requests
"""

import json
from dataclasses import dataclass
from hashlib import sha256

from membership.sandbox.account import Account
from membership.sandbox.errors import ApiError
from membership.sandbox.objects import Object

_KEPT = 86_400
_LONGEST = 255


@dataclass(frozen=True)
class Answer:
    """A status and a JSON body."""

    status: int
    body: Object


def fingerprint(operation: str, path: str, params: Object) -> str:
    """Give what makes two requests the same."""
    return sha256(json.dumps([operation, path, params], sort_keys=True).encode()).hexdigest()


def earlier(account: Account, key: str, request: str) -> Answer | None:
    """Give the answer this key had, or nothing.

    Raises:
        ApiError: The key is too long, or was used with other parameters.
    """
    if len(key) > _LONGEST:
        raise ApiError(f"Idempotency keys can have up to {_LONGEST} characters.", kind="idempotency_error")
    now = account.clock.present()
    account.store.connection.execute("DELETE FROM answer WHERE at <= ?", (now - _KEPT,))
    row = account.store.connection.execute(
        "SELECT request, status, body FROM answer WHERE key = ?", (key,)
    ).fetchone()
    if row is None:
        return None
    if row[0] != request:
        raise ApiError(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request.",
            kind="idempotency_error",
        )
    return Answer(row[1], json.loads(row[2]))


def keep(account: Account, key: str, request: str, answer: Answer) -> None:
    """Remember an answer under its key for a day of the account's time."""
    account.store.connection.execute(
        "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?)",
        (key, request, answer.status, json.dumps(answer.body), account.clock.present()),
    )
