"""Checkouts once more: amounts at their limits, ways back in disguise, what Stripe has charged (section C)."""

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from membership import money
from membership.gateway import products
from membership.giving.ledger import Book, LedgerLine
from membership.giving.models import Checkout, Payment
from membership.newsroom import settings_rows
from membership.patrons.models import Patron
from membership.web.redirects import safe_path
from tests.giving.giver import choose, pay, send
from tests.giving.sandboxed import account, hear

__all__ = ["account", "hear"]


@pytest.mark.parametrize("currency", ["jpy", "gbp", "btc", "EUR", "eur ", ""])
def test_c12_a_currency_that_is_not_on_the_newsrooms_list_is_refused(account, client, session, currency):
    answer = send(client, choose(client, amount="500"), currency=currency)

    assert answer.status_code == 422
    assert "We cannot take that currency. We take: EUR, UAH, USD." in answer.text
    assert session.scalars(select(Checkout)).all() == []
    assert account.sandbox.all("checkout.session") == []


@pytest.mark.parametrize(("amount", "status"), [("10000.00", 303), ("10000.01", 422)])
def test_c13_a_cent_above_the_largest_gift_is_answered_with_whom_to_write_to(account, client, amount, status):
    answer = send(client, choose(client, interval="once"), amount=amount)

    assert answer.status_code == status
    told = "Online we take at most €10,000.00 at a time. Write to desk@example.org about a larger gift."
    assert (told in answer.text) is (status == 422)
    assert len(account.sandbox.all("checkout.session")) == (status == 303)


@pytest.mark.parametrize("interval", ["once", "month", "year"])
@pytest.mark.parametrize(
    ("currency", "below", "least", "told"),
    [("eur", "0.49", "0.50", "€0.50"), ("gbp", "0.29", "0.30", "£0.30"), ("czk", "14.99", "15", "CZK15.00")],
)
def test_c13_less_than_stripe_charges_is_told_and_not_sent_whatever_the_newsroom_decided(
    account, client, session, interval, currency, below, least, told
):
    settings_rows.change(
        session,
        {
            "currencies": [currency],
            "smallest_gifts": {currency: dict.fromkeys(("once", "month", "year"), 10)},
            "default_currency": currency,
        },
    )
    session.commit()
    form = choose(client, interval=interval, currency=currency)

    refused = send(client, form, amount=below)

    assert refused.status_code == 422
    assert f"gift is {told}." in refused.text
    assert account.sandbox.all("checkout.session") == []
    assert send(client, form, amount=least).status_code == 303


def test_c13_stripes_smallest_amounts_can_all_be_typed():
    for currency, least in money.STRIPE_SMALLEST.items():
        assert money.parse(money.Money(least, currency).plain(), currency).amount == least


def test_c15_a_session_whose_amount_was_changed_at_stripe_is_booked_as_it_was_paid(
    account, client, session, hear
):
    url = send(client, choose(client, amount="5", interval="once")).headers["Location"]
    opened = account.sandbox.all("checkout.session")[0]
    account.sandbox.account.store.put(opened | {"amount_total": 450})

    pay(url)
    hear()

    session.rollback()
    assert session.scalars(select(Checkout.amount)).one() == 500
    assert session.scalars(select(Payment.amount)).one() == 450
    gifts = select(func.sum(LedgerLine.amount)).where(LedgerLine.book == Book.GIFTS)
    assert session.scalar(gifts) == -450
    assert session.scalar(select(func.count()).select_from(Patron)) == 1


@pytest.mark.parametrize("code", ["%0d", "%0D", "%0a", "%0A", "%00", "%5c", "%5C"])
def test_c17_no_way_back_holds_a_line_break_or_a_backslash_in_disguise(code):
    assert safe_path(f"/{code}Set-Cookie:x=1", default="/") == "/"
    assert safe_path(f"/patron?next=a{code}b", default="/") == "/"


@pytest.mark.parametrize("path", ["/patron", "/uk/articles/%D1%85%D0%BB%D1%96%D0%B1?page=2", "/a%20b#c"])
def test_c17_a_plain_path_of_this_site_is_kept(path):
    assert safe_path(path, default="/") == path


def test_c33_what_was_taken_off_sale_at_stripe_is_told_in_the_log_as_a_warning(account, client):
    send(client, choose(client, amount="5", interval="month"))
    account.client.v1.products.update(products.IDS["month"], {"active": False})

    with capture_logs() as logs:
        answer = send(client, choose(client, amount="6", interval="month"), email="eve@example.org")

    assert answer.status_code == 503
    (refusal,) = [line for line in logs if line["event"] == "stripe_error"]
    assert (refusal["log_level"], refusal["status"]) == ("warning", 400)
    assert refusal["request"].startswith("req_")
