"""Staff who may see patrons see who gave a membership to whom, and what became of it; each look is written down."""

import re
from datetime import datetime

import pytest
from babel.dates import format_date
from sqlalchemy import select, update

from membership.accounts.models import Account, Role
from membership.giving.models import GiftMembership
from membership.newsroom.models import AuditEntry
from membership.patrons.models import Coverage, Patron, Visibility
from membership.web import filters
from tests.cast import an_account
from tests.giving.giver import form_of
from tests.giving.sandboxed import account, hear
from tests.giving.test_giving_a_membership import TYPED, buy, only

__all__ = ["account", "hear"]
LIST = "/staff/giving/memberships"


def _day(at: datetime | None) -> str:
    assert at is not None
    return format_date(at.astimezone(filters.newsroom_zone()).date(), "medium", locale="en_GB")


@pytest.fixture
def desk(as_, pia):
    """The list, as a publisher with the right to see patrons reads it."""
    browser = as_(pia)
    return lambda query="": browser.get(f"{LIST}{query}").text


@pytest.fixture
def bought(account, client, hear, session):
    """A membership of three months for Marta, from Olena."""
    buy(client)
    hear()
    return only(session)


def test_it_says_who_gave_what_to_whom_and_how_it_stands(bought, desk, session):
    page = desk()

    assert "Marta Koval" in page
    assert "not claimed yet" in page
    assert f"mailed {_day(bought.mailed_at)}" in page
    assert f"to be claimed by {_day(bought.claim_before)}" in page
    assert "marta@example.org" not in page
    assert bought.code not in page
    giver = next(patron for patron in session.scalars(select(Patron)))
    assert f'href="/staff/patrons/{giver.public_id}"' in page
    assert "Nothing here fits" in desk("?state=claimed")


def test_what_was_claimed_names_the_patron_and_the_last_day(bought, as_, desk, session):
    marta = an_account(session, name="Marta Koval", email="marta@example.org")
    as_(marta).post(f"/gifts/{bought.code}")

    page = desk("?state=claimed")

    ends_at = session.scalars(select(Coverage.ends_at)).one()
    assert f"<td>{_day(ends_at)}</td>" in re.sub(r"\s*(</?td>)\s*", r"\1", page)
    patron = session.scalars(select(Patron).join(Account).where(Account.id == marta.id)).one()
    assert f'href="/staff/patrons/{patron.public_id}"' in page
    assert "Nothing here fits" in desk("?state=waiting")
    session.execute(update(Patron).where(Patron.id == patron.id).values(visibility=Visibility.SECRET))
    session.commit()
    assert "Marta" not in desk()


def test_what_nobody_claimed_in_time_says_so(account, bought, as_, pia):
    account.sandbox.advance("366 days")
    browser = as_(pia)

    assert "not claimed in time" in browser.get(LIST).text
    assert "Nothing here fits" in browser.get(f"{LIST}?state=waiting").text


def test_what_was_never_paid_for_is_not_listed(account, client, desk, session):
    client.post("/support/gift", data=form_of(client.get("/support/gift")) | TYPED)

    assert len(session.scalars(select(GiftMembership)).all()) == 1
    assert "No membership for somebody else yet" in desk()


def test_it_is_for_who_may_see_patrons_and_each_look_is_written_down(as_, session, desk):
    blind = an_account(session, name="Ben", role=Role.PUBLISHER)

    assert as_(blind).get(LIST).status_code == 403
    desk()

    session.rollback()
    seen = session.scalars(select(AuditEntry.action).filter_by(action="gift_memberships.opened")).all()
    assert len(seen) == 1
