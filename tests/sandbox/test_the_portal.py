"""The billing portal and an invoice's own page, as a patron uses them."""

from typing import Any

import pytest
import requests
import stripe

from membership.sandbox.server import Sandbox
from tests.sandbox import person
from tests.sandbox.person import HOUR

CARD = {"name": "Cleo", "number": "4000 0027 6000 0016", "expiry": "12/35", "cvc": "123"}


@pytest.fixture
def configuration(client: stripe.StripeClient) -> str:
    """A portal that allows everything."""
    params: Any = {
        "features": {
            "payment_method_update": {"enabled": True},
            "invoice_history": {"enabled": True},
            "customer_update": {"enabled": True, "allowed_updates": ["email", "name"]},
            "subscription_pause": {"enabled": True},
            "subscription_cancel": {
                "enabled": True,
                "mode": "at_period_end",
                "cancellation_reason": {"enabled": True, "options": ["too_expensive", "other"]},
            },
        },
        "metadata": {"app": "membership"},
    }
    return client.v1.billing_portal.configurations.create(params).id


@pytest.fixture
def begun(client: stripe.StripeClient) -> stripe.Subscription:
    """A monthly gift of 5.00 EUR, paid."""
    return person.subscribe(client, person.patron(client))


def _portal(client: stripe.StripeClient, begun: stripe.Subscription, configuration: str, **more: Any) -> str:
    params: Any = {
        "customer": str(begun.customer),
        "configuration": configuration,
        "return_url": "http://127.0.0.1:1/patron",
        **more,
    }
    return client.v1.billing_portal.sessions.create(params).url


def _post(url: str, task: str, **form: str) -> requests.Response:
    return requests.post(f"{url}/{task}", data=form, allow_redirects=False, timeout=10)


def test_it_shows_the_gift_the_card_and_the_invoices(
    client: stripe.StripeClient, begun: stripe.Subscription, configuration: str
) -> None:
    page = requests.get(_portal(client, begun, configuration), timeout=10)

    assert page.status_code == 200
    for text in ("€5.00 every month", "Visa •••• 4242", "next charge", "http://127.0.0.1:1/patron", "paid"):
        assert text in page.text


def test_canceling_and_thinking_again(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription, configuration: str
) -> None:
    url = _portal(client, begun, configuration)

    _post(url, "cancel", subscription=begun.id, feedback="too_expensive")
    ending = client.v1.subscriptions.retrieve(begun.id)
    _post(url, "resume", subscription=begun.id)
    going_on = client.v1.subscriptions.retrieve(begun.id)

    assert ending.cancel_at_period_end is True
    assert ending.cancellation_details
    assert ending.cancellation_details.feedback == "too_expensive"
    assert (going_on.cancel_at_period_end, going_on.canceled_at) == (False, None)
    assert person.told(sandbox)[-2:] == ["customer.subscription.updated"] * 2


def test_a_new_card_is_charged_from_then_on(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription, configuration: str
) -> None:
    answer = _post(_portal(client, begun, configuration), "card", **CARD)

    assert answer.status_code == 303
    sandbox.advance("1 month")
    sandbox.advance("1 hour")
    assert sandbox.all("charge")[0]["payment_method_details"]["card"]["country"] == "DE"
    assert "setup_intent.succeeded" in person.told(sandbox)


def test_a_bad_card_is_said_and_not_kept(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription, configuration: str
) -> None:
    url = _portal(client, begun, configuration)
    kept = sandbox.get(str(begun.customer))["invoice_settings"]

    answer = _post(url, "card", **{**CARD, "number": "4000000000000002"})

    assert answer.status_code == 422
    assert "Your card was declined." in answer.text
    assert sandbox.get(str(begun.customer))["invoice_settings"] == kept


def test_pausing_and_resuming(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription, configuration: str
) -> None:
    url = _portal(client, begun, configuration)

    _post(url, "pause", subscription=begun.id)
    paused = client.v1.subscriptions.retrieve(begun.id).status
    _post(url, "unpause", subscription=begun.id)

    assert paused == "paused"
    assert client.v1.subscriptions.retrieve(begun.id).status == "active"
    assert len(sandbox.all("charge")) == 2


def test_another_e_mail_address(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription, configuration: str
) -> None:
    _post(_portal(client, begun, configuration), "details", email="new@example.org")

    told = person.last(sandbox, "customer.updated")["data"]
    assert told["object"]["email"] == "new@example.org"
    assert told["previous_attributes"] == {"email": "cleo@example.org"}


def test_a_flow_begins_at_its_task_and_leads_back_where_it_says(
    client: stripe.StripeClient, begun: stripe.Subscription, configuration: str
) -> None:
    completion = {"type": "redirect", "redirect": {"return_url": "http://127.0.0.1:1/done"}}
    flow = {"type": "payment_method_update", "after_completion": completion}
    url = _portal(client, begun, configuration, flow_data=flow)

    assert "Change your card" in requests.get(url, timeout=10).text
    assert _post(url, "card", **CARD).headers["Location"] == "http://127.0.0.1:1/done"


def test_somebody_elses_subscription_cannot_be_touched(
    client: stripe.StripeClient, begun: stripe.Subscription, configuration: str
) -> None:
    other = person.subscribe(client, person.patron(client))

    answer = _post(_portal(client, begun, configuration), "cancel", subscription=other.id)

    assert answer.status_code == 403
    assert client.v1.subscriptions.retrieve(other.id).cancel_at_period_end is False


def test_what_is_switched_off_cannot_be_done(client: stripe.StripeClient, begun: stripe.Subscription) -> None:
    params: Any = {"features": {"invoice_history": {"enabled": True}}}
    bare = client.v1.billing_portal.configurations.create(params).id
    url = _portal(client, begun, bare)

    assert _post(url, "cancel", subscription=begun.id).status_code == 403
    assert "Change card" not in requests.get(url, timeout=10).text


def test_the_link_is_over_after_an_hour(
    sandbox: Sandbox, client: stripe.StripeClient, begun: stripe.Subscription, configuration: str
) -> None:
    url = _portal(client, begun, configuration)

    sandbox.advance("2 hours")

    assert requests.get(url, timeout=10).status_code == 404


def test_without_a_configuration_there_is_no_portal(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="default configuration has not been created"):
        client.v1.billing_portal.sessions.create({"customer": person.patron(client)})


def _owing(sandbox: Sandbox, client: stripe.StripeClient) -> dict[str, Any]:
    person.pay(person.session(client), number="4000000000000341")
    end = sandbox.all("subscription")[0]["items"]["data"][0]["current_period_end"]
    sandbox.advance_to(end + HOUR)
    return sandbox.all("invoice", status="open")[0]


def test_an_open_invoice_is_paid_on_its_own_page(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    owed = _owing(sandbox, client)

    declined = requests.post(
        owed["hosted_invoice_url"], data={**CARD, "number": "4000000000009995"}, timeout=10
    )
    paid = requests.post(owed["hosted_invoice_url"], data=CARD, timeout=10)

    assert declined.status_code == 402
    assert "insufficient funds" in declined.text
    assert "Nothing is owed." in paid.text
    assert sandbox.all("subscription")[0]["status"] == "active"
