"""Story earnings: rows by article that add up to the ledger, the unknown among them."""

import html
import re
from datetime import UTC, date, datetime

import pytest

from membership.articles.models import Article
from membership.giving.ledger import Book, EntryKind
from membership.reports import income, stories, story_rows
from membership.reports.periods import last_months
from membership.reports.stories import By
from membership.reports.story_rows import Asked
from tests.reports import books

AT = datetime(2026, 11, 3, 9, tzinfo=UTC)
MONTHS = last_months(2, date(2026, 11, 22))


def an_article(session, headline):
    article = Article(
        slug=headline.lower(), language="en", headline=headline, body="", created_at=AT, updated_at=AT
    )
    session.add(article)
    session.flush()
    return article


def test_a_one_time_gift_is_credited_to_its_article_less_what_went_back(session):
    bread = an_article(session, "Bread")
    cleo = books.a_patron(session, at=AT)
    checkout = books.a_checkout(session, article_id=bread.id, amount=1000, at=AT)
    payment = books.a_payment(session, cleo, 1000, at=AT, checkout=checkout)
    books.an_entry(
        session, EntryKind.REFUND, payment, at=AT, lines=[(Book.REFUNDED, 250), (Book.CLEARING, -250)]
    )

    (row,) = stories.earnings(session, By.ARTICLE, "eur", MONTHS)

    assert (row.title, row.patrons, row.gross, row.refunded, row.kept, row.once) == (
        "Bread",
        1,
        1000,
        250,
        750,
        750,
    )


def test_what_is_not_known_is_a_row_and_the_rows_add_up_to_the_ledger(session):
    bread = an_article(session, "Bread")
    cleo = books.a_patron(session, at=AT)
    checkout = books.a_checkout(session, article_id=bread.id, amount=1000, at=AT)
    books.a_payment(session, cleo, 1000, at=AT, checkout=checkout)
    books.a_payment(session, cleo, 333, at=AT)

    rows = stories.earnings(session, By.ARTICLE, "eur", MONTHS)

    assert [row.subject.id for row in rows] == [bread.id, None]
    assert (
        sum(row.gross for row in rows)
        == sum(r.gross for r in income.by_month(session, "eur", MONTHS))
        == 1333
    )


@pytest.fixture
def told(session):
    """A story with a one-time gift, partly sent back, and a fee; a gift of which nothing is known."""
    bread = an_article(session, "Bread")
    cleo, dov = books.a_patron(session, name="Cleo", at=AT), books.a_patron(session, name="Dov", at=AT)
    for patron, amount in ((cleo, 1000), (dov, 700), (cleo, 300)):
        checkout = books.a_checkout(session, article_id=bread.id, amount=amount, at=AT)
        payment = books.a_payment(session, patron, amount, at=AT, checkout=checkout)
        books.a_balance(session, payment, 40, at=AT)
    books.an_entry(
        session, EntryKind.REFUND, payment, at=AT, lines=[(Book.REFUNDED, 100), (Book.CLEARING, -100)]
    )
    books.a_payment(session, dov, 333, at=AT)
    session.commit()
    return stories.earnings(session, By.ARTICLE, "eur", MONTHS)


def test_fees_and_net_stand_with_a_story_and_add_up_to_the_income_report(session, told):
    bread, unknown = told

    assert (bread.kept, bread.fees, bread.net) == (1900, 120, 1780)
    assert (unknown.fees, unknown.net) == (0, 333)
    month = income.by_month(session, "eur", MONTHS)[-1]
    assert (sum(row.fees for row in told), sum(row.net for row in told)) == (month.fees, month.net)


@pytest.mark.parametrize("figure", [one for one in story_rows.FIGURES if one != "patrons"])
def test_the_rows_under_a_figure_add_up_to_it(session, told, figure):
    for row in told:
        found = story_rows.under(session, figure, Asked(row.subject, "eur", MONTHS), names=True)

        assert found.total == sum(one.amount for one in found.rows) == getattr(row, figure)


def test_under_the_patrons_of_a_story_each_stands_once_with_what_was_kept(session, told):
    found = story_rows.under(session, "patrons", Asked(told[0].subject, "eur", MONTHS), names=True)

    assert [(one.name, one.amount) for one in found.rows] == [("Cleo", 1200), ("Dov", 700)]
    assert found.count == told[0].patrons


def test_what_settles_in_another_currency_is_told_apart_by_story(session):
    bread = an_article(session, "Bread")
    cleo = books.a_patron(session, at=AT)
    checkout = books.a_checkout(session, article_id=bread.id, amount=20_000, at=AT)
    payment = books.a_payment(session, cleo, 20_000, at=AT, currency="uah", checkout=checkout)
    books.an_entry(
        session,
        EntryKind.BALANCE,
        payment,
        at=AT,
        lines=[(Book.CLEARING, -400), (Book.STRIPE, 370), (Book.FEES, 30)],
        currency="eur",
    )

    (row,) = stories.earnings(session, By.ARTICLE, "uah", MONTHS)
    (settled,) = stories.settled_elsewhere(session, "uah", MONTHS)

    assert (row.kept, row.fees) == (20_000, 0)
    assert (settled.title, settled.currency, settled.amount, settled.fees, settled.net) == (
        "Bread",
        "eur",
        400,
        30,
        370,
    )
    assert stories.settled_elsewhere(session, "eur", MONTHS) == []


def test_each_figure_of_the_page_leads_to_rows_that_name_patrons_only_to_who_may_see_them(
    told, ben, pia, as_
):
    page = as_(ben).get("/staff/reports/stories?currency=eur").text
    links = [html.unescape(link) for link in re.findall(r'href="([^"]*/stories/rows[^"]*)"', page)]
    address = f"/staff/reports/stories/rows?by=article&of={told[0].subject.id}&figure=gross&currency=eur"

    assert address in links
    assert {as_(ben).get(link).status_code for link in links} == {200}
    assert "Cleo" not in as_(ben).get(address).text
    assert "Cleo" in as_(pia).get(address).text
    assert ",eur,10.00" in as_(ben).get(address.replace("/rows?", "/rows.csv?")).text


@pytest.mark.parametrize("query", ["of=x", "of=-1", "of=", "of=unknown&by=patron", "of=unknown&figure=all"])
def test_rows_of_what_there_is_not_are_not_found(query, ben, as_):
    assert as_(ben).get(f"/staff/reports/stories/rows?{query}").status_code == 404
