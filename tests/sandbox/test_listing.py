"""Lists: order, pages, filters, and whole objects in place of ids."""

import pytest
import stripe

from membership.sandbox.server import Sandbox
from tests.sandbox import person


def _customers(client: stripe.StripeClient, count: int) -> list[str]:
    return [client.v1.customers.create({"name": str(number)}).id for number in range(count)]


def test_the_newest_comes_first_a_page_at_a_time(client: stripe.StripeClient) -> None:
    made = _customers(client, 5)

    first = client.v1.customers.list({"limit": 2})
    second = client.v1.customers.list({"limit": 2, "starting_after": first.data[-1].id})
    back = client.v1.customers.list({"limit": 2, "ending_before": second.data[0].id})

    assert [row.id for row in first.data] == [made[4], made[3]]
    assert [row.id for row in second.data] == [made[2], made[1]]
    assert (first.has_more, second.has_more) == (True, True)
    assert [row.id for row in back.data] == [made[4], made[3]]


def test_the_sdk_pages_through_all(client: stripe.StripeClient) -> None:
    made = _customers(client, 7)

    found = [row.id for row in client.v1.customers.list({"limit": 3}).auto_paging_iter()]

    assert found == made[::-1]


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_has_one_to_a_hundred_rows(client: stripe.StripeClient, limit: int) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.list({"limit": limit})

    assert refused.value.param == "limit"


def test_a_cursor_nobody_has_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.list({"starting_after": "cus_nobody"})

    assert (refused.value.code, refused.value.param) == ("resource_missing", "starting_after")


def test_what_was_made_in_a_range_of_time(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    (early,) = _customers(client, 1)
    sandbox.advance("1 day")
    (late,) = _customers(client, 1)
    edge = sandbox.now() - 3_600

    assert [row.id for row in client.v1.customers.list({"created": {"lt": edge}}).data] == [early]
    assert [row.id for row in client.v1.customers.list({"created": {"gte": edge}}).data] == [late]


def test_customers_by_address(client: stripe.StripeClient) -> None:
    client.v1.customers.create({"email": "dov@example.org"})
    cleo = client.v1.customers.create({"email": "cleo@example.org"}).id

    assert [row.id for row in client.v1.customers.list({"email": "cleo@example.org"}).data] == [cleo]
    found = client.v1.customers.search({"query": "email:'cleo@example.org'"}).data
    assert [row.id for row in found] == [cleo]


def test_subscriptions_that_ended_are_listed_only_when_asked_for(client: stripe.StripeClient) -> None:
    begun = person.subscribe(client, person.patron(client))
    client.v1.subscriptions.cancel(begun.id)

    assert client.v1.subscriptions.list().data == []
    assert [row.id for row in client.v1.subscriptions.list({"status": "all"}).data] == [begun.id]
    assert [row.id for row in client.v1.subscriptions.list({"status": "canceled"}).data] == [begun.id]


def test_whole_objects_in_place_of_ids(client: stripe.StripeClient) -> None:
    begun = person.subscribe(client, person.patron(client))

    found = client.v1.subscriptions.retrieve(
        begun.id,
        {"expand": ["customer", "latest_invoice.payments.data.payment.payment_intent.latest_charge"]},
    )

    assert isinstance(found.customer, stripe.Customer)
    assert isinstance(found.latest_invoice, stripe.Invoice)
    assert found.latest_invoice.payments
    intent = found.latest_invoice.payments.data[0].payment.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert isinstance(intent.latest_charge, stripe.Charge)


def test_whole_objects_in_a_list(client: stripe.StripeClient) -> None:
    person.subscribe(client, person.patron(client))

    (charge,) = client.v1.charges.list({"expand": ["data.balance_transaction"]}).data

    assert isinstance(charge.balance_transaction, stripe.BalanceTransaction)
    assert charge.balance_transaction.source == charge.id


@pytest.mark.parametrize("path", ["email", "nothing", "customer.email"])
def test_what_is_no_id_cannot_be_expanded(client: stripe.StripeClient, path: str) -> None:
    begun = person.subscribe(client, person.patron(client))

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.subscriptions.retrieve(begun.id, {"expand": [path]})

    assert refused.value.param == "expand"


def test_prices_by_lookup_key(client: stripe.StripeClient) -> None:
    product = person.product(client)
    made = client.v1.prices.create(
        {"currency": "eur", "unit_amount": 500, "product": product, "lookup_key": "coffee"}
    )
    client.v1.prices.create({"currency": "eur", "unit_amount": 900, "product": product})

    assert [row.id for row in client.v1.prices.list({"lookup_keys": ["coffee"]}).data] == [made.id]
