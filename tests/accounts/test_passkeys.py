"""Passkeys: made at the desk, good for this site alone, each challenge once."""

import pytest
from flask.testing import FlaskClient

from membership.accounts.models import Passkey
from membership.newsroom.models import AuditEntry
from tests.accounts.authenticator import Authenticator


def make(browser: FlaskClient, device: Authenticator) -> int:
    options = browser.post("/sign-in/passkeys/new/options").get_json()
    sent = {"credential": device.make(options), "name": "Laptop"}
    return browser.post("/sign-in/passkeys", json=sent).status_code


def prove(browser: FlaskClient, device: Authenticator) -> int:
    options = browser.post("/sign-in/passkeys/proof/options").get_json()
    return browser.post("/sign-in/passkeys/proof", json={"credential": device.use(options)}).status_code


def test_a_passkey_opens_the_desk(session, as_, ben):
    device = Authenticator()
    assert make(as_(ben), device) == 204
    browser = as_(ben, second_factor=False)
    assert "Use a passkey" in browser.get("/sign-in/second-factor").text

    assert prove(browser, device) == 204

    assert browser.get("/staff").status_code == 200
    assert session.query(Passkey).one().sign_count == 1
    assert session.query(AuditEntry).one().action == "passkey.added"


def test_a_look_alike_site_gets_no_answer_that_works_here(as_, ben):
    device = Authenticator()
    make(as_(ben), device)

    device.origin = "http://localhost.evil.example"

    assert prove(as_(ben, second_factor=False), device) == 422


def test_a_passkey_of_somebody_else_opens_nothing(as_, ben, ada):
    device = Authenticator()
    make(as_(ada), device)

    assert prove(as_(ben, second_factor=False), device) == 422


def test_a_key_that_was_not_set_up_opens_nothing(as_, ben):
    make(as_(ben), Authenticator())

    assert prove(as_(ben, second_factor=False), Authenticator()) == 422


def test_an_answer_works_once(as_, ben):
    device, browser = Authenticator(), as_(ben)
    make(browser, device)
    options = browser.post("/sign-in/passkeys/proof/options").get_json()
    sent = {"credential": device.use(options)}

    assert browser.post("/sign-in/passkeys/proof", json=sent).status_code == 204
    assert browser.post("/sign-in/passkeys/proof", json=sent).status_code == 422


def test_an_answer_to_another_sessions_challenge_is_refused(as_, ben):
    device, here, there = Authenticator(), as_(ben), as_(ben)
    make(here, device)
    options = here.post("/sign-in/passkeys/proof/options").get_json()
    there.post("/sign-in/passkeys/proof/options")

    sent = {"credential": device.use(options)}

    assert there.post("/sign-in/passkeys/proof", json=sent).status_code == 422


def test_a_copied_device_is_noticed_by_its_counter(as_, ben):
    device = Authenticator()
    make(as_(ben), device)
    device.uses = 5
    assert prove(as_(ben, second_factor=False), device) == 204

    device.uses = 2

    assert prove(as_(ben, second_factor=False), device) == 422


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"credential": 1}', b'{"credential": {"id": "%%"}}', b"\x00"]
)
def test_a_faulty_answer_is_refused_without_an_error(as_, ben, body):
    browser = as_(ben)
    browser.post("/sign-in/passkeys/proof/options")

    for path in ("/sign-in/passkeys/proof", "/sign-in/passkeys"):
        answer = browser.open(path, method="POST", data=body, content_type="application/json")
        assert answer.status_code == 422


def test_a_passkey_is_removed_by_its_owner_alone(session, as_, ben, ada):
    make(as_(ben), Authenticator())
    passkey = session.query(Passkey).one()

    assert as_(ada).post(f"/sign-in/passkeys/{passkey.id}/removal").status_code == 404
    assert as_(ben).post(f"/sign-in/passkeys/{passkey.id}/removal").status_code == 303
    assert session.query(Passkey).count() == 0


def test_a_passkey_cannot_be_made_before_the_second_factor_is_given(as_, ben):
    browser = as_(ben, second_factor=False)

    assert browser.post("/sign-in/passkeys/new/options").status_code == 303
