"""Test clocks: customers who live in a time of their own.

Source: https://docs.stripe.com/billing/testing/test-clocks
"""

from membership.sandbox import agenda, collecting, listing
from membership.sandbox.account import Account
from membership.sandbox.clock import add_interval
from membership.sandbox.errors import ApiError
from membership.sandbox.objects import Object, id_of
from membership.sandbox.operations import Call, operation
from membership.sandbox.rules import DAY

_KIND = "test_helpers.test_clock"
_MOST_INTERVALS = 2


@operation("POST /v1/test_helpers/test_clocks")
def create(account: Account, call: Call) -> Object:
    """Make a clock that stands at an instant."""
    clock = account.make(
        _KIND,
        frozen_time=call.params["frozen_time"],
        name=call.params.get("name"),
        created=account.clock.present(),
        deletes_after=account.clock.present() + 30 * DAY,
        status="ready",
    )
    account.emit("test_helpers.test_clock.created", clock)
    return clock


@operation("GET /v1/test_helpers/test_clocks")
def index(account: Account, call: Call) -> Object:
    """List clocks."""
    return listing.page(account, call, _KIND)


@operation("GET /v1/test_helpers/test_clocks/{id}")
def get(account: Account, call: Call) -> Object:
    """Give one clock."""
    return account.get(call.id, _KIND, param="test_clock")


@operation("POST /v1/test_helpers/test_clocks/{id}/advance")
def advance(account: Account, call: Call) -> Object:
    """Move a clock on, living through all that is due; the answer says `advancing`, as Stripe's does."""
    clock = account.get(call.id, _KIND, param="test_clock")
    target = call.params["frozen_time"]
    if target <= clock["frozen_time"]:
        raise ApiError(
            "The `frozen_time` must be after the clock's current frozen time.", param="frozen_time"
        )
    _check_reach(account, clock, target)
    with account.changing(clock):
        clock.update(status="advancing", status_details={"advancing": {"target_frozen_time": target}})
    answer = dict(clock)
    account.emit("test_helpers.test_clock.advancing", clock)
    agenda.live_until(account, target, clock["id"])
    with account.changing(clock), account.clock.standing_at(target):
        clock.update(status="ready", status_details={}, frozen_time=target)
        account.emit("test_helpers.test_clock.ready", clock)
    return answer


def _check_reach(account: Account, clock: Object, target: int) -> None:
    for subscription in _subscriptions(account, clock):
        if subscription["status"] in ("canceled", "incomplete_expired"):
            continue
        recurring = subscription["items"]["data"][0]["price"]["recurring"]
        start = clock["frozen_time"]
        reach = add_interval(
            start, recurring["interval"], _MOST_INTERVALS * (recurring["interval_count"] or 1), start
        )
        if target > reach + DAY:
            raise ApiError(
                f"You cannot advance a test clock more than {_MOST_INTERVALS} intervals from its current frozen time, "
                "based on the shortest subscription interval.",
                param="frozen_time",
            )


def _subscriptions(account: Account, clock: Object) -> list[Object]:
    return account.store.select(
        "object = 'subscription' AND json_extract(body, '$.test_clock') = ?",
        (clock["id"],),
        order="number",
        limit=-1,
    )


@operation("DELETE /v1/test_helpers/test_clocks/{id}")
def delete(account: Account, call: Call) -> Object:
    """Delete a clock with its customers and their subscriptions."""
    clock = account.get(call.id, _KIND, param="test_clock")
    for subscription in _subscriptions(account, clock):
        if subscription["status"] not in ("canceled", "incomplete_expired"):
            collecting.end(account, subscription, reason="cancellation_requested")
    for customer in account.store.find("customer"):
        if id_of(customer.get("test_clock")) == clock["id"]:
            account.emit("customer.deleted", customer)
            account.store.put(
                {"id": customer["id"], "object": "customer", "deleted": True, "created": customer["created"]}
            )
    account.store.remove(clock["id"])
    account.emit("test_helpers.test_clock.deleted", clock)
    return {"id": clock["id"], "object": _KIND, "deleted": True}
