"""Finding every page by following links, as a reader does: what nobody links to is found missing."""

from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from flask import Flask
from playwright.sync_api import APIRequestContext
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from membership.web import access
from membership.web.access import Entry
from tests.browser.live import Site

MOST_PER_ENDPOINT = 2  # two articles tell as much as twelve
LANGUAGES = ("uk", "en")


@dataclass(frozen=True)
class Found:
    """A page that was found: where, which view answers there, and its HTML as sent ("" for a feed, a CSV)."""

    address: str
    endpoint: str
    html: str


class _Links(HTMLParser):
    """Collects where a page leads."""

    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the address of a link."""
        href = dict(attrs).get("href")
        if tag == "a" and href:
            self.hrefs.append(href)


@dataclass(frozen=True)
class Plan:
    """Where to begin, in which language, and into which kind of pages to go."""

    starts: tuple[str, ...]
    entry: Entry
    language: str = "en"


def crawl(requests: APIRequestContext, site: Site, app: Flask, plan: Plan) -> list[Found]:
    """Every page of the plan's kind that can be reached by links from its starts, few for each view."""
    waiting, seen, found = list(plan.starts), set(plan.starts), []
    visited: Counter[str] = Counter()
    while waiting:
        address = waiting.pop(0)
        endpoint = endpoint_of(app, address)
        if not _belongs(app, endpoint, plan) or visited[endpoint] >= MOST_PER_ENDPOINT:
            continue
        answer = requests.get(f"{site.url}{address}", max_redirects=3)
        assert answer.status == 200, f"{address} is linked to and answers {answer.status}"
        visited[endpoint] += 1
        is_html = answer.headers["content-type"].startswith("text/html")
        found.append(Found(address, endpoint, answer.text() if is_html else ""))
        for link in _leads_to(found[-1], site, plan.language):
            if link not in seen:
                seen.add(link)
                waiting.append(link)
    return found


def endpoint_of(app: Flask, address: str) -> str:
    """The view behind an address; empty for what is no page of the application."""
    path = urlsplit(address).path
    first, _slash, rest = path.lstrip("/").partition("/")
    try:
        return str(app.url_map.bind("").match(f"/{rest}" if first in LANGUAGES else path, method="GET")[0])
    except (HTTPException, RequestRedirect):
        return ""


def pages_of(app: Flask, entry: Entry) -> set[str]:
    """All views that can be opened and are for `entry`, by their endpoints."""
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and _entry(app, rule.endpoint) is entry
    }


def _belongs(app: Flask, endpoint: str, plan: Plan) -> bool:
    return bool(endpoint) and _entry(app, endpoint) is plan.entry


def _entry(app: Flask, endpoint: str) -> Entry | None:
    declared = access.of(app.view_functions[endpoint])
    return declared.entry if declared else None


def _leads_to(page: Found, site: Site, language: str) -> list[str]:
    parser = _Links()
    parser.feed(page.html)
    links = []
    for href in parser.hrefs:
        target = urlsplit(urljoin(f"{site.url}{page.address}", href))
        if f"{target.scheme}://{target.netloc}" != site.url:
            continue
        address = target.path + (f"?{target.query}" if target.query else "")
        if _language_of(address) == language:
            links.append(address)
    return links


def _language_of(address: str) -> str:
    first = urlsplit(address).path.lstrip("/").partition("/")[0]
    return first if first in LANGUAGES else "en"
