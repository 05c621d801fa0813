"""Another amount, another interval, a skipped charge, a pause, an end."""

from typing import Any

import pytest
import stripe

from membership.sandbox.server import Sandbox
from tests.sandbox import person
from tests.sandbox.person import DAY, HOUR


@pytest.fixture
def begun(client: stripe.StripeClient) -> stripe.Subscription:
    """A monthly gift of 5.00 EUR, paid."""
    return person.subscribe(client, person.patron(client))


def _item(subscription: stripe.Subscription) -> stripe.SubscriptionItem:
    item: stripe.SubscriptionItem = subscription["items"].data[0]
    return item


def test_a_new_amount_without_proration_counts_from_the_next_renewal(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription
) -> None:
    price = person.price_data(client, 700)

    changed = client.v1.subscriptions.update(
        begun.id, {"items": [{"id": _item(begun).id, "price_data": price}], "proration_behavior": "none"}
    )

    assert _item(changed).price.unit_amount == 700
    assert _item(changed).current_period_end == _item(begun).current_period_end
    sandbox.advance_to(_item(begun).current_period_end + HOUR)
    assert [charge["amount"] for charge in sandbox.all("charge")] == [700, 500]


def test_always_invoice_charges_the_difference_now(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription
) -> None:
    price = person.price_data(client, 700)

    client.v1.subscriptions.update(
        begun.id,
        {"items": [{"id": _item(begun).id, "price_data": price}], "proration_behavior": "always_invoice"},
    )

    invoice = sandbox.all("invoice")[0]
    assert (invoice["billing_reason"], invoice["total"]) == ("subscription_update", 200)
    assert [line["amount"] for line in invoice["lines"]["data"]] == [-500, 700]


def test_another_interval_begins_today_and_is_charged_at_once(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription
) -> None:
    price = person.price_data(client, 5_000, "year")

    changed = client.v1.subscriptions.update(
        begun.id, {"items": [{"id": _item(begun).id, "price_data": price}], "proration_behavior": "none"}
    )

    assert [charge["amount"] for charge in sandbox.all("charge")] == [5_000, 500]
    assert _item(changed).current_period_end - _item(changed).current_period_start >= 365 * DAY
    assert len([kind for kind in person.told(sandbox) if kind == "customer.subscription.updated"]) == 2


def test_another_currency_is_refused(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription
) -> None:
    price = person.price_data(client, 500, "month", "usd")

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.subscriptions.update(begun.id, {"items": [{"id": _item(begun).id, "price_data": price}]})

    assert sandbox.get(begun.id)["items"]["data"][0]["price"]["currency"] == "eur"


def test_a_skipped_charge_moves_by_a_month_and_all_later_ones_with_it(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription
) -> None:
    skipped_to = _item(begun).current_period_end + 31 * DAY

    moved = client.v1.subscriptions.update(begun.id, {"trial_end": skipped_to, "proration_behavior": "none"})
    sandbox.advance_to(skipped_to - 1)
    charged_before = len(sandbox.all("charge"))
    sandbox.advance_to(skipped_to + HOUR)

    assert (moved.status, _item(moved).current_period_end) == ("trialing", skipped_to)
    assert charged_before == 1
    assert next(charge["created"] for charge in sandbox.all("charge")) == skipped_to + HOUR
    assert client.v1.subscriptions.retrieve(begun.id).status == "active"


@pytest.mark.parametrize(
    ("behavior", "status", "event"),
    [
        ("void", "void", "invoice.voided"),
        ("mark_uncollectible", "uncollectible", "invoice.marked_uncollectible"),
        ("keep_as_draft", "draft", "invoice.created"),
    ],
)
def test_paused_collection_leaves_it_active_and_charges_nothing(
    sandbox: Sandbox,
    client: stripe.StripeClient,
    begun: stripe.Subscription,
    behavior: str,
    status: str,
    event: str,
) -> None:
    end = _item(begun).current_period_end
    client.v1.subscriptions.update(
        begun.id,
        {"pause_collection": {"behavior": behavior, "resumes_at": end + 3 * DAY}},
    )

    sandbox.advance_to(end + 2 * HOUR)

    assert client.v1.subscriptions.retrieve(begun.id).status == "active"
    assert sandbox.all("invoice")[0]["status"] == status
    assert event in person.told(sandbox)
    assert len(sandbox.all("charge")) == 1

    sandbox.advance_to(end + 3 * DAY)

    assert client.v1.subscriptions.retrieve(begun.id).pause_collection is None


def test_a_pause_stops_it_and_resuming_charges_at_once(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription
) -> None:
    paused = client.v1.subscriptions.pause(begun.id)
    sandbox.advance("2 months")
    charged = len(sandbox.all("charge"))

    resumed = client.v1.subscriptions.resume(begun.id)

    assert paused.status == "paused"
    assert paused.status_details
    assert paused.status_details.paused.subscription.type == "pause_requested"
    assert charged == 1
    assert resumed.status == "active"
    assert len(sandbox.all("charge")) == 2
    assert {"customer.subscription.paused", "customer.subscription.resumed"} <= set(person.told(sandbox))


def test_resuming_in_the_old_rhythm_within_the_paid_time_charges_nothing(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription
) -> None:
    client.v1.subscriptions.pause(begun.id)

    resumed = client.v1.subscriptions.resume(begun.id, {"billing_cycle_anchor": {"type": "unchanged"}})

    assert _item(resumed).current_period_end == _item(begun).current_period_end
    assert len(sandbox.all("charge")) == 1


def test_an_end_at_an_instant(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription
) -> None:
    at = sandbox.now() + 10 * DAY
    client.v1.subscriptions.update(begun.id, {"cancel_at": at})

    sandbox.advance("10 days")

    ended = client.v1.subscriptions.retrieve(begun.id)
    assert (ended.status, ended.ended_at, ended.cancel_at_period_end) == ("canceled", at, False)


def test_canceled_at_once_it_can_not_be_changed_again(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription
) -> None:
    client.v1.subscriptions.cancel(begun.id, {"cancellation_details": {"comment": "moving away"}})

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.subscriptions.update(begun.id, {"cancel_at_period_end": False})

    deleted = person.last(sandbox, "customer.subscription.deleted")["data"]["object"]
    assert deleted["cancellation_details"]["comment"] == "moving away"


def test_a_preview_changes_nothing(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription
) -> None:
    before = sandbox.account.store.counts()
    price = person.price_data(client, 5_000, "year")
    details: Any = {"items": [{"id": _item(begun).id, "price_data": price}], "proration_behavior": "none"}

    shown = client.v1.invoices.create_preview({"subscription": begun.id, "subscription_details": details})

    assert shown.total == 5_000
    assert sandbox.account.store.counts() == before
    assert sandbox.get(begun.id)["items"]["data"][0]["price"]["unit_amount"] == 500


def test_metadata_is_merged_and_unset(client: stripe.StripeClient, begun: stripe.Subscription) -> None:
    client.v1.subscriptions.update(begun.id, {"metadata": {"a": "1", "b": "2"}})
    client.v1.subscriptions.update(begun.id, {"metadata": {"a": "", "c": "3"}})

    assert client.v1.subscriptions.retrieve(begun.id).metadata.to_dict() == {"b": "2", "c": "3"}


def test_a_deleted_customer_ends_its_subscriptions(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription
) -> None:
    client.v1.customers.delete(str(begun.customer))

    assert client.v1.subscriptions.retrieve(begun.id).status == "canceled"
    assert client.v1.customers.retrieve(str(begun.customer)).to_dict()["deleted"] is True
    assert person.told(sandbox)[-2:] == ["customer.subscription.deleted", "customer.deleted"]
