"""Filling the account from a file: one Stripe object a line, whole or with its telling fields only.

Loaded objects make no events; from then on they live like any other: loaded subscriptions renew.
"""

import json
from collections.abc import Callable, Iterable, Iterator

from membership.sandbox import periods, shapes
from membership.sandbox.account import Account
from membership.sandbox.errors import ApiError
from membership.sandbox.objects import Object
from membership.sandbox.rules import DAY

_BATCH = 5_000


def load(account: Account, lines: Iterable[str | bytes]) -> int:
    """Keep the objects of JSON lines, and give how many there were. All of them are kept, or none.

    Raises:
        ApiError: A line is no object with `id` and `object`; the message names the line.
    """
    count = 0
    batch: list[Object] = []
    with account.store.transaction():
        for thing in _read(lines):
            batch.append(thing)
            count += 1
            if len(batch) >= _BATCH:
                account.store.put_all(batch, sparse=True)
                batch.clear()
        account.store.put_all(batch, sparse=True)
        _plan(account)
    return count


def _read(lines: Iterable[str | bytes]) -> Iterator[Object]:
    known = set(shapes.kinds())
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            thing = json.loads(line)
        except ValueError as error:
            raise ApiError(f"Line {number} is not JSON: {error}") from error
        if (
            not isinstance(thing, dict)
            or not isinstance(thing.get("id"), str)
            or thing.get("object") not in known
        ):
            raise ApiError(f"Line {number} is no object of Stripe's with an id and a known kind.")
        if thing.get("livemode"):
            raise ApiError(f"Line {number} is a live object; the sandbox takes none.")
        yield thing


def _plan(account: Account) -> None:
    for status in ("active", "trialing", "past_due", "unpaid"):
        for subscription in account.store.find("subscription", status=status):
            _plan_one(account, subscription)
    for kind, status, plan, instant in _PLANS:
        for thing in account.store.find(kind, status=status):
            at = instant(account, thing)
            if at:
                account.plan(at, plan, thing)


def _plan_one(account: Account, subscription: Object) -> None:
    try:
        periods.next_end(subscription, periods.period_of(subscription)[1])
        periods.schedule(account, subscription)
    except (KeyError, IndexError, TypeError) as error:
        wanted = "an item with current_period_end and a recurring price"
        raise ApiError(
            f"Subscription {subscription['id']} is {subscription['status']} but lacks {wanted}."
        ) from error


# Kind and status of what waits for something, what that is on the agenda, and when.
_PLANS: tuple[tuple[str, str, str, Callable[[Account, Object], int | None]], ...] = (
    ("subscription", "incomplete", "expire", lambda _, thing: thing["created"] + 23 * 3_600),
    ("checkout.session", "open", "expire_session", lambda _, thing: thing["expires_at"]),
    ("invoice", "open", "retry", lambda _, thing: thing["next_payment_attempt"]),
    ("invoice", "draft", "finalise", lambda _, thing: thing["automatically_finalizes_at"]),
    ("charge", "pending", "debit", lambda account, thing: thing["created"] + account.rules.debit_days * DAY),
    (
        "refund",
        "pending",
        "refund",
        lambda account, thing: thing["created"] + account.rules.refund_days * DAY,
    ),
)
