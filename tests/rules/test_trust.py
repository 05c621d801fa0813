"""docs/trust.md names every case with a test that exists."""

import ast
import re
from pathlib import Path

import pytest

from membership import paths

ROOT = paths.PACKAGE.parent
PAGE = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| ([WCSIE]\d\d) \| (.*) \|$", PAGE, re.MULTILINE))
SECTIONS = {"W": 38, "C": 38, "S": 30, "I": 24, "E": 10}
"""How many cases each section has."""
NUMBERS = [f"{letter}{number:02d}" for letter, count in SECTIONS.items() for number in range(1, count + 1)]


def _tests_of(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("number", NUMBERS)
def test_every_case_says_what_happens_and_which_test_holds_it(number):
    said, _, held = ROWS[number].rpartition(" | ")

    named = re.findall(r"`([\w/]+\.py)::(\w+)`", held)

    assert len(said) > 30
    assert named
    for file, name in named:
        assert name in _tests_of(ROOT / file), f"{file}::{name}"


def test_no_case_is_listed_twice_or_beyond_the_sections():
    listed = re.findall(r"^\| ([WCSIE]\d\d) \|", PAGE, re.MULTILINE)

    assert sorted(listed) == sorted(NUMBERS)


def test_a_test_that_names_a_case_stands_beside_it():
    """Who names a number in a test's name and not on the page has forgotten one of the two."""
    for file in sorted(ROOT.glob("tests/*/test_*.py")):
        for name in _tests_of(file):
            for number in re.findall(r"_([wcsie]\d\d)(?=_)", name):
                assert number.upper() in ROWS, f"{file.name}::{name}"
