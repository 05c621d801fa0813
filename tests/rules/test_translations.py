"""Every string of the interface is said in every language that the project carries."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
CATALOGS = sorted((ROOT / "membership" / "translations").glob("*/LC_MESSAGES/messages.po"))
FILLED_IN = re.compile(r"%\(\w+\)[sd]|%%|</?\w+[^>]*>")


@pytest.fixture(scope="module")
def asked(tmp_path_factory) -> Catalog:
    """What the code and the templates say, collected anew."""
    collected = tmp_path_factory.mktemp("strings") / "messages.pot"
    collect = ["extract", "-F", "babel.cfg", "-k", "lazy_gettext", "-k", "_l", "-o", str(collected), "."]
    subprocess.run(
        [sys.executable, "-m", "babel.messages.frontend", "-q", *collect],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return catalog(collected)


@pytest.fixture(scope="module", params=CATALOGS, ids=lambda path: path.parents[1].name)
def said(request) -> Catalog:
    return catalog(request.param, request.param.parents[1].name)


def test_the_demonstration_has_its_second_language():
    assert [path.parents[1].name for path in CATALOGS] == ["uk"]


def test_every_string_is_in_the_catalog(asked, said):
    assert [message.id for message in strings(asked) if message.id not in said] == []


def test_none_is_empty_or_only_guessed(asked, said):
    unsure = [message.id for message in of(asked, said) if message.fuzzy or not all(forms(message))]

    assert unsure == []


def test_a_plural_has_all_the_forms_of_its_language(asked, said):
    assert [m.id for m in of(asked, said) if m.pluralizable and len(forms(m)) != said.num_plurals] == []


def test_what_is_filled_in_and_marked_up_stays(asked, said):
    assert [message.id for message in of(asked, said) if not agrees(message)] == []


@pytest.mark.parametrize(
    ("source", "words", "right"),
    [
        ("Dear %(name)s", "Вітаємо, %(name)s", True),
        ("Dear %(name)s", "Вітаємо", False),
        ("by <strong>%(day)s</strong>", "до %(day)s", False),
        (("One vote", "%(count)s votes"), ("%(count)s голос", "%(count)s голоси", "Голосів"), True),
        (("One vote", "%(count)s votes"), ("Голос", "%(number)s голоси", "%(count)s голосів"), False),
    ],
)
def test_a_difference_in_what_is_filled_in_is_found(source, words, right):
    assert agrees(Message(source, words)) is right


def catalog(path: Path, language: str | None = None) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)


def strings(found: Catalog) -> list[Message]:
    return [message for message in found if message.id]


def of(asked: Catalog, said: Catalog) -> list[Message]:
    """The catalog's answers to the strings that are asked for; what is missing is another test's matter."""
    answers = (said.get(message.id) for message in strings(asked))
    return [answer for answer in answers if answer is not None]


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


def agrees(message: Message) -> bool:
    """Whether each form fills in and marks up what one of the source's forms does."""
    sources = (message.id,) if isinstance(message.id, str) else message.id
    allowed = [sorted(FILLED_IN.findall(source)) for source in sources]
    return all(sorted(FILLED_IN.findall(form)) in allowed for form in forms(message))
