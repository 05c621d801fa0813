"""The one-click desk and the mailbox exist in a demonstration and nowhere else."""

import pytest

from membership.accounts.models import Account, Role
from membership.db import db
from membership.mail import outbox
from membership.newsroom import settings_rows

PATHS = ("/demo/desk", "/demo/mailbox", "/demo/mailbox/x", "/demo/mailbox/x/html")


@pytest.fixture
def demo_env(settings_env: dict[str, str]) -> dict[str, str]:
    settings_env["MEMBERSHIP_MODE"] = "demo"
    return settings_env


@pytest.mark.parametrize("path", PATHS)
def test_outside_of_a_demonstration_there_is_no_such_page(client, path):
    assert client.get(path).status_code == 404
    assert client.post("/demo/desk", data={"role": "publisher"}).status_code == 404


@pytest.mark.parametrize("role", list(Role))
def test_one_click_opens_the_desk_in_each_role(demo_env, session, client, role):
    client.post("/demo/desk", data={"role": role.value})

    assert client.get("/staff").status_code == 200
    assert session.query(Account).one().role is role


def test_a_get_signs_nobody_in(demo_env, client):
    client.get("/demo/desk")

    assert client.get("/staff").status_code == 303


def test_another_site_cannot_click(demo_env, client):
    answer = client.post("/demo/desk", data={"role": "publisher"}, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403


def test_the_mailbox_shows_what_was_sent_in_both_parts(demo_env, session, client):
    settings_rows.change(session, {"name": "The <b>Post</b>"})
    session.commit()
    client.post("/sign-in", data={"email": "nobody@example.org"})
    outbox.send_all(db.session())

    listed = client.get("/demo/mailbox").text
    path = listed.split('href="/demo/mailbox/')[1].split('"')[0]
    page = client.get(f"/demo/mailbox/{path}")
    html = client.get(f"/demo/mailbox/{path}/html")

    assert "nobody@example.org" in listed
    assert "<b>Post</b>" not in page.text + html.text
    assert "There is no account with it." in page.text
    assert html.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_no_name_leads_out_of_the_mailbox(demo_env, client):
    for name in ("..%2fmembership.db", "%2e%2e", "../membership", "/etc/passwd"):
        assert client.get(f"/demo/mailbox/{name}").status_code in {308, 404}
