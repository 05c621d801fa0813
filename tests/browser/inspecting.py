"""What every page must hold, asked of the page as it stands in the browser."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = (Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js").read_text()
NARROWEST = 320
OF_COLORS = ("color-contrast", "link-in-text-block")
"""The rules of axe that ask for colors (cat.color in axe-core's list, those for WCAG 2.2 AA)."""
SHAPE = """() => ({
  headings: document.querySelectorAll("h1").length,
  language: document.documentElement.lang,
  title: document.title.trim(),
  width: document.documentElement.scrollWidth,
})"""
WIDE = """(most) => [...document.querySelectorAll("body *")]
  .filter((one) => one.getBoundingClientRect().right > most + 0.5 && !one.closest(".table-scroll, [role=region]"))
  .slice(0, 3).map((one) => one.outerHTML.slice(0, 120))"""


def faults_of(page: Page, *, language: str) -> list[str]:
    """What is wrong with the page: accessibility by axe, headings, language, title, width."""
    shape = page.evaluate(SHAPE)
    width = (page.viewport_size or {"width": 0})["width"]
    faults = [
        *([] if shape["headings"] == 1 else [f"{shape['headings']} headings of the first level"]),
        *([] if shape["language"] == language else [f"lang is {shape['language']!r}, not {language!r}"]),
        *([] if shape["title"] else ["no title"]),
        *([] if shape["width"] <= width else [_too_wide(page, width)]),
    ]
    return faults + axe_violations(page)


def assert_sound(page: Page, *, language: str = "en") -> None:
    """Nothing on the page is out of order, as it is and at the narrowest width."""
    assert faults_of(page, language=language) == []
    assert narrow_faults(page) == []


def narrow_faults(page: Page) -> list[str]:
    """Whether anything sticks out at the narrowest width that must do (WCAG 1.4.10)."""
    before = page.viewport_size
    page.set_viewport_size({"width": NARROWEST, "height": 800})
    faults = [] if page.evaluate(SHAPE)["width"] <= NARROWEST else [_too_wide(page, NARROWEST)]
    if before:
        page.set_viewport_size(before)
    return faults


def dark_faults(page: Page) -> list[str]:
    """What the dark colors spoil: the same page, of which only colors change, so only their rules are asked again."""
    page.emulate_media(color_scheme="dark")
    faults = [f"in the dark: {fault}" for fault in axe_violations(page, only=OF_COLORS)]
    page.emulate_media(color_scheme="light")
    return faults


def _too_wide(page: Page, width: int) -> str:
    found = page.evaluate("document.documentElement.scrollWidth")
    return f"scrolls sideways: {found} px wide at {width}: {page.evaluate(WIDE, width)}"


def axe_violations(page: Page, *, only: Sequence[str] = ()) -> list[str]:
    """What axe finds, one line each; its source is evaluated beside the page, so that the page's own policy stands."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE)
    # What stands in a frame is a page of its own, and looked at as such.
    options = {"resultTypes": ["violations"], "iframes": False, **({"runOnly": list(only)} if only else {})}
    found: dict[str, Any] = page.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"axe {rule['id']}: {rule['help']}: {node['target']} {node['html'][:160]}"
        for rule in found["violations"]
        for node in rule["nodes"][:3]
    ]
