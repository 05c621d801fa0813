"""About, the other ways, where the money goes: for everybody, without cookies, rounded."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from membership import clock
from membership.giving.ledger import Book, EntryKind, LedgerEntry, LedgerLine
from membership.newsroom import settings_rows
from membership.newsroom.models import OtherWay
from membership.site import openness
from tests.cast import SignedIn

PAGES = ["/about", "/patrons", "/transparency", "/support/other-ways"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["", "/uk"])
def test_anybody_may_read_them_and_gets_no_cookie(client, path: str, language: str):
    answer = client.get(language + path)

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert "<h1>" in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_they_are_the_same_for_who_has_signed_in(client, as_: SignedIn, cleo, path: str):
    assert as_(cleo).get(path).data == client.get(path).data


def test_the_newsrooms_own_words_are_shown_safely(client, session: Session):
    settings_rows.change(session, {"about": {"en": "We are *eleven*.<script>alert(1)</script>"}})
    session.commit()

    page = client.get("/about").text

    assert "<em>eleven</em>" in page
    assert "<script>" not in page


def booked(session: Session, day: date, amount: int, *, currency: str = "eur") -> None:
    """A gift in the ledger."""
    entry = LedgerEntry(
        kind=EntryKind.CHARGE,
        stripe_id=f"ch_{day}_{amount}_{currency}",
        at=clock.now(),
        effective_on=day,
        booked_on=day,
    )
    session.add(entry)
    session.flush()
    for number, (book, signed) in enumerate(((Book.GIFTS, -amount), (Book.CLEARING, amount))):
        session.add(LedgerLine(entry_id=entry.id, number=number, book=book, amount=signed, currency=currency))
    session.commit()


def test_years_are_told_apart_and_rounded_down(client, session: Session):
    booked(session, date(2025, 3, 1), 123_456)
    booked(session, date(2026, 3, 1), 99_999)
    booked(session, date(2026, 4, 1), 20_001)
    booked(session, date(2026, 4, 1), 9_999, currency="uah")

    page = client.get("/transparency").text

    assert "€1,200.00" in page
    assert "1,234" not in page
    assert [(year.year, [m.plain() for m in year.given]) for year in openness.years(session)] == [
        (2026, ["1200.00"]),
        (2025, ["1200.00"]),
    ]


@pytest.mark.parametrize(
    ("count", "told"), [(0, None), (19, None), (20, 20), (99, 90), (1_234, 1_200), (987_654, 980_000)]
)
def test_counts_are_rounded_to_two_digits(count: int, told: int | None):
    assert openness.rounded(count) == told


def test_editors_write_the_other_ways(client, as_: SignedIn, ada, session: Session):
    form = {"language": "en", "title": "By post", "text": "A *letter*, to us.", "position": "1"}

    answer = as_(ada).post("/staff/giving/other-ways", data=form)

    assert answer.status_code == 303
    assert "<em>letter</em>" in client.get("/support/other-ways").text
    assert as_(ada).post("/staff/giving/other-ways", data=form).status_code == 422


def test_a_way_is_changed_and_taken_off(client, as_: SignedIn, ada, ben, session: Session):
    way = OtherWay(language="en", title="By post", text="A letter.")
    session.add(way)
    session.commit()
    path = f"/staff/giving/other-ways/{way.id}"
    form = {"language": "en", "title": "By pigeon", "text": "To the roof.", "position": "2"}

    assert as_(ben).post(path, data=form).status_code == 403
    as_(ada).post(path, data=form)
    assert "By pigeon" in client.get("/support/other-ways").text
    as_(ada).post(f"{path}/deletion")

    assert "By pigeon" not in client.get("/support/other-ways").text
