"""Income: from gross to net, month by month, currencies apart."""

from datetime import UTC, date, datetime

from membership.giving.ledger import Book, EntryKind
from membership.reports import income
from membership.reports.periods import last_months
from tests.reports import books

OCTOBER = datetime(2026, 10, 15, 9, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 3, 9, tzinfo=UTC)
MONTHS = last_months(3, date(2026, 11, 22))


def test_a_month_goes_from_gross_to_net(session):
    cleo = books.a_patron(session, at=OCTOBER)
    payment = books.a_payment(session, cleo, 1000, at=OCTOBER)
    books.a_balance(session, payment, 40, at=OCTOBER)
    books.an_entry(
        session, EntryKind.REFUND, payment, at=NOVEMBER, lines=[(Book.REFUNDED, 300), (Book.CLEARING, -300)]
    )

    september, october, november = income.by_month(session, "eur", MONTHS)

    assert (september.gross, september.net) == (0, 0)
    assert (october.gross, october.fees, october.net) == (1000, 40, 960)
    assert (november.gross, november.refunded, november.net) == (0, 300, -300)


def test_currencies_are_never_added(session):
    cleo = books.a_patron(session, at=OCTOBER)
    books.a_payment(session, cleo, 1000, at=OCTOBER)
    books.a_payment(session, cleo, 50_000, at=OCTOBER, currency="uah")

    euros = income.by_month(session, "eur", MONTHS)
    hryvnias = income.by_month(session, "uah", MONTHS)

    assert sum(row.gross for row in euros) == 1000
    assert sum(row.gross for row in hryvnias) == 50_000


def test_a_currency_that_settles_in_another_has_no_fees_of_its_own(session):
    cleo = books.a_patron(session, at=OCTOBER)
    books.a_payment(session, cleo, 50_000, at=OCTOBER, currency="uah")

    assert all(row.fees is None for row in income.by_month(session, "uah", MONTHS))


def test_money_of_others_on_a_shared_account_is_in_no_figure(session):
    cleo = books.a_patron(session, at=OCTOBER)
    payment = books.a_payment(session, cleo, 1000, at=OCTOBER)
    books.an_entry(
        session, EntryKind.CHARGE, payment, at=OCTOBER, lines=[(Book.CLEARING, 700), (Book.FOREIGN, -700)]
    )

    assert sum(row.gross for row in income.by_month(session, "eur", MONTHS)) == 1000


def test_payments_whose_fee_is_not_known_make_the_total_provisional(session):
    cleo = books.a_patron(session, at=OCTOBER)
    known = books.a_payment(session, cleo, 1000, at=OCTOBER)
    books.a_balance(session, known, 40, at=OCTOBER)
    books.a_payment(session, cleo, 500, at=OCTOBER)

    assert income.fees_unknown(session, "eur", MONTHS) == 1
