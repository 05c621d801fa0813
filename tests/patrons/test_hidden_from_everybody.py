"""A patron who wants to stay secret: no page of the desk, no list and no file of it has the name or the address."""

import re

import pytest
from sqlalchemy import select

from membership import clock
from membership.accounts.models import Role
from membership.cli import membership
from membership.giving.models import Payment, Receipt
from membership.mail.models import MailState, OutgoingMail
from membership.newsroom.models import AuditEntry
from membership.patrons.models import Patron, Visibility
from tests.cast import an_account
from tests.giving.sandboxed import account, hear

__all__ = ["account", "hear"]
NAME, FIRST, EMAIL, NOTE = (
    "Quillfeather Zanzibar",
    "Quillfeather",
    "canary.bird@example.org",
    "Psst, canary here",
)
CANARY = re.compile("quillfeather|zanzibar|canary", re.IGNORECASE)


@pytest.fixture
def canary(account, session, hear) -> Patron:
    """A secret patron with a gift whose renewal fails, and a payment part of which went back."""
    customer = account.client.v1.customers.create({"email": EMAIL, "name": NAME}).id
    account.use_card(customer, "pm_card_visa")
    account.subscribe(customer, 700)
    account.pay(customer, 2000)
    hear()
    payment = session.scalars(select(Payment).filter_by(amount=2000)).one()
    account.client.v1.refunds.create({"charge": payment.id, "amount": 500})
    hear()
    account.use_card(customer, "pm_card_chargeCustomerFail")
    account.sandbox.advance("1 month")
    hear()
    patron: Patron = session.scalars(select(Patron)).one()
    patron.visibility, patron.note = Visibility.SECRET, NOTE
    for mail in session.scalars(select(OutgoingMail)):
        mail.state, mail.error = MailState.BOUNCED, f"550 <{EMAIL}> unknown"
    session.commit()
    return patron


def pages(app, session, patron: Patron) -> list[str]:
    """Every page and file of the desk that can be asked for, about this patron wherever it is about one."""
    payments = session.scalars(select(Payment.id)).all()
    receipts = session.scalars(select(Receipt)).all()
    month = f"{clock.now():%Y-%m}"
    found = [
        f"/staff/patrons/{patron.public_id}",
        f"/staff/patrons?words={FIRST}",
        f"/staff/patrons?words={EMAIL}",
    ]
    found += [f"/staff/giving/payments/{payment}" for payment in payments]
    found += [f"/staff/giving/receipts/{receipt.label}" for receipt in receipts]
    found += [f"/staff/giving/statements/{patron.public_id}", "/staff/audit"]
    for ending in ("", ".csv"):
        found += [
            f"/staff/reports/income/rows{ending}?figure={f}&month={month}"
            for f in ("gross", "refunded", "fees")
        ]
        found += [f"/staff/reports/recurring/rows{ending}?figure=new&month={month}"]
        found += [f"/staff/reports/fees/rows{ending}?figure=card_fees&month={month}"]
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/staff") and "GET" in (rule.methods or ()) and not rule.arguments:
            found.append(rule.rule)
    return sorted(set(found))


def test_no_page_and_no_file_of_the_desk_names_a_secret_patron(canary, account, app, as_, session, clock):
    clock.set(None)
    publisher = an_account(
        session, name="Pia", email="pia@example.org", role=Role.PUBLISHER, sees_patrons=True
    )
    browser = as_(publisher)
    asked = pages(app, session, canary)

    told = {path: browser.get(path, follow_redirects=True) for path in asked}

    assert len(asked) > 40
    assert {path: answer.status_code for path, answer in told.items() if answer.status_code >= 500} == {}
    mentioned = {
        path: CANARY.findall(answer.text.replace(EMAIL, "") if EMAIL in path else answer.text)
        for path, answer in told.items()
        if answer.mimetype != "application/pdf"
    }
    for path in (f"/staff/patrons?words={FIRST}", f"/staff/patrons?words={EMAIL}"):
        mentioned.pop(path)  # the field repeats what was typed; what is found is looked at below
    assert {path: found for path, found in mentioned.items() if found} == {}


def test_what_is_typed_into_the_search_finds_no_name(canary, as_, session, clock):
    clock.set(None)
    publisher = an_account(
        session, name="Pia", email="pia@example.org", role=Role.PUBLISHER, sees_patrons=True
    )
    browser = as_(publisher)

    by_name = browser.get(f"/staff/patrons?words={FIRST}").text
    by_address = browser.get(f"/staff/patrons?words={EMAIL}").text

    assert "Nobody found" in by_name
    assert "Hidden patron" in by_address
    assert NAME not in by_address
    assert by_address.count(EMAIL) == 1  # in the field alone


def test_a_publisher_sees_it_once_for_a_reason_that_is_kept(canary, as_, session, clock):
    clock.set(None)
    publisher = an_account(
        session, name="Pia", email="pia@example.org", role=Role.PUBLISHER, sees_patrons=True
    )
    path = f"/staff/patrons/{canary.public_id}"

    shown = as_(publisher).post(f"{path}/name", data={"reason": "The bank asks who it was."}).text

    assert NAME in shown
    assert EMAIL in shown
    session.rollback()
    entry = session.scalars(select(AuditEntry).filter_by(action="patron.revealed")).one()
    assert entry.details == {"reason": "The bank asks who it was."}
    assert not CANARY.search(str(entry.details) + entry.subject)
    assert NAME not in as_(publisher).get(path).text


def test_an_editor_who_sees_patrons_cannot_reveal(canary, as_, session, clock):
    clock.set(None)
    editor = an_account(session, name="Ada", email="ada@example.org", role=Role.EDITOR, sees_patrons=True)
    path = f"/staff/patrons/{canary.public_id}"

    assert as_(editor).post(f"{path}/name", data={"reason": "I want to know."}).status_code == 403
    assert "Show the name once" not in as_(editor).get(path).text


def test_the_files_of_the_command_line_do_not_name_it_either(canary, app, session, tmp_path):
    year = session.scalars(select(Receipt.year)).first()
    session.commit()
    runner = app.test_cli_runner()

    told = runner.invoke(membership, ["receipts", "write", str(year), str(tmp_path / "r")]).output
    told += runner.invoke(membership, ["state", "--json"]).output
    told += runner.invoke(membership, ["doctor", "--json"]).output

    assert "2 receipts" in told
    assert not CANARY.search(told)
    for file in (tmp_path / "r").iterdir():
        assert not CANARY.search(file.read_bytes().decode("latin-1")), file.name


def test_no_mail_but_the_patrons_own_names_it(canary, session):
    mails = session.scalars(select(OutgoingMail)).all()

    assert mails
    assert all(mail.recipient == EMAIL for mail in mails)
