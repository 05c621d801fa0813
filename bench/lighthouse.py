"""Lighthouse, as on a phone, on every public page in both languages: scores, and when its largest part is there.

It is run with its own defaults, but for one: it takes this machine's processor for a fast one and slows it down four
times. Where it finds it slower than that, the slowdown is what its documentation on throttling says for the index it
has measured. A page that misses a bar is looked at three times, and medians count.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import sync_playwright

from bench import figures, machine, packages, sites
from membership.web.access import Entry
from tests.browser.crawling import Plan, crawl
from tests.browser.live import Site

PACKAGE, VERSION = "lighthouse", "12.8.2"
"""The last release for Node.js 20."""
FLAGS = "--headless=new --no-sandbox --disable-dev-shm-usage"
PAGE_S = 240
LOOKS = 3
TRIES = 3
"""Now and then Chromium's trace lacks its beginning (NO_NAVSTART), and there is nothing to read."""
SCORES = ("performance", "accessibility", "best-practices", "seo")
MOST_LCP_S, MOST_TBT_MS, MOST_CLS = 1.2, 0.0, 0.0
PLANS = (
    Plan(("/", "/support", "/support/thanks"), Entry.PUBLIC),
    Plan(("/uk/", "/uk/support", "/uk/support/thanks"), Entry.PUBLIC, "uk"),
)
Report = dict[str, Any]


@dataclass(frozen=True)
class Look:
    """What one run has found of a page."""

    scores: tuple[float, ...]
    lcp_s: float
    tbt_ms: float
    cls: float
    index: float
    faults: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether every bar holds."""
        is_quick = self.lcp_s <= MOST_LCP_S and self.tbt_ms <= MOST_TBT_MS and self.cls <= MOST_CLS
        return is_quick and min(self.scores) >= 100


def main(words: list[str] | None = None) -> int:
    """Measure and print."""
    return figures.command("lighthouse", __doc__, measure, words, options)


def options(parser: argparse.ArgumentParser) -> None:
    """Which pages."""
    parser.add_argument("paths", nargs="*", help="these alone, like /topics; else every public page")


def measure(given: argparse.Namespace, table: figures.Table) -> None:
    """Look at each page, then name the worst of each figure."""
    machine.need("chromium")
    folder = packages.installed(PACKAGE, VERSION)
    with sites.prepared(with_picture_sizes=True) as site, sites.serving(site):
        paths = given.paths or public_pages(site)
        table.say(
            f"  Lighthouse {VERSION}, mobile, {len(paths)} pages; performance, accessibility, practices, SEO"
        )
        slowdown = multiplier(look(folder, f"{site.url}/", 1).index)
        looks = []
        for path in paths:
            found = judged(folder, f"{site.url}{path}", slowdown)
            looks.append(found)
            slowdown = multiplier(found.index)
            show(path, found, table)
    for number, name in enumerate(SCORES):
        table.add(f"{name}, the worst page", min(found.scores[number] for found in looks), least=100)
    table.add(
        "largest contentful paint, the worst page", max(found.lcp_s for found in looks), "s", most=MOST_LCP_S
    )
    table.add(
        "total blocking time, the worst page", max(found.tbt_ms for found in looks), "ms", most=MOST_TBT_MS
    )
    table.add("cumulative layout shift, the worst page", max(found.cls for found in looks), most=MOST_CLS)
    table.say(f"  this machine's index, median: {statistics.median(found.index for found in looks):.0f}")


def public_pages(site: sites.Prepared) -> list[str]:
    """One page of each public view in each language, found by links."""
    app: Flask = site.app
    served = Site(site.url, "", site.folder)
    with sync_playwright() as playwright:
        requests = playwright.request.new_context()
        found = [page for plan in PLANS for page in crawl(requests, served, app, plan) if page.html]
        requests.dispose()
    kinds = {(page.address.startswith("/uk"), page.endpoint): page.address for page in reversed(found)}
    return sorted(kinds.values())


def judged(folder: Path, url: str, slowdown: float) -> Look:
    """A page's figures: of one run where it holds every bar, else the medians of several."""
    looks = [look(folder, url, slowdown)]
    if not looks[0].is_good:
        looks += [look(folder, url, slowdown) for _again in range(LOOKS - 1)]
    scores = zip(*(one.scores for one in looks), strict=True)
    return Look(
        tuple(statistics.median(values) for values in scores),
        statistics.median(one.lcp_s for one in looks),
        statistics.median(one.tbt_ms for one in looks),
        statistics.median(one.cls for one in looks),
        statistics.median(one.index for one in looks),
        looks[-1].faults,
    )


def look(folder: Path, url: str, slowdown: float) -> Look:
    """One run of Lighthouse; again if it could not see.

    Raises:
        RuntimeError: it could not see each time.
    """
    words = ["node", str(folder / "node_modules/lighthouse/cli/index.js"), url, "--quiet", "--output=json"]
    words += [f"--chrome-flags={FLAGS}", f"--throttling.cpuSlowdownMultiplier={slowdown:.2f}"]
    env = os.environ | {"CHROME_PATH": str(machine.program("chromium"))}
    for _try in range(TRIES):
        told = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PAGE_S, env=env)
        if told.returncode == 0:
            break
    else:
        raise RuntimeError(f"Lighthouse could not look at {url}: {told.stderr.strip()[-300:]}")
    report: Report = json.loads(told.stdout)
    audits = report["audits"]
    return Look(
        tuple(round(100 * (report["categories"][name]["score"] or 0)) for name in SCORES),
        audits["largest-contentful-paint"]["numericValue"] / 1000,
        audits["total-blocking-time"]["numericValue"],
        audits["cumulative-layout-shift"]["numericValue"],
        report["environment"]["benchmarkIndex"],
        tuple(faults(report)),
    )


def faults(report: Report) -> list[str]:
    """The audits that cost a page its full score, but for those of time."""
    counted = {
        one["id"] for name in SCORES[1:] for one in report["categories"][name]["auditRefs"] if one["weight"]
    }
    return [
        name
        for name in sorted(counted)
        if (report["audits"][name]["score"] or 0) < 1 and not is_left_out(report, name)
    ]


def is_left_out(report: Report, name: str) -> bool:
    """Whether an audit does not concern this page."""
    return report["audits"][name]["scoreDisplayMode"] in {"notApplicable", "manual", "informative"}


def show(path: str, found: Look, table: figures.Table) -> None:
    """One line for a page."""
    scores = " ".join(f"{score:3.0f}" for score in found.scores)
    named = f"   {', '.join(found.faults)}" if found.faults else ""
    table.say(
        f"  {path:<46.46} {scores}   LCP {found.lcp_s:.2f} s  TBT {found.tbt_ms:.0f} ms  CLS {found.cls:.3f}{named}"
    )


def multiplier(index: float) -> float:
    """How much to slow this machine down to make it a middling phone, from the index that Lighthouse measures.

    See docs/throttling.md of Lighthouse and the calculator that it leads to.
    """
    if index >= 1300:
        return min(4.0, 3 + (index - 1300) / 233)
    if index >= 800:
        return 2 + (index - 800) / 500
    return 1 + max(0.0, index - 150) / 650


if __name__ == "__main__":
    sys.exit(main())
