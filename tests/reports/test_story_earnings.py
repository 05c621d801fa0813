"""Story earnings: rows by article that add up to the ledger, the unknown among them."""

from datetime import UTC, date, datetime

from membership.articles.models import Article
from membership.giving.ledger import Book, EntryKind
from membership.reports import income, stories
from membership.reports.periods import last_months
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

    (row,) = stories.by_article(session, "eur", MONTHS)

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

    rows = stories.by_article(session, "eur", MONTHS)

    assert [row.subject_id for row in rows] == [bread.id, None]
    assert (
        sum(row.gross for row in rows)
        == sum(r.gross for r in income.by_month(session, "eur", MONTHS))
        == 1333
    )
