"""A NUL character, which PostgreSQL cannot hold, is found nowhere and typed into no form."""

import pytest

from membership.accounts.models import Account
from membership.newsroom import settings_rows


@pytest.mark.parametrize(
    "path", ["/staff/people/%00", "/staff/audit?actor=%00", "/staff/audit?%00=1", "/articles/a%00b"]
)
def test_nothing_is_found_at_an_address_with_a_nul(as_, pia, path):
    assert as_(pia).get(path).status_code == 404


def test_a_nul_that_was_typed_becomes_a_character_that_can_be_kept(session, as_, pia):
    as_(pia).post("/staff/people", data={"email": "new@example.org", "name": "Ni\x00na", "role": "staff"})

    assert {account.name for account in session.query(Account)} == {"Pia Publisher", "Ni\ufffdna"}


def test_a_nul_in_a_long_text_does_too(session, as_, pia):
    as_(pia).post("/staff/settings/texts", data={"about_en": "We\x00 report.", "confirmed": "1"})

    assert settings_rows.current(session).about == {"en": "We\ufffd report."}
