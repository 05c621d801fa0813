"""The steps that readers, patrons and staff take in a browser, named once for all journeys."""

import re

from playwright.sync_api import expect

from tests.browser.live import Site
from tests.browser.visiting import Visitor

ARTICLE = "price-of-bread"
HEADLINE = "Why bread costs 6.70 more in Verbyn"
WORKING_CARD = "4242 4242 4242 4242"
DECLINED_CARD = "4000 0000 0000 0002"
ASKING_CARD = "4000 0000 0000 3220"
ARRIVING_ACCOUNT = "DE89 3704 0044 0532 0130 00"


def follow_the_appeal(reader: Visitor, *, other_amount: str = "") -> None:
    """From the article to /support, by the appeal's monthly form."""
    reader.open(f"/articles/{ARTICLE}")
    form = reader.page.locator("#appeal form[data-interval=month]")
    if other_amount:
        form.locator("input[value=other]").check()
        form.get_by_label("Another amount, in EUR").fill(other_amount)
    reader.press("Continue to monthly support", within=form)
    assert reader.path == "/support"


def go_to_payment(reader: Visitor, email: str, *, name: str = "") -> None:
    """From /support to Stripe's page."""
    form = reader.page.locator("form.gift-details")
    form.get_by_label("E-mail address").fill(email)
    form.get_by_label("Your name").fill(name)
    with reader.page.expect_navigation(wait_until="load"):
        form.locator("button[type=submit]").click()
    assert reader.page.url.startswith(reader.site.sandbox_url), reader.text


def pay_by_card(reader: Visitor, number: str = WORKING_CARD) -> None:
    """Fill in Stripe's page and send it."""
    page = reader.page
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry").fill("12 / 34")
    page.get_by_label("CVC").fill("123")
    page.get_by_label("Name on card or account").fill("Wanda Walker")
    with page.expect_navigation(wait_until="load"):
        page.locator("main form button[type=submit]").click()


def pay_by_debit(reader: Visitor, iban: str = ARRIVING_ACCOUNT) -> None:
    """Choose the bank debit on Stripe's page and send it."""
    page = reader.page
    page.get_by_label("Bank debit").check()
    page.get_by_label("IBAN").fill(iban)
    page.get_by_label("Name on card or account").fill("Wanda Walker")
    with page.expect_navigation(wait_until="load"):
        page.locator("main form button[type=submit]").click()


def await_thanks(reader: Visitor) -> None:
    """See the thank-you page say that the gift has arrived."""
    assert reader.path == "/support/thanks", reader.page.url
    heading = reader.page.get_by_role("heading", level=1)
    for _look in range(40):
        if heading.inner_text().startswith("Thank you. You are now a patron"):
            return
        reader.page.wait_for_timeout(250)
        reader.page.reload()
    raise AssertionError(f"the thank-you page says only: {heading.inner_text()}")


def become_a_patron(reader: Visitor, email: str, *, other_amount: str = "", name: str = "") -> None:
    """From the article to the thank-you page."""
    follow_the_appeal(reader, other_amount=other_amount)
    go_to_payment(reader, email, name=name)
    pay_by_card(reader)
    await_thanks(reader)


def ask_for_a_link(reader: Visitor, email: str) -> None:
    """Ask to sign in."""
    reader.open("/sign-in")
    reader.page.locator("main").get_by_label("E-mail address").fill(email)
    with reader.page.expect_navigation(wait_until="load"):
        reader.page.locator("main button[type=submit]").click()


def link_in(mail: str, site: Site, *, to: str = "/sign-in/") -> str:
    """The link of a mail that leads to a kind of page: the sign-in link, unless said."""
    found = re.search(rf"{re.escape(site.url)}\S*{to}\S+", mail)
    assert found, f"no link to {to} in:\n{mail}"
    return found.group()


def code_in(mail: str) -> str:
    """The six-digit code of a mail."""
    found = re.search(r"^\s*(\d{3}\s?\d{3})\s*$", mail, re.MULTILINE)
    assert found, f"no code in:\n{mail}"
    return found.group(1)


def sign_in_by_mail(reader: Visitor, email: str) -> None:
    """Ask for a link, open it from the mailbox, and press its button."""
    ask_for_a_link(reader, email)
    reader.open(link_in(reader.site.await_mail(email, with_word="sign in to"), reader.site))
    reader.press("Sign in", within=reader.page.locator("main"))
    assert reader.path == "/patron", reader.text


def vote(patron: Visitor, *, votes: int = 2) -> None:
    """From the list of topics to a cast ballot."""
    patron.open("/topics")
    patron.press("Vote", within=patron.page.locator("main"))
    boxes = patron.page.locator("input[name=topics]")
    for number in range(votes):
        boxes.nth(number).check()
    patron.press("Cast my ballot")
    expect(patron.page.get_by_role("heading", name="You voted for")).to_be_visible()
    assert patron.page.locator("input[name=topics]:checked").count() == votes


def story_row(staff: Visitor, headline: str = HEADLINE) -> dict[str, str]:
    """The row of one article in story earnings: the heads of the columns and what stands under them."""
    staff.open("/staff/reports/stories")
    table = staff.page.get_by_role("table", name="By article")
    heads = [text.strip() for text in table.locator("thead th").all_inner_texts()]
    row = table.locator("tbody tr").filter(has_text=headline)
    cells = [text.strip() for text in row.locator("th, td").all_inner_texts()] if row.count() else []
    return dict(zip(heads, cells or [headline] + ["0"] * len(heads[1:]), strict=True))


def cents(text: str) -> int:
    """An amount of a report as minor units."""
    digits = re.sub(r"[^\d-]", "", text.replace("\u2212", "-"))
    return int(digits or 0)
