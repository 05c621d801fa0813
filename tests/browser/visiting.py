"""A visitor: one browser of a person, watched for everything that a page of ours may never do."""

from dataclasses import dataclass, field
from typing import TypedDict, Unpack
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, Response

from tests.browser.live import Site

REPORT_VIOLATIONS = """
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => {
    window.violations.push(`${event.violatedDirective}: ${event.blockedURI || event.sample}`);
  });
"""


class Wishes(TypedDict, total=False):
    """What kind of browser somebody has; a desktop in light colors with scripts unless said."""

    width: int
    height: int
    scheme: str
    scripts: bool


@dataclass
class Visitor:
    """One browser context with one page; `faults` gathers what went wrong, `answers` all that was sent to it."""

    site: Site
    context: BrowserContext
    page: Page
    has_scripts: bool
    faults: list[str] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    expects_refusal: bool = False  # Chromium logs an answer of 4xx to a page as an error of the console

    @classmethod
    def arrive(cls, browser: Browser, site: Site, **wishes: Unpack[Wishes]) -> "Visitor":
        """Open a new browser that has never been here."""
        scripts = wishes.get("scripts", True)
        context = browser.new_context(
            base_url=site.url,
            viewport={"width": wishes.get("width", 1280), "height": wishes.get("height", 900)},
            color_scheme="dark" if wishes.get("scheme") == "dark" else "light",
            java_script_enabled=scripts,
            reduced_motion="reduce",
            locale="en-GB",
        )
        context.set_default_timeout(15_000)
        if scripts:
            context.add_init_script(REPORT_VIOLATIONS)
        visitor = cls(site, context, context.new_page(), scripts)
        visitor.page.on("console", visitor._heard)
        visitor.page.on("pageerror", lambda error: visitor.faults.append(f"script failed: {error}"))
        visitor.page.on("request", visitor._asked)
        visitor.page.on("response", visitor._answered)
        return visitor

    def open(self, address: str) -> Page:
        """Go to an address of the site, as by typing it."""
        self.page.goto(address, wait_until="load")
        return self.page

    def press(self, name: str, *, within: Locator | None = None) -> Page:
        """Press the button or follow the link of that name, and wait for the page that comes."""
        place = within or self.page.locator("body")
        target = place.get_by_role("button", name=name).or_(place.get_by_role("link", name=name)).first
        with self.page.expect_navigation(wait_until="load"):
            target.click()
        return self.page

    def fill(self, **fields: str) -> None:
        """Type into fields by their labels, underscores standing for spaces."""
        for label, value in fields.items():
            self.page.get_by_label(label.replace("_", " ")).first.fill(value)

    @property
    def path(self) -> str:
        """Where the browser is, without the site's name."""
        return urlsplit(self.page.url).path

    @property
    def text(self) -> str:
        """What can be read on the page."""
        return self.page.locator("body").inner_text()

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that the site has set."""
        return {cookie["name"]: cookie["value"] for cookie in self.context.cookies(self.site.url)}

    def violations(self) -> list[str]:
        """What the page's Content-Security-Policy has stopped since it was opened."""
        return list(self.page.evaluate("window.violations")) if self.has_scripts else []

    def leave(self) -> None:
        """Close the browser; nothing may have gone wrong in it."""
        self.context.close()
        assert not self.faults, "\n".join(self.faults)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        if self.expects_refusal and "the server responded with a status of" in message.text:
            return
        if message.location["url"].startswith(self.site.sandbox_url):
            return
        self.faults.append(f"console at {message.location['url']}: {message.text}")

    def _asked(self, request: Request) -> None:
        if request.url.startswith(("data:", "blob:", "about:", f"{self.site.url}/")):
            return
        if request.url.startswith(f"{self.site.sandbox_url}/") and _is_page_of_stripe(request):
            return
        self.faults.append(f"asked a third party: {request.url}")

    def _answered(self, answer: Response) -> None:
        self.answers.append(answer)


def _is_page_of_stripe(request: Request) -> bool:
    """Going to Stripe's own page, or something that page loads: not a third party of a page of ours."""
    if request.is_navigation_request():
        return True
    return request.frame.url.startswith(request.url.split("/", 3)[0] + "//" + urlsplit(request.url).netloc)


def as_staff(visitor: Visitor, role: str = "publisher") -> Visitor:
    """Sign in by the demonstration's one click."""
    visitor.open("/demo/desk")
    with visitor.page.expect_navigation(wait_until="load"):
        visitor.page.locator(f"button[name=role][value={role}]").click()
    assert visitor.path == "/staff", f"the desk did not open: {visitor.path}"
    return visitor
