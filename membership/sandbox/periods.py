"""The periods a subscription is paid for, and what the clock does to it next."""

from membership.sandbox.account import Account
from membership.sandbox.clock import add_interval
from membership.sandbox.objects import Object
from membership.sandbox.rules import DAY

OVER = ("canceled", "incomplete_expired")


def period_of(subscription: Object) -> tuple[int, int]:
    """Give start and end of the period a subscription is in."""
    item = subscription["items"]["data"][0]
    return item["current_period_start"], item["current_period_end"]


def next_end(subscription: Object, start: int) -> int:
    """Give where the period that begins at `start` ends."""
    recurring = subscription["items"]["data"][0]["price"]["recurring"]
    count = recurring.get("interval_count") or 1
    return add_interval(start, recurring["interval"], count, subscription["billing_cycle_anchor"])


def set_period(subscription: Object, start: int, end: int) -> None:
    """Put all items of a subscription into one period."""
    for item in subscription["items"]["data"]:
        item["current_period_start"], item["current_period_end"] = start, end


def schedule(account: Account, subscription: Object) -> None:
    """Plan what the clock will do to a subscription next."""
    for kind in ("renew", "cancel", "upcoming", "uncollect", "trial_will_end"):
        account.unplan(kind, subscription["id"])
    if subscription["status"] in (*OVER, "incomplete", "paused"):
        return
    end = period_of(subscription)[1]
    account.plan(end, "renew", subscription)
    if subscription["cancel_at"]:
        account.plan(subscription["cancel_at"], "cancel", subscription)
    elif account.rules.upcoming_days:
        account.plan(
            max(end - account.rules.upcoming_days * DAY, account.now() + 1), "upcoming", subscription
        )
    if subscription["status"] == "trialing" and end - 3 * DAY > account.now():
        account.plan(end - 3 * DAY, "trial_will_end", subscription)
    collection = subscription["pause_collection"] or {}
    if collection.get("resumes_at"):
        account.plan(collection["resumes_at"], "uncollect", subscription)
