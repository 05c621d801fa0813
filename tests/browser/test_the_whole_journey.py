"""A reader becomes a patron and votes, and staff see it: in a real browser, with mail and webhooks as they come."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import walking
from tests.browser.conftest import NewVisitor
from tests.browser.visiting import Visitor, as_staff


@pytest.mark.parametrize(
    ("who", "scripts", "width"),
    [("desktop", True, 1280), ("plain", False, 1280), ("phone", True, 360), ("plain-phone", False, 360)],
)
def test_a_reader_becomes_a_patron_and_votes_and_staff_see_it(
    visitor: NewVisitor, who: str, scripts: bool, width: int
):
    email = f"wanda-{who}@example.org"
    staff = as_staff(visitor())
    before = walking.story_row(staff)
    reader = visitor(scripts=scripts, width=width)

    walking.become_a_patron(reader, email, other_amount="7.30", name="Wanda Walker")
    walking.sign_in_by_mail(reader, email)
    expect(reader.page.locator("main")).to_contain_text("7.30 every month")
    walking.vote(reader)

    after = walking.story_row(staff)
    assert int(after["Patrons"]) == int(before["Patrons"]) + 1
    assert walking.cents(after["Gross"]) == walking.cents(before["Gross"]) + 730
    assert walking.cents(after["Kept"]) == walking.cents(before["Kept"]) + 730


def test_the_code_of_the_welcome_mail_lets_in_on_the_thank_you_page(visitor: NewVisitor):
    reader = visitor()
    walking.become_a_patron(reader, "cora@example.org")
    code = walking.code_in(reader.site.await_mail("cora@example.org", with_word="Your gift has arrived"))

    reader.page.get_by_label("Code from the mail").fill(code)
    reader.press("Go in")

    assert re.fullmatch(r"/rounds/\w+/ballot", reader.path)  # in the same tab
    reader.page.locator("input[name=topics]").first.check()
    reader.press("Cast my ballot")
    expect(reader.page.get_by_role("heading", name="You voted for")).to_be_visible()


def test_the_thank_you_page_leaves_only_what_it_may(visitor: NewVisitor):
    reader = visitor()
    walking.follow_the_appeal(reader)
    assert reader.cookies == {}

    walking.go_to_payment(reader, "olha@example.org")
    assert set(reader.cookies) == {"asking"}
    walking.pay_by_card(reader)
    walking.await_thanks(reader)

    assert set(reader.cookies) == {"asking", "appeal"}
    assert reader.cookies["appeal"] == "off"


def test_a_bank_debit_is_pending_until_the_bank_confirms(visitor: NewVisitor):
    reader = visitor()
    walking.follow_the_appeal(reader)
    walking.go_to_payment(reader, "debora@example.org")
    walking.pay_by_debit(reader)
    expect(reader.page.get_by_role("heading", level=1)).to_have_text(
        "Thank you. Your bank has the next word."
    )
    assert "appeal" not in reader.cookies
    assert not reader.site.mails_to("debora@example.org")

    reader.site.at_the_bank("settle-debit", charge=_pending_charge(reader), outcome="succeeded")

    reader.site.await_mail("debora@example.org", with_word="Your gift has arrived")
    reader.page.reload()
    walking.await_thanks(reader)


def test_a_declined_card_is_told_and_another_one_works(visitor: NewVisitor):
    reader = visitor()
    reader.expects_refusal = True
    walking.follow_the_appeal(reader)
    walking.go_to_payment(reader, "dina@example.org")

    walking.pay_by_card(reader, walking.DECLINED_CARD)
    expect(reader.page.get_by_role("alert")).to_contain_text("declined")
    walking.pay_by_card(reader)

    walking.await_thanks(reader)


def test_a_bank_that_asks_is_answered(visitor: NewVisitor):
    reader = visitor(width=360)
    walking.follow_the_appeal(reader)
    walking.go_to_payment(reader, "dora@example.org")
    walking.pay_by_card(reader, walking.ASKING_CARD)

    reader.press("Complete authentication")

    walking.await_thanks(reader)


def test_going_back_from_payment_keeps_the_choice(visitor: NewVisitor):
    reader = visitor()
    walking.follow_the_appeal(reader, other_amount="8.40")
    walking.go_to_payment(reader, "bela@example.org")

    reader.press("Back")

    assert reader.path == "/support"
    expect(reader.page.locator(".gift-summary strong:visible")).to_have_text(
        "€8.40 every month, until you stop"
    )


def test_a_patron_ends_a_gift_and_takes_it_up_again(visitor: NewVisitor):
    patron = visitor(scripts=False)
    walking.become_a_patron(patron, "kira@example.org")
    walking.sign_in_by_mail(patron, "kira@example.org")

    patron.press("End this gift")
    patron.press("End my gift")
    expect(patron.page.locator("main")).to_contain_text(
        re.compile(r"It ends on .+\. Nothing more is charged\.")
    )
    patron.press("Let it go on after all")
    patron.press("Let it go on")

    expect(patron.page.locator("main")).to_contain_text(re.compile(r"Next charge: €\d\.00 on"))


def test_not_now_brings_the_quiet_copy_and_one_cookie_without_identity(visitor: NewVisitor):
    reader = visitor(scripts=False)
    reader.open(f"/articles/{walking.ARTICLE}")

    reader.press("Not now")

    assert reader.path == f"/articles/{walking.ARTICLE}"
    expect(reader.page.locator(".appeal[data-kind=quiet]")).to_contain_text(
        "free to read because patrons pay"
    )
    assert reader.page.locator("#appeal form").count() == 0
    assert reader.cookies == {"appeal": "off"}


def _pending_charge(reader: Visitor) -> str:
    """The charge that the bank has still to confirm, as the sandbox's desk offers it."""
    desk = reader.context.new_page()
    desk.goto(f"{reader.site.sandbox_url}/")
    row = desk.locator("form[action='/_sandbox/settle-debit'] input[name=charge]").first
    charge = row.get_attribute("value")
    desk.close()
    assert charge
    return charge
