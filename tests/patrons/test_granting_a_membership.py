"""Memberships granted by staff: with an end and a reason, audited, revocable, no income."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.mail.models import OutgoingMail
from membership.newsroom.models import AuditEntry
from membership.patrons import standing
from membership.patrons.models import Coverage, Grant
from membership.patrons.standing import Standing
from tests.cast import a_patron, patron_of

GRANT = {"last_day": "2026-12-31", "reason": "She photographs for us."}


def only(session: Session) -> Coverage:
    session.rollback()
    return session.scalars(select(Coverage)).one()


def test_a_grant_covers_to_the_end_of_its_last_day(as_, pia, session):
    patron = a_patron(session, name="Iryna")
    public_id = patron.public_id
    browser = as_(pia)

    browser.post(f"/staff/patrons/{public_id}/grants", data=GRANT)

    row = only(session)
    assert (row.source, row.ends_at) == ("grant", datetime(2026, 12, 31, 22, tzinfo=UTC))  # midnight in Kyiv
    assert "She photographs for us." in browser.get(f"/staff/patrons/{public_id}").text
    trail = session.execute(select(AuditEntry.action, AuditEntry.details).order_by(AuditEntry.id)).all()
    assert trail[0][0] == "grant.made"
    assert trail[0][1] == {"patron": public_id, "last_day": "2026-12-31"}


def test_somebody_new_is_granted_one_and_told(as_, pia, session):
    data = GRANT | {"name": "Ivan", "email": "Ivan@example.org", "tell": "y"}
    as_(pia).post("/staff/patrons/grants", data=data)

    only(session)
    mail = session.scalars(select(OutgoingMail)).one()
    assert (mail.kind, mail.recipient) == ("patrons/granted", "ivan@example.org")
    assert "31 December 2026" in mail.text


def test_a_revoked_grant_ends_at_once(as_, pia, session, clock):
    patron = a_patron(session)
    browser = as_(pia)
    browser.post(f"/staff/patrons/{patron.public_id}/grants", data=GRANT)
    clock.move(timedelta(minutes=5))
    session.rollback()
    grant = session.scalars(select(Grant)).one()
    grant_id, patron_id = grant.public_id, grant.patron_id

    browser.post(f"/staff/patrons/grants/{grant_id}/revocation")
    browser.post(f"/staff/patrons/grants/{grant_id}/revocation")

    row = only(session)
    assert (row.ends_at, row.ended_by) == (clock.now(), "staff")
    assert standing.of(session, patron_id, clock.now()) is Standing.LAPSED
    assert session.scalars(select(AuditEntry.action)).all().count("grant.revoked") == 1


@pytest.mark.parametrize(
    "changes",
    [{"last_day": "2026-11-21"}, {"last_day": "2036-01-01"}, {"last_day": "x"}, {"reason": ""}],
)
def test_a_grant_needs_an_end_and_a_reason(as_, pia, session, changes):
    patron = a_patron(session)

    answer = as_(pia).post(f"/staff/patrons/{patron.public_id}/grants", data=GRANT | changes)

    assert answer.status_code == 422
    assert session.scalars(select(Grant)).all() == []


def test_whoever_may_not_see_patrons_grants_nothing(as_, ada, ben, cleo, session):
    public_id = patron_of(session, cleo).public_id
    for browser in (as_(ada), as_(ben)):
        assert browser.post(f"/staff/patrons/{public_id}/grants", data=GRANT).status_code == 403
    assert session.scalars(select(Grant)).all() == []
