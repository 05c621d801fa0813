"""The second factor of staff: set up at the first sign-in, each code once, few tries."""

from datetime import timedelta

import pyotp
import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from membership import clock as clocks
from membership.accounts import second_factor
from membership.accounts.models import Account, RecoveryCode
from membership.newsroom.models import AuditEntry
from tests.accounts.letters import mails


def code_of(account: Account, *, steps: int = 0) -> str:
    seconds = int(clocks.now().timestamp()) + steps * 30
    return str(pyotp.TOTP(account.totp_secret or "").at(seconds))


def without_factor(session: Session, account: Account) -> Account:
    account.totp_secret = account.totp_confirmed_at = None
    session.commit()
    return account


def prove(browser: FlaskClient, code: str) -> int:
    return browser.post("/sign-in/second-factor", data={"code": code}).status_code


def test_staff_are_sent_to_set_it_up_at_the_first_sign_in(session, as_, ben):
    browser = as_(without_factor(session, ben), second_factor=False)

    answer = browser.get("/staff", follow_redirects=True)

    assert "Set up your second factor" in answer.text


def test_the_set_up_shows_a_picture_of_our_own_and_the_secret(session, as_, ben):
    browser = as_(without_factor(session, ben), second_factor=False)

    page = browser.get("/sign-in/second-factor/set-up")
    picture = browser.get("/sign-in/second-factor/picture.svg")

    session.refresh(ben)
    assert ben.totp_secret in page.text.replace(" ", "")
    assert picture.mimetype == "image/svg+xml"
    assert "style" not in picture.text


def test_the_apps_first_code_ends_the_set_up_and_gives_recovery_codes(session, as_, ben):
    browser = as_(without_factor(session, ben), second_factor=False)
    browser.get("/sign-in/second-factor/set-up")
    session.refresh(ben)

    answer = browser.post("/sign-in/second-factor/set-up", data={"code": code_of(ben)})

    assert "Your recovery codes" in answer.text
    assert session.query(RecoveryCode).count() == 10
    assert browser.get("/staff").status_code == 200
    assert session.query(AuditEntry).one().action == "second_factor.set_up"


def test_a_wrong_code_does_not_end_the_set_up(session, as_, ben):
    browser = as_(without_factor(session, ben), second_factor=False)
    browser.get("/sign-in/second-factor/set-up")

    assert browser.post("/sign-in/second-factor/set-up", data={"code": "000000"}).status_code == 422
    assert browser.get("/staff").status_code == 303


def test_a_session_of_an_hour_ago_cannot_set_it_up(session, as_, ben, clock):
    browser = as_(without_factor(session, ben), second_factor=False)
    clock.move(timedelta(hours=1))

    answer = browser.get("/sign-in/second-factor/set-up")

    assert answer.headers["Location"].startswith("/sign-in?")


def test_once_set_up_the_secret_is_never_shown_again(as_, ben):
    browser = as_(ben)

    assert browser.get("/sign-in/second-factor/set-up").status_code == 303
    assert browser.get("/sign-in/second-factor/picture.svg").status_code == 404


def test_the_code_opens_the_desk(as_, ben):
    browser = as_(ben, second_factor=False)
    assert browser.get("/staff").status_code == 303

    assert prove(browser, code_of(ben)) == 303

    assert browser.get("/staff").status_code == 200


def test_each_code_works_once(as_, ben):
    first, second = as_(ben, second_factor=False), as_(ben, second_factor=False)

    assert prove(first, code_of(ben)) == 303
    assert prove(second, code_of(ben)) == 422


def test_a_code_of_two_minutes_ago_is_refused(as_, ben):
    assert prove(as_(ben, second_factor=False), code_of(ben, steps=-4)) == 422


def test_the_session_gets_a_new_token_when_it_may_do_more(as_, ben):
    browser = as_(ben, second_factor=False)
    before = browser.get_cookie("session").value

    prove(browser, code_of(ben))
    after = browser.get_cookie("session").value
    browser.set_cookie("session", before)

    assert after != before
    assert browser.get("/staff").status_code == 303


def test_five_tries_in_five_minutes_and_then_the_right_code_waits_too(as_, ben, clock):
    browser = as_(ben, second_factor=False)
    for _ in range(5):
        prove(browser, "000000")

    assert prove(browser, code_of(ben)) == 422

    clock.move(timedelta(minutes=5))
    assert prove(browser, code_of(ben)) == 303


def test_a_recovery_code_works_once_and_is_mailed(session, as_, ben):
    code = second_factor.new_recovery_codes(session, ben)[0]
    session.commit()

    assert prove(as_(ben, second_factor=False), code.upper()) == 303
    assert prove(as_(ben, second_factor=False), code) == 422
    assert len(mails(session, "accounts/recovery_code_used")) == 1


def test_recovery_codes_are_kept_as_hashes_only(session, ben):
    codes = second_factor.new_recovery_codes(session, ben)

    stored = {row.code_hash for row in session.query(RecoveryCode)}
    assert len(stored) == 10
    assert all(code.replace("-", "") not in stored for code in codes)


def test_the_secret_is_encrypted_in_the_database(session, ben):
    raw = session.connection().exec_driver_sql("SELECT totp_secret FROM account").scalar_one()

    assert (ben.totp_secret or "").encode() not in bytes(raw)


@pytest.mark.parametrize("path", ["", "/set-up", "/picture.svg"])
def test_a_patron_finds_no_second_factor(as_, cleo, path):
    assert as_(cleo).get(f"/sign-in/second-factor{path}").status_code == 404


def test_new_codes_on_ones_own_page_end_the_old_ones(session, as_, ben):
    old = second_factor.new_recovery_codes(session, ben)[0]
    session.commit()

    page = as_(ben).post("/staff/accounts/me/recovery-codes")

    assert "Your recovery codes" in page.text
    assert prove(as_(ben, second_factor=False), old) == 422
