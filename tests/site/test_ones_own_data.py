"""A patron's own data: taken along by that patron alone, and deleted for good, gifts at Stripe first (A35, A36)."""

import json
import re

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts.models import Account as SignInAccount
from membership.gateway import client as gateway
from membership.giving import checking, departing, reconciling
from membership.giving.ledger import LedgerEntry
from membership.giving.models import Checkout, OutgoingCall, Payment, Receipt, StripeCustomer
from membership.mail.models import OutgoingMail
from membership.newsroom.models import AuditEntry
from membership.patrons.models import NameWord, Patron
from membership.topics.models import Ballot
from tests.cast import a_patron, an_account
from tests.giving.sandboxed import account, hear, work
from tests.giving.signed_in import Giver, begin
from tests.topics.voters import a_round, a_topic

__all__ = ["account", "hear"]
BOTH = {"ends_gifts": "y", "is_meant": "y"}


@pytest.fixture
def giver(account, client, session, as_, hear) -> Giver:
    """Olena, who gives 5.00 EUR a month and has signed in; her browser is of this hour."""
    return begin(account, client, session, as_, hear, amount="5", interval="month")


def delete(giver: Giver, **ticked: str):
    page = giver.browser.get("/patron/data").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None, page[-2000:]
    return giver.browser.post("/patron/data/deletion", data={"csrf_token": token.group(1), **ticked})


def everything(session: Session) -> str:
    """All rows of the database in clear, but for Stripe's stored events."""
    session.rollback()
    session.expire_all()
    rows: list[str] = []
    for model in (SignInAccount, Patron, StripeCustomer, Checkout, Receipt, OutgoingMail, NameWord):
        for row in session.scalars(select(model)):
            rows += [str(getattr(row, column.key)) for column in model.__mapper__.columns]
    return "\n".join(rows)


def test_a_patron_takes_along_all_and_only_own_data(giver: Giver, session: Session):
    a_patron(session, an_account(session, email="dov@example.org", name="Dov Other"))

    answer = giver.browser.get("/patron/data.json")
    told = json.loads(answer.text)

    assert told["account"]["email"] == "olena@example.org"
    assert [(gift["amount"], gift["interval"]) for gift in told["gifts_that_renew"]] == [("5.00", "month")]
    assert [payment["amount"] for payment in told["payments"]] == ["5.00"]
    assert [receipt["number"] for receipt in told["receipts"]] == [f"{clock.now().year}-000001"]
    assert "giving/welcome" in {mail["about"] for mail in told["mails"]}
    assert "Dov" not in answer.text
    assert "dov@example.org" not in answer.text
    assert "no-store" in answer.headers["Cache-Control"]


def test_an_old_session_signs_in_again_first(giver: Giver):
    giver.account.sandbox.advance("2 hours")

    assert giver.browser.get("/patron/data.json").status_code == 403
    assert "sign in again" in giver.browser.get("/patron/data").text
    assert giver.browser.post("/patron/data/deletion", data=BOTH).status_code == 422
    assert giver.at_stripe()["status"] == "active"


def test_nobody_else_takes_anything(client, as_, ben):
    assert client.get("/patron/data.json").status_code == 303
    assert as_(ben).get("/patron/data.json").status_code == 404


@pytest.mark.parametrize("ticked", [{}, {"is_meant": "y"}, {"ends_gifts": "y"}])
def test_a_gift_that_renews_is_ended_by_an_explicit_choice_only(giver: Giver, session: Session, ticked):
    assert delete(giver, **ticked).status_code == 422
    assert giver.at_stripe()["status"] == "active"
    session.rollback()
    assert session.scalars(select(Patron.deletion_asked_at)).one() is None


def test_deleting_ends_the_gift_at_stripe_and_leaves_money_without_a_person(
    giver: Giver, session: Session, hear
):
    round_ = a_round(session, [a_topic(session, "Bread")])
    patron = session.scalars(select(Patron)).one()
    patron.name = "Olena Kravets"
    now = clock.now()
    ballot = Ballot(round_id=round_.id, patron_id=patron.id, receipt="r" * 16, cast_at=now, changed_at=now)
    session.add(ballot)
    session.commit()
    entries = session.scalar(select(func.count()).select_from(LedgerEntry))
    public_id = patron.public_id

    answer = delete(giver, **BOTH)
    hear()

    assert answer.headers["Location"] == "/support/deleted"
    assert giver.at_stripe()["status"] == "canceled"
    assert "gift.end" in session.scalars(select(OutgoingCall.kind)).all()
    (goodbye,) = session.scalars(select(OutgoingMail)).all()
    assert (goodbye.kind, goodbye.recipient) == ("patrons/data_deleted", "olena@example.org")
    session.delete(goodbye)
    session.commit()
    kept = everything(session)
    for word in ("olena", "Olena", "Kravets"):
        assert word not in kept
    assert giver.browser.get("/patron").status_code == 303  # nobody is signed in
    assert session.scalar(select(func.count()).select_from(Payment)) == 1
    assert (session.scalar(select(func.count()).select_from(LedgerEntry)) or 0) >= (entries or 0)
    assert session.scalars(select(Ballot)).all() == []
    assert session.scalars(select(AuditEntry.subject).filter_by(action="patron.deleted")).all() == [
        f"patron:{public_id}"
    ]
    assert [f.sentence for check in checking.CHECKS for f in check(session)] == []


def test_what_stripe_tells_later_finds_the_tombstone(giver: Giver, session: Session, hear):
    delete(giver, **BOTH)
    hear()
    customer = session.scalars(select(StripeCustomer.id)).one()
    session.rollback()

    giver.account.client.v1.customers.update(customer, {"name": "Olena Again", "email": "olena@new.example"})
    giver.account.sandbox.refund(giver.account.sandbox.all("charge")[0]["payment_intent"])
    hear()
    reconciling.reconcile(session, gateway.current(), since=None)
    work(session)

    session.rollback()
    (patron,) = session.scalars(select(Patron)).all()
    assert (patron.account_id, patron.name) == (None, "")
    assert patron.deleted_at is not None
    assert session.scalars(select(SignInAccount)).all() == []
    row = session.scalars(select(StripeCustomer)).one()
    assert (row.email, row.name) == (None, None)


def test_while_stripe_is_out_of_reach_the_wish_waits_and_the_patron_is_told(
    giver: Giver, session: Session, hear
):
    giver.account.sandbox.faults.add("busy", path="/v1/subscriptions", method="DELETE", times=9)
    answer = delete(giver, **BOTH)

    assert answer.headers["Location"] == "/patron/data"
    assert "Your data is being deleted" in giver.browser.get("/patron/data").text
    assert giver.at_stripe()["status"] == "active"

    giver.account.sandbox.faults.clear()
    giver.account.sandbox.advance("5 minutes")
    session.rollback()
    assert departing.settle_all(session) == 1
    hear()
    assert giver.at_stripe()["status"] == "canceled"
    assert session.scalars(select(Patron.deleted_at)).one() is not None
    assert [mail.kind for mail in session.scalars(select(OutgoingMail))] == ["patrons/data_deleted"]


def test_somebody_who_works_here_keeps_the_account_and_is_a_patron_no_longer(session: Session, as_, ada):
    patron = a_patron(session, ada)

    departing.settle(session, gateway.current(), patron.id)

    session.rollback()
    assert session.get_one(SignInAccount, ada.id).email
    assert session.get_one(Patron, patron.id).account_id is None
    assert session.get_one(Patron, patron.id).deleted_at is not None
