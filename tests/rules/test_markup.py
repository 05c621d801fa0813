"""The templates' own rules: nothing inline that the security policy forbids, nothing past the escaping."""

import re

import pytest

from membership import paths

MAIL = paths.TEMPLATES / "mail"  # mail clients read only inline styles
PAGES = sorted(path for path in paths.TEMPLATES.rglob("*.html") if MAIL not in path.parents)
INLINE = re.compile(
    r"<style\b|\sstyle=|\son[a-z]+=|<script(?![^>]*(?:\ssrc=|application/ld.json))|javascript:", re.IGNORECASE
)
UNESCAPED = re.compile(r"\|\s*safe\b|autoescape")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(paths.TEMPLATES)))
def test_a_template_has_no_inline_style_or_script_and_escapes_everything(page):
    text = page.read_text(encoding="utf-8")

    assert INLINE.findall(text) == []
    assert UNESCAPED.findall(text) == []


def test_a_bare_page_calls_no_macro_and_builds_no_route():
    for page in [paths.TEMPLATES / "bare.html", *(paths.TEMPLATES / "errors").glob("*.html")]:
        assert not re.search(r"import|url_for|newsroom|current_account", page.read_text(encoding="utf-8")), (
            page.name
        )


def test_a_stored_page_cannot_say_who_is_signed_in():
    stored = ["base.html", "_head.html", "_masthead.html", "_footer.html", "macros/cards.html"]
    stored += [
        f"{folder}/{page.name}"
        for folder in ("articles", "appeals")
        for page in (paths.TEMPLATES / folder).glob("*.html")
    ]

    for name in stored:
        text = re.sub(r"{#.*?#}", "", (paths.TEMPLATES / name).read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.search(
            r"current_account|current_user|get_flashed_messages|flashes|session|csrf", text
        ), name
