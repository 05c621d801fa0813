"""What an article costs a reader in a browser: bytes over the wire with everything but the story's own pictures."""

import argparse
import re
import sys
import urllib.request

from playwright.sync_api import Browser, Request, sync_playwright

from bench import figures, machine, sites

MOST_KB = 60


def main(words: list[str] | None = None) -> int:
    """Measure and print."""
    return figures.command("weight", __doc__, measure, words)


def measure(_given: argparse.Namespace, table: figures.Table) -> None:
    """Open an article of each language to its end."""
    machine.need("chromium")
    with sites.prepared() as site, sites.serving(site), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=machine.program("chromium"), args=["--no-sandbox"]
        )
        for language, path in {"English": sites.ARTICLE, "Ukrainian": a_ukrainian_article(site)}.items():
            requests = opened(browser, f"{site.url}{path}")
            own = [request for request in requests if "/media/" not in request.url]
            table.add(
                f"an article in {language}, headers included", sum(map(kilobytes, own)), "KB", most=MOST_KB
            )
            scripts = sum(one.resource_type == "script" for one in own)
            table.add("  its scripts, of which it needs none (tests/browser)", scripts)
            table.add(
                "  answers of other sites", sum(not one.url.startswith(site.url) for one in requests), most=0
            )
        browser.close()


def a_ukrainian_article(site: sites.Prepared) -> str:
    """The first article that the Ukrainian front page leads to.

    Raises:
        LookupError: it leads to none.
    """
    with urllib.request.urlopen(f"{site.url}/uk/", timeout=20) as answer:  # noqa: S310 - loopback
        found = re.search(r'href="(/uk/articles/[^"]+)"', answer.read().decode())
    if found is None:
        raise LookupError("the Ukrainian front page leads to no article")
    return found.group(1)


def opened(browser: Browser, url: str) -> list[Request]:
    """All that a browser asks for, from the first line to the last."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    requests: list[Request] = []
    page.on("requestfinished", lambda request: requests.append(request))  # noqa: PLW0108 - Playwright marks the handler, a method of a list takes no mark
    page.goto(url, wait_until="networkidle")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("networkidle")
    return requests


def kilobytes(request: Request) -> float:
    """What an answer weighed as it came: compressed, with its headers."""
    sizes = request.sizes()
    return (sizes["responseBodySize"] + sizes["responseHeadersSize"]) / 1000


if __name__ == "__main__":
    sys.exit(main())
