"""A membership for somebody else: bought once, mailed on its day, claimed once, ended by a refund."""

import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from membership import clock as clock_module
from membership.accounts.models import Account as SignInAccount
from membership.clock import add_months
from membership.db import db
from membership.giving import checking, claiming, coverage, gift_memberships, mailbox, stating
from membership.giving.errors import NotClaimableError
from membership.giving.gift_memberships import GiftState
from membership.giving.models import GiftMembership, Payment
from membership.giving.story import GivenMembership, PatronFacts
from membership.mail.models import MailState, OutgoingMail
from membership.newsroom import due
from membership.patrons import standing
from membership.patrons.models import Coverage, Patron, Source
from membership.patrons.standing import Standing
from tests.cast import an_account
from tests.giving.giver import form_of, pay
from tests.giving.sandboxed import account, hear, work

__all__ = ["account", "hear"]
TYPED = {
    "months": "3",
    "recipient_name": "Marta Koval",
    "recipient_email": "marta@example.org",
    "message": "For all the mornings.",
    "card_language": "en",
    "giver_name": "Olena",
    "email": "olena@example.org",
}


def buy(client, **changes) -> str:
    """Fill in the form and pay; gives the path of the thank-you page."""
    page = client.get("/support/gift")
    answer = client.post("/support/gift", data=form_of(page) | TYPED | changes)
    assert answer.status_code == 303, answer.text
    return pay(answer.headers["Location"], email="olena@example.org")


def only(session: Session) -> GiftMembership:
    session.rollback()
    return session.scalars(select(GiftMembership)).one()


def mails(session, kind: str) -> list[OutgoingMail]:
    session.rollback()
    return list(
        session.scalars(select(OutgoingMail).filter_by(kind=f"giving/{kind}").order_by(OutgoingMail.id))
    )


def covered(session) -> list[Coverage]:
    session.rollback()
    return list(session.scalars(select(Coverage).order_by(Coverage.starts_at)))


def findings(session) -> list[str]:
    session.rollback()
    return [f.check for check in checking.CHECKS for f in check(session) if f.check in {"N24", "N26", "N02"}]


def test_it_is_bought_and_mailed(account, client, hear, session):
    thanks = client.get(buy(client))
    hear()

    gift = only(session)
    assert (gift.months, gift.claimed_at) == (3, None)
    assert "Your gift is ready" in thanks.text
    payment = session.scalars(select(Payment)).one()
    assert (payment.amount, payment.months, payment.gift_months) == (300, 0, 3)
    assert covered(session) == []  # the giver bought nothing for herself
    assert mails(session, "welcome") == []
    assert len(mails(session, "gift_bought")) == 1
    (card,) = mails(session, "gift_membership")
    assert card.recipient == "marta@example.org"
    assert "For all the mornings." in card.text
    assert f"http://localhost/gifts/{gift.code}" in card.text
    printed = client.get(f"/gifts/{gift.code}/card").text
    assert gift_memberships.spelled(gift.code) in printed
    assert f"http://localhost/gifts/{gift.code}" in printed


def test_it_is_claimed_by_who_has_the_code(account, client, as_, hear, session):
    buy(client)
    hear()
    path = f"/gifts/{only(session).code}"

    page = client.get(path)
    assert "3 months as a patron, for Marta Koval" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert only(session).claimed_at is None  # looking claims nothing

    marta = an_account(session, name="Marta Koval", email="marta@example.org")
    browser = as_(marta)
    assert "Begin my membership" in browser.get(path).text
    assert browser.post(path).status_code == 303

    (row,) = covered(session)
    claimed_at = only(session).claimed_at
    assert claimed_at is not None
    assert (row.source, row.starts_at, row.ends_at) == (Source.GIFT, claimed_at, add_months(claimed_at, 3))
    assert findings(session) == []
    told = stating.state(session, clock_module.now())
    assert [line["months"] for line in told["gift_memberships"]] == [3]
    assert "marta" not in str(told).lower()
    assert "claimed already" in client.get(path).text


def test_somebody_without_account_proves_the_address_first(account, client, hear, session):
    buy(client)
    hear()
    code = only(session).code

    answer = client.post(f"/gifts/{code}", data={"email": "New.Reader@example.org"})

    assert answer.headers["Location"].endswith("/sign-in/code")
    session.rollback()
    (mail,) = session.scalars(select(OutgoingMail).filter_by(kind="accounts/sign_in")).all()
    assert mail.recipient == "new.reader@example.org"
    assert only(session).claimed_at is None
    typed = re.search(r"^(\d{6})$", mail.text, re.MULTILINE)
    assert typed is not None
    inside = client.post("/sign-in/code", data={"code": typed.group(1)})
    assert inside.headers["Location"].endswith(f"/gifts/{code}")
    assert session.scalar(
        select(func.count()).select_from(SignInAccount).where(SignInAccount.proven_at.is_not(None))
    )


def test_a_full_refund_ends_it_and_unclaimed_nobody_can_claim_it(account, client, as_, hear, session):
    buy(client)
    hear()
    gift = only(session)
    code, charge = gift.code, session.scalars(select(Payment.id)).one()
    marta = an_account(session, email="marta@example.org")
    as_(marta).post(f"/gifts/{code}")

    account.sandbox.advance(3_600)
    account.client.v1.refunds.create({"charge": charge})
    hear()

    (row,) = covered(session)
    assert (row.source, row.ended_by) == (Source.GIFT, "refund")
    assert gift_memberships.state_of(session, only(session)) is GiftState.ENDED
    other = an_account(session, email="other@example.org")
    assert as_(other).post(f"/gifts/{code}").status_code == 409
    assert findings(session) == []


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_dispute_of_its_payment_ends_it_unless_the_bank_gives_the_money_back(
    account, client, as_, hear, session, outcome
):
    buy(client)
    hear()
    code = only(session).code
    marta = an_account(session, email="marta@example.org")
    assert as_(marta).post(f"/gifts/{code}").status_code == 303
    given_until = covered(session)[0].ends_at

    account.sandbox.advance("3 days")
    dispute = account.sandbox.open_dispute(account.sandbox.all("charge")[0]["payment_intent"])
    hear()
    (row,) = covered(session)
    assert (row.source, row.ended_by) == (Source.GIFT, "dispute")
    assert gift_memberships.state_of(session, only(session)) is GiftState.ENDED
    assert standing.at([row], clock_module.now() + timedelta(minutes=1)) is Standing.LAPSED

    account.sandbox.advance("10 days")
    account.sandbox.close_dispute(dispute, outcome)
    hear()

    rows = covered(session)
    now = clock_module.now() + timedelta(minutes=1)
    assert standing.at(rows, now) is (Standing.ACTIVE if outcome == "won" else Standing.LAPSED)
    assert max(row.ends_at for row in rows) == (given_until if outcome == "won" else row.ends_at)
    assert gift_memberships.state_of(session, only(session)) is (
        GiftState.CLAIMED if outcome == "won" else GiftState.ENDED
    )
    assert findings(session) == []


def test_while_its_payment_is_disputed_nobody_can_claim_it(account, client, as_, hear, session):
    buy(client)
    hear()
    account.sandbox.advance("3 days")
    dispute = account.sandbox.open_dispute(account.sandbox.all("charge")[0]["payment_intent"])
    hear()
    path = f"/gifts/{only(session).code}"
    marta = an_account(session, email="marta@example.org")

    assert as_(marta).post(path).status_code == 409
    account.sandbox.advance("10 days")
    account.sandbox.close_dispute(dispute, "won")
    hear()
    assert as_(marta).post(path).status_code == 303
    assert len(covered(session)) == 1


def test_a_giver_whose_thanks_bounced_is_on_the_desk(account, client, hear, session):
    buy(client)
    hear()
    session.execute(update(OutgoingMail).values(state=MailState.BOUNCED))
    session.commit()

    giver = session.scalars(select(Patron.id)).one()
    assert mailbox.unreached(session) == [giver]


def test_the_mail_waits_for_its_day_in_the_newsrooms_morning(account, client, hear, session):
    today = clock_module.now().date()
    day = today + timedelta(days=10)
    buy(client, mail_on=day.isoformat())
    hear()
    assert mails(session, "gift_membership") == []

    account.sandbox.advance(11 * 86_400)
    work(session)

    assert len(mails(session, "gift_membership")) == 1


def test_a_corrected_address_gets_a_new_code_and_the_old_one_dies(account, client, as_, hear, session):
    buy(client)
    hear()
    gift = only(session)
    old, public_id = gift.code, gift.public_id
    session.rollback()
    olena = session.scalars(select(SignInAccount)).first()
    giver = as_(olena)

    assert "not claimed yet" in giver.get(f"/patron/memberships-given/{public_id}").text
    assert "Marta Koval" in giver.get("/patron").text
    giver.post(f"/patron/memberships-given/{public_id}/address", data={"email": "m.koval@example.org"})
    work(session)

    assert client.get(f"/gifts/{old}").status_code == 404
    assert [mail.recipient for mail in mails(session, "gift_membership")] == [
        "marta@example.org",
        "m.koval@example.org",
    ]
    other = an_account(session)
    assert as_(other).get(f"/patron/memberships-given/{public_id}").status_code == 404


def test_before_it_is_too_late_both_are_reminded_and_then_nobody_can_claim(
    account, client, as_, hear, session
):
    buy(client)
    hear()
    code = only(session).code
    account.sandbox.advance(340 * 86_400)
    work(session)
    assert len(mails(session, "gift_unclaimed")) == 1
    assert len(mails(session, "gift_unclaimed_to_giver")) == 1

    account.sandbox.advance(30 * 86_400)
    marta = an_account(session)
    assert as_(marta).post(f"/gifts/{code}").status_code == 409
    assert covered(session) == []


def test_whoever_was_given_it_hears_before_it_ends(account, client, as_, hear, session):
    buy(client, months="1")
    hear()
    as_(an_account(session, email="marta@example.org")).post(f"/gifts/{only(session).code}")
    account.sandbox.advance(20 * 86_400)
    session.rollback()
    due.apply_all(session)

    assert [mail.recipient for mail in mails(session, "gift_ends")] == ["marta@example.org"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"months": "13"}, "one month to twelve"),
        ({"months": "0"}, "one month to twelve"),
        ({"amount": "2.99"}, "at least €3.00"),
        ({"amount": "x"}, "in digits"),
        ({"recipient_name": ""}, "whom it is for"),
        ({"recipient_email": "marta"}, "complete e-mail address"),
        ({"mail_on": "2020-01-01"}, "within the next year"),
        ({"message": "x" * 501}, "500"),
        ({"message": "\u202e"}, "invisible"),
        ({"email": ""}, "Enter your e-mail address"),
        ({"card_language": "xx"}, "valid choice"),
        ({"form_key": ""}, "out of date"),
    ],
)
def test_what_is_not_plainly_a_gift_is_asked_for_again(client, session, changes, sentence):
    form = form_of(client.get("/support/gift"))

    answer = client.post("/support/gift", data=form | TYPED | changes)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert session.scalar(select(func.count()).select_from(GiftMembership)) == 0


def test_a_code_is_read_however_it_is_typed_and_none_is_guessed(client):
    assert gift_memberships.hash_of("K3V8-OIL1 abcd") == gift_memberships.hash_of("k3v80111abcd")
    for code in ("nothing", "0" * 16, "x" * 65, "%00"):
        assert client.get(f"/gifts/{code}").status_code == 404


def test_of_several_who_claim_at_once_one_does(account, app, client, hear, session):
    buy(client)
    hear()
    gift_id = only(session).id
    ids = [an_account(session).id for _ in range(5)]
    session.rollback()
    ready, outcomes = threading.Barrier(5), []

    def claim(account_id: int) -> None:
        with app.app_context():
            ready.wait()
            here = db.session()
            try:
                gift = here.get_one(GiftMembership, gift_id)
                claiming.claim(here, gift, here.get_one(SignInAccount, account_id))
                here.commit()
                outcomes.append("claimed")
            except NotClaimableError:
                here.rollback()
                outcomes.append("refused")

    threads = [threading.Thread(target=claim, args=(account_id,)) for account_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["claimed", *["refused"] * 4]
    assert len(covered(session)) == 1
    assert session.scalar(select(func.count()).select_from(Patron)) == 2


def test_two_given_to_one_person_stand_end_to_end(session):
    at = clock_module.now()
    given = (
        GivenMembership(key="a", claimed_at=at, months=3),
        GivenMembership(key="b", claimed_at=at + timedelta(days=1), months=12),
    )

    first, second = coverage.of(PatronFacts(given=given), [], 30)

    assert first.ends_at == second.starts_at == add_months(at, 3)
    assert second.ends_at == add_months(at, 15)
