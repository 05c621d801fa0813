"""A mailbox that is wrong or lost: help that reveals nothing, and staff who act for a patron, audited and undoable."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from membership import clock
from membership.accounts.models import Account as SignInAccount
from membership.accounts.models import AddressChange, SignInSession
from membership.giving.models import CareAct, MailboxRequest
from membership.mail.models import MailState, OutgoingMail
from membership.newsroom.models import AuditEntry
from membership.patrons.models import Patron, Visibility
from tests.cast import an_account
from tests.giving.caring import LINK, Carer, carer
from tests.giving.sandboxed import account, hear
from tests.giving.test_mending_a_failed_renewal import let_fail, open_bill

__all__ = ["account", "carer", "hear"]

ADDRESS = re.compile(r"http://localhost(/address/\S+)")


def told(**changes: str) -> dict[str, str]:
    """What Olena reads on her bank statement."""
    return {
        "paid_on": clock.now().date().isoformat(),
        "currency": "eur",
        "amount": "5",
        "card_last4": "4242",
        "email": "olena.new@example.org",
        "note": "Please end it.",
    } | changes


def care_page(carer: Carer, what: str = "") -> str:
    """A page of staff about Olena."""
    carer.session.rollback()
    patron = carer.session.scalars(select(Patron).where(Patron.account_id == olena(carer).id)).one()
    return f"/staff/giving/care/{patron.public_id}{what}"


def olena(carer: Carer) -> SignInAccount:
    carer.session.rollback()
    return carer.session.scalars(select(SignInAccount).filter_by(role=None)).one()


def gift_page(carer: Carer) -> str:
    return care_page(carer, f"/gifts/{carer.subscription_id}")


def actions(carer: Carer) -> list[str]:
    carer.session.rollback()
    return list(carer.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def of_kind(carer: Carer, kind: str) -> list[OutgoingMail]:
    return [mail for mail in carer.mails() if mail.kind == kind]


def test_the_answer_is_the_same_whatever_is_told(carer: Carer):
    right = carer.browser.post("/support/lost-mailbox", data=told())
    wrong = carer.browser.post("/support/lost-mailbox", data=told(amount="6", card_last4="0000"))

    assert (right.status_code, right.headers["Location"]) == (wrong.status_code, wrong.headers["Location"])
    assert right.text == wrong.text
    assert carer.browser.get(right.headers["Location"]).status_code == 200
    assert len(carer.session.scalars(select(MailboxRequest)).all()) == 2


def test_the_desk_shows_the_patrons_whose_payments_fit(carer: Carer, as_, pia):
    carer.browser.post("/support/lost-mailbox", data=told())
    carer.browser.post("/support/lost-mailbox", data=told(amount="6"))
    browser = as_(pia)

    page = browser.get("/staff/giving/care").text

    assert "Patrons who cannot get into their mailbox" in browser.get("/staff").text
    assert page.count(care_page(carer)) == 1
    assert page.count("No payment fits.") == 1
    assert "olena.new@example.org" in page


def test_a_call_that_is_done_leaves_the_desk_and_keeps_no_address(carer: Carer, as_, pia):
    carer.browser.post("/support/lost-mailbox", data=told())
    carer.session.rollback()
    public_id = carer.session.scalars(select(MailboxRequest.public_id)).one()
    as_(pia).post(f"/staff/giving/care/calls/{public_id}/close")

    carer.session.rollback()
    row = carer.session.scalars(select(MailboxRequest)).one()
    assert row.closed_at is not None
    assert (row.email, row.note) == ("", "")
    assert "mailbox_request.closed" in actions(carer)


def test_help_is_asked_for_a_few_times_a_day_only(carer: Carer):
    answers = [carer.browser.post("/support/lost-mailbox", data=told()).status_code for _ in range(6)]

    assert answers == [303] * 5 + [429]


@pytest.mark.parametrize(
    "wrong",
    [
        {"card_last4": "42"},
        {"card_last4": "٤٢٤٢"},
        {"paid_on": "2999-01-01"},
        {"paid_on": "soon"},
        {"amount": "-5"},
        {"email": "a@example.org,b@example.org"},
        {"currency": "xxx"},
    ],
)
def test_what_cannot_be_is_asked_for_again(carer: Carer, wrong: dict[str, str]):
    assert carer.browser.post("/support/lost-mailbox", data=told(**wrong)).status_code == 422
    assert carer.session.scalars(select(MailboxRequest)).all() == []


def test_staff_lower_a_gift_and_the_patron_can_undo_it_from_the_mail(carer: Carer, hear, as_, pia):
    answer = as_(pia).post(gift_page(carer), data={"act": "lower", "amount": "3"})
    hear()

    assert answer.status_code == 303
    assert carer.amount() == 300
    (mail,) = carer.mails("amount_changed")
    assert "Our staff did this for you" in mail.text
    assert actions(carer)[-1] == "gift.lower"
    carer.do(LINK.findall(mail.text)[0], "undo")
    hear()
    assert carer.amount() == 500


def test_staff_end_a_gift_with_what_is_paid(carer: Carer, hear, as_, pia):
    as_(pia).post(gift_page(carer), data={"act": "cancel"})
    hear()

    assert carer.at_stripe()["cancel_at_period_end"] is True
    assert "Our staff did this for you" in carer.mails("gift_canceled")[0].text


def test_staff_end_a_failing_gift_at_once(carer: Carer, hear, as_, pia):
    let_fail(carer, hear)
    bill = open_bill(carer)
    as_(pia).post(gift_page(carer), data={"act": "cancel"})
    hear()

    assert carer.at_stripe()["status"] == "canceled"
    assert carer.account.sandbox.get(bill)["status"] == "void"


@pytest.mark.parametrize(
    "sent",
    [{"act": "lower", "amount": "9"}, {"act": "lower", "amount": ""}, {"act": "card"}, {"act": "undo"}],
)
def test_staff_cannot_make_a_gift_larger_or_touch_the_card(carer: Carer, as_, pia, sent: dict[str, str]):
    assert as_(pia).post(gift_page(carer), data=sent).status_code == 422
    assert carer.amount() == 500
    assert carer.session.scalars(select(CareAct)).all() == []


def test_without_the_right_to_see_patrons_nothing_of_this_exists(carer: Carer, as_, ada, ben):
    for person in (ada, ben):
        for path in (care_page(carer), "/staff/giving/care"):
            assert as_(person).get(path).status_code == 403
        assert as_(person).post(gift_page(carer), data={"act": "cancel"}).status_code == 403
    assert carer.at_stripe()["cancel_at_period_end"] is False


def test_a_hidden_patron_is_cared_for_without_being_named(carer: Carer, as_, pia):
    carer.session.execute(update(Patron).values(visibility=Visibility.SECRET))
    carer.session.commit()

    page = as_(pia).get(care_page(carer)).text

    assert "Hidden patron" in page
    assert "olena" not in page.lower()


def test_a_welcome_that_bounced_is_on_the_desk_until_another_arrives(carer: Carer, as_, pia):
    carer.session.execute(update(OutgoingMail).values(state=MailState.BOUNCED))
    carer.session.commit()
    browser = as_(pia)
    assert "Welcomes that did not arrive" in browser.get("/staff/giving/care").text

    browser.post(care_page(carer, "/welcome"))
    assert len(carer.mails("welcome")) == 2
    newest = carer.mails("welcome")[-1]
    newest.state = MailState.SENT
    carer.session.commit()

    assert "Welcomes that did not arrive" not in browser.get("/staff/giving/care").text


def test_the_welcome_is_sent_again_three_times_a_day(carer: Carer, as_, pia):
    browser = as_(pia)
    for _time in range(5):
        browser.post(care_page(carer, "/welcome"))

    assert len(carer.mails("welcome")) == 4
    assert actions(carer).count("patron.welcomed_again") == 3


def begin_change(carer: Carer, as_, pia, email: str = "olena.new@example.org"):
    """Let staff ask both mailboxes about a new address."""
    return as_(pia).post(care_page(carer, "/address"), data={"email": email})


def test_a_new_address_counts_once_its_mailbox_has_answered(carer: Carer, as_, pia):
    old_session = as_(olena(carer))
    begin_change(carer, as_, pia)
    (to_new,) = of_kind(carer, "accounts/confirm_address")
    (to_old,) = of_kind(carer, "accounts/address_change_begun")
    assert (to_new.recipient, to_old.recipient) == ("olena.new@example.org", "olena@example.org")
    assert "olena.new@example.org" not in to_old.text
    assert olena(carer).email == "olena@example.org"

    link = ADDRESS.findall(to_new.text)[0]
    carer.browser.get(link)
    assert olena(carer).email == "olena@example.org"  # looking changes nothing
    assert carer.browser.post(link).status_code == 200

    assert olena(carer).email == "olena.new@example.org"
    assert old_session.get("/patron").status_code == 303
    assert of_kind(carer, "accounts/address_changed")[0].recipient == "olena@example.org"
    assert carer.browser.post(link).status_code == 410
    assert carer.browser.get(carer.links("welcome")[0]).status_code == 410
    assert "patron.address_change_begun" in actions(carer)


def test_the_old_mailbox_can_stop_a_change_and_take_it_back(carer: Carer, as_, pia):
    begin_change(carer, as_, pia)
    confirm = ADDRESS.findall(of_kind(carer, "accounts/confirm_address")[0].text)[0]
    undo = ADDRESS.findall(of_kind(carer, "accounts/address_change_begun")[0].text)[0]
    carer.browser.post(confirm)
    assert carer.browser.get(undo).status_code == 200
    carer.browser.post(undo)

    assert olena(carer).email == "olena@example.org"
    assert carer.browser.post(undo).status_code == 410

    begin_change(carer, as_, pia)
    confirm = ADDRESS.findall(of_kind(carer, "accounts/confirm_address")[1].text)[0]
    undo = ADDRESS.findall(of_kind(carer, "accounts/address_change_begun")[1].text)[0]
    carer.browser.post(undo)
    assert carer.browser.post(confirm).status_code == 410
    assert olena(carer).email == "olena@example.org"


def test_of_two_changes_that_wait_the_last_one_counts(carer: Carer, as_, pia):
    begin_change(carer, as_, pia, "first@example.org")
    begin_change(carer, as_, pia, "second@example.org")
    first, second = (ADDRESS.findall(m.text)[0] for m in of_kind(carer, "accounts/confirm_address"))

    assert carer.browser.post(first).status_code == 410
    assert carer.browser.post(second).status_code == 200
    assert olena(carer).email == "second@example.org"


def test_a_link_for_an_address_lives_two_days(carer: Carer, as_, pia):
    begin_change(carer, as_, pia)
    confirm = ADDRESS.findall(of_kind(carer, "accounts/confirm_address")[0].text)[0]
    carer.session.execute(update(AddressChange).values(asked_at=clock.now() - timedelta(days=2, seconds=1)))
    carer.session.commit()

    assert carer.browser.post(confirm).status_code == 410


def test_an_address_that_somebody_has_is_refused(carer: Carer, as_, pia):
    an_account(carer.session, email="taken@example.org", role=pia.role)
    carer.session.commit()

    assert begin_change(carer, as_, pia, "taken@example.org").status_code == 422
    assert begin_change(carer, as_, pia, "olena@example.org").status_code == 422
    assert of_kind(carer, "accounts/confirm_address") == []


def test_an_address_taken_meanwhile_is_not_taken_twice(carer: Carer, as_, pia):
    begin_change(carer, as_, pia)
    an_account(carer.session, email="olena.new@example.org", role=pia.role)
    carer.session.commit()
    confirm = ADDRESS.findall(of_kind(carer, "accounts/confirm_address")[0].text)[0]

    assert carer.browser.post(confirm).status_code == 410
    assert olena(carer).email == "olena@example.org"
    assert carer.session.scalars(select(AddressChange.confirmed_at)).one() is None


def test_made_up_links_open_nothing(carer: Carer):
    for path in ("/address/abc", "/address/undo/abc"):
        assert carer.browser.get(path).status_code == 410
        assert carer.browser.post(path).status_code == 410
    assert carer.session.scalars(select(SignInSession)).all() == []
