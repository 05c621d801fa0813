"""Makes the pictures of the README from the demonstration: `python docs/screenshots.py` writes docs/screenshots/.

Starts `membership demo` on free ports in a temporary folder, walks to each page as a person would, and ends it again.
Needs Chromium, and the packages of development.
"""

import io
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT))

from PIL import Image  # noqa: E402 - after the path, so that the script runs from anywhere
from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from tests.browser import walking  # noqa: E402
from tests.browser.chromium import running_chromium  # noqa: E402
from tests.browser.live import Site, running_demonstration  # noqa: E402
from tests.browser.visiting import Visitor, as_staff  # noqa: E402

PICTURES = PROJECT / "docs" / "screenshots"
PATRONS = 200
QUALITY = 82
ARTICLE = f"/articles/{walking.ARTICLE}"


def main() -> None:
    """Make all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="membership-screenshots-") as folder,
        running_demonstration(Path(folder) / "demo", patrons=PATRONS) as site,
        sync_playwright() as playwright,
        running_chromium(playwright) as browser,
    ):
        for scheme in ("light", "dark"):
            readers_pages(browser, site, scheme)
        patrons_pages(browser, site)
        staff_pages(browser, site)


def readers_pages(browser: Browser, site: Site, scheme: str) -> None:
    """The front page, an article and its appeal, on a desktop and on a phone."""
    desktop = Visitor.arrive(browser, site, width=1280, height=900, scheme=scheme)
    desktop.open("/")
    keep(desktop, f"front-{scheme}")
    desktop.open(ARTICLE)
    keep(desktop, f"article-{scheme}")
    show(desktop, "#appeal")
    keep(desktop, f"appeal-{scheme}")
    phone = Visitor.arrive(browser, site, width=390, height=844, scheme=scheme)
    phone.open(ARTICLE)
    keep(phone, f"article-phone-{scheme}")
    show(phone, "#appeal .appeal-box")
    keep(phone, f"appeal-phone-{scheme}")
    for visitor in (desktop, phone):
        visitor.leave()


def patrons_pages(browser: Browser, site: Site) -> None:
    """From /support to the ballot and the patron's own page."""
    patron = Visitor.arrive(browser, site, width=1280, height=900)
    walking.follow_the_appeal(patron)
    keep(patron, "support-light")
    walking.go_to_payment(patron, "marta@example.org", name="Marta Koval")
    walking.pay_by_card(patron)
    walking.await_thanks(patron)
    keep(patron, "thanks-light")
    walking.sign_in_by_mail(patron, "marta@example.org")
    walking.vote(patron)
    show(patron, "form[data-behaviour=ballot]")
    keep(patron, "ballot-light")
    patron.open("/patron")
    keep(patron, "patron-light")
    patron.leave()


def staff_pages(browser: Browser, site: Site) -> None:
    """The desk and two reports."""
    publisher = as_staff(Visitor.arrive(browser, site, width=1280, height=900))
    keep(publisher, "desk-light")
    for name in ("income", "recurring", "stories"):
        publisher.open(f"/staff/reports/{name}")
        keep(publisher, f"report-{name}-light")
    publisher.leave()


def show(visitor: Visitor, selector: str) -> None:
    """Scroll to an element, leave a little room above it, and wait for its pictures."""
    visitor.page.locator(selector).first.evaluate(
        "element => window.scrollTo({top: element.getBoundingClientRect().top + scrollY - 24, behavior: 'instant'})"
    )
    visitor.page.wait_for_load_state("networkidle")


def keep(visitor: Visitor, name: str) -> None:
    """Write what the window shows as a small WebP."""
    visitor.page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(visitor.page.screenshot()))
    picture.convert("RGB").save(PICTURES / f"{name}.webp", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
