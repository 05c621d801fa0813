"""Care links: in every mail, for one act, without signing in, and whatever they change can be put back."""

import contextvars
import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from membership import clock
from membership.accounts.models import Account as SignInAccount
from membership.giving import care_links, mail
from membership.giving.models import CareAct, CareLink, OutgoingCall, Payment, Subscription
from membership.patrons.models import Patron
from tests.giving.caring import LINK, Carer, carer
from tests.giving.sandboxed import account, hear

__all__ = ["account", "carer", "hear"]


def test_both_parts_of_the_welcome_carry_a_link(carer: Carer):
    (welcome,) = carer.mails("welcome")

    assert len(LINK.findall(welcome.text)) == 1
    assert LINK.findall(welcome.text) == LINK.findall(welcome.html)
    assert re.search(r"Your gift: €5\.00 every month, next on \d+ \w+ \d{4}\.", welcome.text)


def test_the_page_shows_amount_and_next_date_and_names_nobody(carer: Carer):
    (path,) = carer.links("welcome")
    page = carer.browser.get(path)

    assert page.status_code == 200
    assert "€5.00 every month" in page.text
    assert re.search(r"Next charge: €5\.00 on \d+ \w+ \d{4}\.", page.text)
    for secret in ("Olena", "olena", "4242", carer.subscription_id, "cus_"):
        assert secret not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert "Set-Cookie" not in page.headers


def test_looking_uses_nothing_up(carer: Carer):
    (path,) = carer.links("welcome")
    for _time in range(5):
        carer.browser.head(path)
        carer.browser.get(path, headers={"Sec-Purpose": "prefetch"})

    assert carer.do(path, "cancel").status_code == 303


def test_ending_a_gift_takes_one_press(carer: Carer, hear):
    (path,) = carer.links("welcome")
    answer = carer.do(path, "cancel", feedback="too_expensive")
    hear()

    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert carer.at_stripe()["cancel_at_period_end"] is True
    assert carer.at_stripe()["cancellation_details"]["feedback"] == "too_expensive"
    assert "Nothing more is charged." in carer.browser.get(path).text
    assert len(carer.mails("gift_canceled")) == 1


def test_undoing_an_end_lets_the_gift_go_on_as_it_was(carer: Carer, hear):
    before = carer.at_stripe()
    carer.do(carer.links("welcome")[0], "cancel")
    hear()
    undo = carer.links("gift_canceled")[0]
    answer = carer.do(undo, "undo")
    hear()

    after = carer.at_stripe()
    assert answer.status_code == 303
    kept = ("cancel_at", "cancel_at_period_end", "status", "trial_end", "pause_collection")
    assert {key: after[key] for key in kept} == {key: before[key] for key in kept}
    assert after["items"]["data"][0]["current_period_end"] == before["items"]["data"][0]["current_period_end"]
    assert len(carer.mails("gift_resumed")) == 1
    assert len(carer.account.sandbox.all("charge")) == 1


def test_giving_less_holds_from_the_next_charge_on_and_can_be_put_back(carer: Carer, hear):
    carer.do(carer.links("welcome")[0], "lower", amount="3")
    hear()
    assert carer.amount() == 300

    answer = carer.do(carer.links("amount_changed")[0], "undo")
    hear()

    assert answer.status_code == 303
    assert carer.amount() == 500
    assert len(carer.mails("amount_changed")) == 2
    assert len(carer.account.sandbox.all("charge")) == 1


def test_a_covered_fee_comes_back_with_the_amount(carer: Carer, hear):
    carer.account.client.v1.subscriptions.update(carer.subscription_id, {"metadata": {"covered_fee": "33"}})
    hear()
    carer.do(carer.links("welcome")[0], "lower", amount="3")
    hear()
    assert carer.at_stripe()["metadata"]["covered_fee"] == "0"

    carer.do(carer.links("amount_changed")[0], "undo")
    hear()

    assert (carer.amount(), carer.at_stripe()["metadata"]["covered_fee"]) == (500, "33")


def test_what_was_put_back_can_be_undone_too(carer: Carer, hear):
    carer.do(carer.links("welcome")[0], "lower", amount="3")
    hear()
    carer.do(carer.links("amount_changed")[0], "undo")
    hear()
    carer.do(carer.links("amount_changed")[0], "undo")
    hear()

    assert carer.amount() == 300


@pytest.mark.parametrize("typed", ["5", "5.01", "900", "0.99", "0", "-3", "abc", ""])
def test_from_a_mail_a_gift_can_only_become_smaller(carer: Carer, typed: str):
    (path,) = carer.links("welcome")
    answer = carer.do(path, "lower", amount=typed)

    assert answer.status_code == 422
    assert carer.amount() == 500
    assert carer.browser.get(path).status_code == 200  # not used up


def test_the_cards_page_is_stripes_and_leads_back_to_us(carer: Carer, hear):
    (path,) = carer.links("welcome")
    answer = carer.do(path, "card")

    (opened,) = carer.account.sandbox.all("billing_portal.session")
    assert (answer.status_code, answer.headers["Location"]) == (303, opened["url"])
    assert opened["flow"]["type"] == "payment_method_update"
    assert opened["return_url"] == f"http://localhost{path}"
    (told,) = carer.mails("card_page_opened")
    assert len(LINK.findall(told.text)) == 2  # a fresh one for the card, and the one of every mail
    assert "card" in carer.browser.get(path).text


def test_a_link_works_once(carer: Carer, hear):
    (path,) = carer.links("welcome")
    carer.do(path, "cancel")
    hear()
    again = carer.browser.post(path, data={"act": "cancel"})

    assert again.status_code == 409
    assert "/sign-in" in again.text
    assert len(carer.session.scalars(select(OutgoingCall).filter_by(kind="subscription.cancel")).all()) == 1


def test_a_link_lives_sixty_days(carer: Carer, clock):
    (path,) = carer.links("welcome")
    carer.account.sandbox.advance("59 days")
    assert carer.browser.get(path).status_code == 200

    carer.account.sandbox.advance("3 days")

    dead = carer.browser.get(path)
    assert dead.status_code == 410
    assert "/sign-in" in dead.text
    assert carer.browser.post(path, data={"act": "cancel"}).status_code == 410


@pytest.mark.parametrize("change", ["cut", "longer", "case", "made up", "nul", "not ascii"])
def test_a_forged_link_opens_nothing(carer: Carer, change: str):
    (path,) = carer.links("welcome")
    forged = {
        "cut": path[:-1],
        "longer": path + "0",
        "case": path.swapcase().replace("/CARE/", "/care/"),
        "made up": "/care/" + "a" * 63,
        "nul": path + "%00",
        "not ascii": "/care/їжак",
    }[change]

    for answer in (carer.browser.get(forged), carer.browser.post(forged, data={"act": "cancel"})):
        assert answer.status_code in {404, 410}
        assert "€5" not in answer.text
    assert carer.at_stripe()["cancel_at_period_end"] is False


def test_a_link_for_one_purpose_is_good_for_no_other(carer: Carer, hear):
    carer.do(carer.links("welcome")[0], "cancel")
    hear()
    undo = carer.links("gift_canceled")[0]

    assert carer.browser.post(undo, data={"act": "lower", "amount": "2"}).status_code == 422
    assert carer.browser.post(undo, data={"act": "card"}).status_code == 422
    assert carer.browser.get(f"/sign-in/{undo.rpartition('/')[2]}").status_code == 410


def test_another_site_cannot_press_the_button(carer: Carer):
    (path,) = carer.links("welcome")
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = carer.browser.post(path, data={"act": "cancel"}, headers=headers)
        assert answer.status_code == 403
    assert carer.at_stripe()["cancel_at_period_end"] is False


def test_only_hashes_are_kept(carer: Carer):
    (path,) = carer.links("welcome")
    token = path.rpartition("/")[2]

    rows = carer.session.execute(select(CareLink.__table__)).all()

    assert rows
    assert all(token not in str(row) for row in rows)


def test_when_the_address_changes_the_links_in_the_old_mailbox_are_dead(carer: Carer):
    (path,) = carer.links("welcome")
    carer.session.execute(update(SignInAccount).values(email="new@example.org", email_index="x" * 64))
    carer.session.commit()

    assert carer.browser.get(path).status_code == 410


def test_what_has_changed_since_is_not_put_back(carer: Carer, hear):
    carer.do(carer.links("welcome")[0], "lower", amount="3")
    hear()
    undo = carer.links("amount_changed")[0]
    carer.do(carer.links("amount_changed")[1], "lower", amount="2")
    hear()

    page = carer.browser.get(undo).text
    answer = carer.browser.post(undo, data={"act": "undo"})

    assert "your gift has changed since this mail" in page
    assert answer.status_code == 422
    assert carer.amount() == 200


def test_a_patron_with_an_ended_gift_gets_no_link(carer: Carer, hear):
    carer.do(carer.links("welcome")[0], "cancel")
    carer.account.sandbox.advance("32 days")
    hear()
    patron = carer.session.scalars(select(Patron)).one()
    payment = carer.session.scalars(select(Payment)).one()
    mail.receipt(carer.session, patron=patron, payment=payment)
    carer.session.commit()

    assert carer.links("receipt") == []


def test_sign_in_mails_carry_none(carer: Carer):
    carer.browser.post("/sign-in", data={"email": "olena@example.org"})

    carer.session.rollback()
    (sent,) = [found for found in carer.mails() if found.kind == "accounts/sign_in"]
    assert LINK.findall(sent.text + sent.html) == []


@pytest.mark.parametrize("trouble", ["error", "busy", "cut_after"])
def test_while_stripe_is_out_of_reach_the_link_is_not_lost(carer: Carer, hear, trouble):
    (path,) = carer.links("welcome")
    carer.account.sandbox.faults.add(trouble, path="/v1/subscriptions", method="POST", times=3)
    failed = carer.do(path, "cancel")
    carer.account.sandbox.faults.clear()
    carer.account.sandbox.advance(125)
    again = carer.browser.post(path, data={"act": "cancel"})
    hear()

    assert failed.status_code == 503
    assert again.status_code in {303, 422}  # 422: it was done already, and our books say so
    assert carer.at_stripe()["cancel_at_period_end"] is True
    assert len(carer.mails("gift_canceled")) == 1
    assert LINK.findall(carer.mails("gift_canceled")[0].text)


def test_an_act_whose_answer_was_lost_is_mailed_with_its_undo_when_its_event_tells(carer: Carer, hear):
    (path,) = carer.links("welcome")
    carer.account.sandbox.faults.add("cut_after", path="/v1/subscriptions", method="POST", times=3)
    carer.do(path, "lower", amount="3")
    carer.account.sandbox.faults.clear()
    hear()

    (told,) = carer.mails("amount_changed")
    assert "Put it back exactly as it was" in told.text
    assert carer.session.scalars(select(CareAct.told_at)).one() is not None


def test_in_ukrainian_the_mail_and_the_page_are_ukrainian(carer: Carer, hear):
    carer.session.execute(update(Patron).values(language="uk"))
    carer.session.commit()
    carer.do(carer.links("welcome")[0], "lower", amount="3")
    hear()

    links = carer.links("amount_changed")
    assert all(path.startswith("/uk/care/") for path in links)
    assert 'lang="uk"' in carer.browser.get(links[0]).text


def test_links_long_over_are_forgotten(carer: Carer):
    session = carer.session
    session.execute(update(CareLink).values(expires_at=clock.now() - care_links.KEPT - timedelta(days=1)))
    care_links.forget_old(session)
    session.commit()

    assert session.scalars(select(CareLink)).all() == []
    assert session.scalars(select(Subscription)).all() != []


def test_of_many_presses_at_the_same_time_one_acts(carer: Carer, hear, app):
    (path,) = carer.links("welcome")
    carer.session.rollback()
    gate = threading.Barrier(6)
    answers: list[int] = []

    def press() -> None:
        browser = app.test_client()
        gate.wait()
        answers.append(browser.post(path, data={"act": "lower", "amount": "3"}).status_code)

    presses = [threading.Thread(target=contextvars.Context().run, args=(press,)) for _ in range(6)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()
    hear()

    assert sorted(answers) == [303, 409, 409, 409, 409, 409]
    assert len(carer.session.scalars(select(OutgoingCall).filter_by(kind="subscription.amount")).all()) == 1
    assert len(carer.session.scalars(select(CareAct)).all()) == 1
    assert carer.amount() == 300
