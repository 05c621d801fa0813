"""Many at once: one link makes one session, and a flood of guesses gets five tries."""

from concurrent.futures import ThreadPoolExecutor

from membership.accounts import enrolling
from membership.accounts.models import Account, SignInSession, SignInToken
from membership.db import db, run_unit
from tests.accounts.letters import code_in, link_in, newest

BUSY = 503
"""What a crowd may be told on a machine so slow that a writer of SQLite waits for over five seconds."""


def test_twenty_uses_of_one_link_at_once_make_one_session(app, session, client, cleo):
    client.post("/sign-in", data={"email": "cleo@example.org"})
    link = link_in(newest(session))
    session.rollback()

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: app.test_client().post(link).status_code, range(20)))

    assert statuses.count(303) == 1
    assert set(statuses) <= {303, 410, BUSY}
    assert session.query(SignInSession).count() == 1


def test_of_a_hundred_guesses_at_once_five_are_compared(app, session, client, eve):
    client.post("/sign-in", data={"email": "eve@example.org"})
    right = code_in(newest(session))
    asking = client.get_cookie("asking").value
    session.rollback()

    def guess(number: int) -> int:
        browser = app.test_client()
        browser.set_cookie("asking", asking)
        code = f"{(int(right) + 1 + number) % 1_000_000:06d}"
        return int(browser.post("/sign-in/code", data={"code": code}).status_code)

    with ThreadPoolExecutor(16) as pool:
        statuses = set(pool.map(guess, range(100)))

    assert statuses <= {422, 429, BUSY}
    assert session.query(SignInToken).one().tried_codes == 5
    assert session.query(SignInSession).count() == 0


def test_twenty_threads_that_enrol_one_address_make_one_account(app, session):
    session.rollback()

    def enrol(_number: int) -> int:
        with app.app_context():
            made = run_unit(
                db.session(),
                lambda: enrolling.find_or_make(db.session(), "new@example.org", language="en").id,
                tries=10,
            )
            db.session.remove()
            return made

    with ThreadPoolExecutor(20) as pool:
        ids = set(pool.map(enrol, range(20)))

    assert len(ids) == 1
    assert session.query(Account).count() == 1
