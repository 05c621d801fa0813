"""The sandbox's pages in a real browser: walked without scripts, at a phone's width, and held to WCAG."""

from pathlib import Path
from typing import Any

import pytest
import stripe
from playwright.sync_api import Browser, Page

from membership.sandbox.server import Sandbox
from tests.sandbox import person

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js"
PHONE, DESK = {"width": 375, "height": 740}, {"width": 1280, "height": 800}


def _page(chromium: Browser, size: Any, **more: Any) -> Page:
    return chromium.new_context(viewport=size, **more).new_page()


def _fill(page: Page, number: str) -> None:
    page.get_by_label("E-mail").fill("cleo@example.org")
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry").fill("12 / 34")
    page.get_by_label("CVC").fill("123")
    page.get_by_label("Name on card or account").fill("Cleo")


def test_a_phone_without_scripts_pays_after_a_decline_and_the_banks_question(
    sandbox: Sandbox, client: stripe.StripeClient, chromium: Browser
) -> None:
    opened = person.session(client, success_url=f"{sandbox.url}/sandbox.css?{{CHECKOUT_SESSION_ID}}")
    page = _page(chromium, PHONE, java_script_enabled=False)
    page.goto(str(opened.url))

    _fill(page, "4000 0000 0000 0002")
    page.get_by_role("button", name="Subscribe").click()
    declined = page.get_by_role("alert").inner_text()
    _fill(page, "4000 0025 0000 3155")
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_role("button", name="Complete authentication").click()

    assert declined == "Your card was declined."
    assert page.url == f"{sandbox.url}/sandbox.css?{opened.id}"
    assert sandbox.all("subscription")[0]["status"] == "active"


def test_choosing_a_bank_debit_changes_the_fields(client: stripe.StripeClient, chromium: Browser) -> None:
    page = _page(chromium, DESK, java_script_enabled=False)
    page.goto(str(person.session(client, interval=None).url))

    page.get_by_label("Bank debit (SEPA)").check()

    assert page.get_by_label("IBAN").is_visible()
    assert not page.get_by_label("Card number").is_visible()


def test_the_desk_moves_time_and_disputes(
    sandbox: Sandbox, client: stripe.StripeClient, chromium: Browser
) -> None:
    person.pay(person.session(client, interval=None))
    page = _page(chromium, DESK)
    page.goto(sandbox.url)

    page.get_by_role("button", name="+ 1 day").click()
    page.get_by_role("button", name="Dispute").click()

    assert sandbox.clock.offset == 86_400
    assert len(sandbox.all("dispute")) == 1
    assert page.url == f"{sandbox.url}/"


def _addresses(sandbox: Sandbox, client: stripe.StripeClient) -> list[str]:
    """One address of each kind of page."""
    features: Any = {
        "payment_method_update": {"enabled": True},
        "invoice_history": {"enabled": True},
        "customer_update": {"enabled": True, "allowed_updates": ["email"]},
        "subscription_pause": {"enabled": True},
        "subscription_cancel": {
            "enabled": True,
            "cancellation_reason": {"enabled": True, "options": ["too_expensive", "other"]},
        },
    }
    client.v1.billing_portal.configurations.create({"features": features})
    begun = person.subscribe(client, person.patron(client))
    portal = client.v1.billing_portal.sessions.create({"customer": str(begun.customer)}).url
    person.pay(person.session(client, interval=None), way="debit", iban="DE89370400440532013000")
    opened = person.session(client)
    person.pay(opened, number="4000000000000002")
    (owed,) = sandbox.all("invoice", status="open")
    tasks = ["", "/card", "/details", f"/cancel?subscription={begun.id}", f"/pause?subscription={begun.id}"]
    desk = ["/", "/objects/charge", f"/object/{begun.id}", "/nowhere"]
    return [
        str(opened.url),
        f"{opened.url}/authenticate",
        owed["hosted_invoice_url"],
        *(portal + task for task in tasks),
        *(sandbox.url + path for path in desk),
    ]


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESK, "dark")], ids=["phone", "desk"])
def test_no_page_has_a_barrier_or_runs_over_the_edge(
    sandbox: Sandbox, client: stripe.StripeClient, chromium: Browser, size: Any, scheme: Any
) -> None:
    page = _page(chromium, size, color_scheme=scheme, bypass_csp=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    found: dict[str, Any] = {}
    for address in _addresses(sandbox, client):
        page.goto(address)
        page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
        barriers = page.evaluate("axe.run().then(told => told.violations.map(one => one.id))")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            barriers.append("runs over the edge")
        if barriers:
            found[address] = barriers

    assert found == {}
    assert [url for url in asked if not url.startswith(sandbox.url)] == []
