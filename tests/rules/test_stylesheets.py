"""The style sheets' own rules: colors and lengths live in the tokens, and a public page stays light."""

import re

import pytest

from membership import paths
from membership.web.sheets import GROUPS

CSS = paths.STATIC / "css"
TOKENS = {"tokens.css", "signals.css"}
PAPER = "print.css"  # sets the tokens anew in the units of paper
COLOR = re.compile(
    r"#[0-9a-f]{3,8}\b|\b(?:oklch|rgba?|hsla?|lab|lch)\(|:\s*(?:white|black|red|gray|grey)\b", re.IGNORECASE
)
LENGTH = re.compile(r"(?<![\w-])\d*\.?\d+(?:px|rem|pt|mm|cm|ch|ex)\b")
IN_TOKENS = re.compile(r"(--[\w-]+)\s*:")
USED = re.compile(r"var\((--[\w-]+)")


def sheet(name: str) -> str:
    """A style sheet without its comments and its conditions (custom properties do not work in those)."""
    text = re.sub(r"/\*.*?\*/", "", (CSS / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"@(?:media|supports|page)[^{]*", "", text)


READ = {f"{name}.css" for group in ("reading", "front", "lists") for name in GROUPS[group]}
ARTICLE = {f"{name}.css" for group in ("reading", "paper") for name in GROUPS[group]}
SHEETS = sorted(path.name for path in CSS.glob("*.css"))


@pytest.mark.parametrize("name", [name for name in SHEETS if name not in TOKENS | {PAPER}])
def test_only_the_tokens_write_a_color_or_an_absolute_length(name):
    assert COLOR.findall(sheet(name)) == []
    assert LENGTH.findall(sheet(name)) == []


@pytest.mark.parametrize("name", SHEETS)
def test_every_token_in_use_is_defined(name):
    defined = {token for source in TOKENS for token in IN_TOKENS.findall(sheet(source))}

    assert set(USED.findall(sheet(name))) <= defined


@pytest.mark.parametrize("name", SHEETS)
def test_rules_stand_in_a_layer_and_force_nothing(name):
    assert "@layer" in sheet(name)
    assert "!important" not in sheet(name)


def test_a_page_to_read_needs_no_color_of_signals():
    signals = set(IN_TOKENS.findall(sheet("signals.css")))

    assert "signals.css" not in READ
    for name in READ:
        assert not set(USED.findall(sheet(name))) & signals, name


def test_the_face_is_fetched_from_one_address_only():
    named = set(re.findall(r"fonts/[\w.-]+\?v=[\w.]+", sheet("tokens.css")))
    early = set(
        re.findall(r"fonts/[\w.-]+\?v=[\w.]+", (paths.TEMPLATES / "_head.html").read_text(encoding="utf-8"))
    )

    assert early <= named
    assert len(early) == 2
    assert all((paths.STATIC / address.partition("?")[0]).exists() for address in named)


@pytest.mark.parametrize(("letters", "most"), [(("latin",), 44_000), (("latin", "cyrillic"), 52_000)])
def test_style_and_face_of_an_article_stay_light(letters, most):
    sheets = sum((CSS / name).stat().st_size for name in ARTICLE)
    faces = sum(
        (paths.STATIC / f"fonts/brygada-1918-{which}-700-normal.woff2").stat().st_size for which in letters
    )

    assert sheets + faces <= most
