"""One address is one account and one patron, also while the keys are rotated, and whichever way the books are made."""

from datetime import UTC, datetime

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import func, select

from membership import clock, secrets
from membership.accounts.models import Account
from membership.giving import loading, models
from membership.giving.models import Checkout, Interval, Owner, StripeCustomer
from membership.newsroom import settings_rows
from membership.patrons import enrolling
from membership.patrons.models import Coverage, Patron
from tests.giving.stripe_words import Life, monthly, once

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
SECRET = "x" * 40


@pytest.fixture
def rotate(app):
    """Change the newest key of the fields, as an operator does; the old one still reads."""
    del app

    def begin(*keys: str) -> None:
        secrets.configure(field_keys=keys, secret_key=SECRET)

    begin(OLD)
    yield begin
    secrets.configure(field_keys=(OLD,), secret_key=SECRET)


def _count(session, table) -> int:
    session.rollback()
    return int(session.scalar(select(func.count()).select_from(table)))


def _a_checkout(session, public_id: str, email: str, *, patron: Patron | None = None) -> None:
    session.add(
        Checkout(
            public_id=public_id,
            form_key=f"form-{public_id}",
            created_at=clock.now(),
            amount=2500,
            covered_fee=0,
            currency="eur",
            interval=Interval.ONCE,
            smallest_monthly=500,
            email=email,
            email_index=secrets.blind_index(email),
            language="uk",
            patron_id=patron.id if patron is not None else None,
        )
    )
    session.commit()


def _objects(*lives: Life) -> list[dict[str, object]]:
    return [thing for life in lives for thing in life.objects.values()]


def test_a_second_gift_in_the_middle_of_a_rotation_is_the_same_patrons(session, take, rotate):
    first, second = Life("one", email="cleo@example.org"), Life("two", email="cleo@example.org")
    once(first)
    once(second)
    take(first.events)
    session.rollback()

    rotate(NEW, OLD)
    take(second.events)

    assert (_count(session, Account), _count(session, Patron)) == (1, 1)
    patron_ids = set(session.scalars(select(StripeCustomer.patron_id)))
    assert len(patron_ids) == 1


def test_a_history_loaded_in_the_middle_of_a_rotation_makes_nobody_twice(session, take, rotate):
    first, second, third = (Life(name, email="cleo@example.org") for name in ("one", "two", "three"))
    for life in (first, second, third):
        once(life)
    take(first.events)
    session.rollback()

    rotate(NEW, OLD)
    loading.load(session, _objects(second, third))

    assert (_count(session, Account), _count(session, Patron)) == (1, 1)
    assert set(session.scalars(select(models.Payment.owner))) == {Owner.OURS}
    assert _count(session, Coverage) == 3


def test_loaded_customers_who_gave_one_address_in_our_form_are_one_patron_with_all_gifts(session):
    first, second = Life("one", email="home@example.org"), Life("two", email="work@example.org")
    for life in (first, second):
        once(life)
        _a_checkout(session, f"co{life.name}", "cleo@example.org")

    loading.load(session, _objects(first, second))

    assert (_count(session, Patron), _count(session, Coverage)) == (1, 2)


@pytest.mark.parametrize("way", ["events", "loading"])
def test_what_a_signed_in_patron_gives_is_that_patrons_whatever_address_stripe_met(session, take, way):
    cleo = enrolling.find_or_make(
        session, email="cleo@example.org", name="Cleo", language="en", at=clock.now()
    )
    session.flush()
    _a_checkout(session, "coone", "other@example.org", patron=cleo)
    life = Life("one", email="billing@example.org")
    once(life)

    if way == "events":
        take(life.events)
    else:
        loading.load(session, _objects(life))

    assert _count(session, Patron) == 1
    assert session.scalars(select(StripeCustomer.patron_id)).all() == [cleo.id]


@pytest.mark.parametrize("way", ["events", "loading"])
def test_a_patron_who_chose_no_language_is_written_to_in_the_newsrooms(session, take, way):
    settings_rows.change(session, {"default_language": "uk"})
    session.commit()
    life = Life("one")
    monthly(life)

    if way == "events":
        take(life.events)
    else:
        loading.load(session, _objects(life))

    assert session.scalars(select(Patron.language)).all() == ["uk"]


def test_an_empty_name_is_filled_by_a_later_gift_and_never_replaced(session):
    def give(name: str) -> str:
        at = datetime(2026, 3, 1, tzinfo=UTC)
        patron = enrolling.find_or_make(session, email="cleo@example.org", name=name, language="en", at=at)
        return patron.name

    assert [give(name) for name in ("", "Cleo", "Clio")] == ["", "Cleo", "Cleo"]
