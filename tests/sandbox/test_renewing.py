"""What the clock does to a subscription: renewals, failures, retries, ends."""

from datetime import UTC, datetime

import pytest
import stripe

from membership.sandbox.rules import Rules
from membership.sandbox.server import Sandbox
from tests.sandbox import person
from tests.sandbox.person import DAY, HOUR


def _period(subscription: stripe.Subscription) -> tuple[int, int]:
    item = subscription["items"].data[0]
    return item.current_period_start, item.current_period_end


def test_a_renewal_is_a_draft_for_an_hour_and_then_charged(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    begun = person.subscribe(client, person.patron(client))
    end = _period(begun)[1]
    sandbox.advance_to(end - 1)
    before = len(sandbox.events())

    sandbox.advance_to(end + HOUR - 1)
    (draft, _) = client.v1.invoices.list({"subscription": begun.id}).data
    at_the_end = person.told(sandbox, before)
    sandbox.advance_to(end + HOUR)

    assert (draft.status, draft.created, draft.billing_reason) == ("draft", end, "subscription_cycle")
    assert at_the_end == ["invoice.created", "customer.subscription.updated"]
    assert person.told(sandbox, before)[2:] == [
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice_payment.paid",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
    ]
    assert person.last(sandbox, "charge.succeeded")["created"] == end + HOUR


def test_the_new_period_begins_where_the_old_one_ended(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    begun = person.subscribe(client, person.patron(client))

    sandbox.advance("1 month")

    start, _ = _period(client.v1.subscriptions.retrieve(begun.id))
    assert start == _period(begun)[1]
    invoice = client.v1.invoices.list({"subscription": begun.id}).data[0]
    assert invoice.lines.data[0].period.start == start
    assert (invoice.period_start, invoice.period_end) == (_period(begun)[0], start)


def test_the_31st_becomes_the_last_day_and_comes_back(client: stripe.StripeClient) -> None:
    frozen = int(datetime(2027, 1, 31, 12, tzinfo=UTC).timestamp())
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": frozen})
    begun = person.subscribe(client, person.patron(client, test_clock=clock.id))

    days = []
    for _ in range(3):
        end = _period(client.v1.subscriptions.retrieve(begun.id))[1]
        days.append(datetime.fromtimestamp(end, UTC).strftime("%d %b"))
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": end + HOUR})

    assert days == ["28 Feb", "31 Mar", "30 Apr"]


def test_a_year_at_once_is_twelve_renewals_one_after_the_other(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    begun = person.subscribe(client, person.patron(client))

    sandbox.advance("1 year")
    sandbox.advance("1 hour")

    charges = sandbox.all("charge", customer=begun.customer)
    assert [charge["status"] for charge in charges] == ["succeeded"] * 13
    assert charges == sorted(charges, key=lambda row: row["created"], reverse=True)


def test_an_upcoming_invoice_is_told_a_week_before(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    begun = person.subscribe(client, person.patron(client))

    sandbox.advance("1 month")

    told = person.last(sandbox, "invoice.upcoming")
    assert told["created"] == _period(begun)[1] - 7 * DAY
    assert told["data"]["object"]["amount_due"] == 500


def _failing(client: stripe.StripeClient, sandbox: Sandbox) -> stripe.Subscription:
    person.pay(person.session(client), number="4000000000000341")
    return client.v1.subscriptions.retrieve(sandbox.all("subscription")[0]["id"])


def test_a_renewal_that_fails_makes_the_subscription_past_due(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    begun = _failing(client, sandbox)
    sandbox.advance_to(_period(begun)[1] + HOUR - 1)
    before = len(sandbox.events())

    sandbox.advance(1)

    assert person.told(sandbox, before)[2:] == [
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.updated",
        "invoice.payment_failed",
        "customer.subscription.updated",
    ]
    failed = person.last(sandbox, "invoice.payment_failed")
    invoice = failed["data"]["object"]
    assert (invoice["status"], invoice["attempt_count"]) == ("open", 1)
    assert invoice["next_payment_attempt"] == failed["created"] + 3 * DAY
    assert person.last(sandbox, "customer.subscription.updated")["data"]["previous_attributes"] == {
        "status": "active"
    }


def test_retries_end_with_the_subscription_canceled(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    begun = _failing(client, sandbox)

    sandbox.advance_to(_period(begun)[1] + 23 * DAY)

    tries = [event["created"] for event in sandbox.events("invoice.payment_failed")]
    first = _period(begun)[1] + HOUR
    assert tries == [first, first + 3 * DAY, first + 8 * DAY, first + 15 * DAY, first + 22 * DAY]
    ended = client.v1.subscriptions.retrieve(begun.id)
    assert ended.status == "canceled"
    assert ended.cancellation_details
    assert ended.cancellation_details.reason == "payment_failed"
    assert person.last(sandbox, "invoice.payment_failed")["data"]["object"]["next_payment_attempt"] is None


@pytest.mark.parametrize("settings", [{"rules": Rules(after_retries="unpaid", retry_days=(1,))}])
def test_an_account_may_leave_them_unpaid_instead(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    begun = _failing(client, sandbox)

    sandbox.advance_to(_period(begun)[1] + 2 * DAY)
    sandbox.advance("1 month")

    assert client.v1.subscriptions.retrieve(begun.id).status == "unpaid"
    assert client.v1.invoices.list({"subscription": begun.id}).data[0].status == "draft"


def test_a_new_card_pays_what_is_owed(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    begun = _failing(client, sandbox)
    sandbox.advance_to(_period(begun)[1] + 2 * HOUR)
    invoice = client.v1.invoices.list({"subscription": begun.id}).data[0]
    card = client.v1.payment_methods.attach("pm_card_de", {"customer": str(begun.customer)})
    client.v1.subscriptions.update(begun.id, {"default_payment_method": card.id})

    paid = client.v1.invoices.pay(str(invoice.id))

    assert paid.status == "paid"
    assert client.v1.subscriptions.retrieve(begun.id).status == "active"
    assert (
        person.last(sandbox, "customer.subscription.updated")["data"]["previous_attributes"]["status"]
        == "past_due"
    )


def test_authentication_asked_for_on_renewal_is_told(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    opened = person.session(client)
    person.pay(opened, number="4000000000003220")
    person.authenticate(opened)
    begun = client.v1.subscriptions.retrieve(sandbox.all("subscription")[0]["id"])

    sandbox.advance_to(_period(begun)[1] + HOUR)

    assert client.v1.subscriptions.retrieve(begun.id).status == "past_due"
    asked = person.last(sandbox, "invoice.payment_action_required")["data"]["object"]
    assert asked["hosted_invoice_url"].startswith(sandbox.url)


def test_a_subscription_set_to_end_ends_at_the_period_and_is_not_charged(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    begun = person.subscribe(client, person.patron(client))
    set_to_end = client.v1.subscriptions.update(begun.id, {"cancel_at_period_end": True})

    sandbox.advance("1 month")

    assert set_to_end.cancel_at == _period(begun)[1]
    ended = client.v1.subscriptions.retrieve(begun.id)
    assert (ended.status, ended.ended_at) == ("canceled", _period(begun)[1])
    assert len(sandbox.all("charge")) == 1


def test_taken_back_before_the_end_it_goes_on(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    begun = person.subscribe(client, person.patron(client))
    client.v1.subscriptions.update(begun.id, {"cancel_at_period_end": True})

    resumed = client.v1.subscriptions.update(begun.id, {"cancel_at_period_end": False})
    sandbox.advance("1 month")

    assert (resumed.cancel_at, resumed.canceled_at) == (None, None)
    assert client.v1.subscriptions.retrieve(begun.id).status == "active"
