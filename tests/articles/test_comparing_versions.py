"""Two versions compared: which words were added, which removed, and never for long."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership.articles.comparing import compare


def pieces(older, newer):
    found = compare(older, newer)
    return [
        (piece.kind, piece.text)
        for one in found.stretches
        for para in one.paragraphs
        for piece in para.pieces
    ]


def test_words_are_compared_within_a_paragraph_that_stayed():
    assert pieces("The old boat stood still.", "The new ferry stood still.") == [
        ("same", "The "),
        ("removed", "old boat"),
        ("added", "new ferry"),
        ("same", " stood still."),
    ]


def test_a_paragraph_that_is_new_or_gone_is_told_whole():
    assert pieces("One.\n\nTwo.", "One.\n\nTwo.\n\nThree.") == [
        ("same", "One."),
        ("same", "Two."),
        ("added", "Three."),
    ]
    assert ("removed", "Two.") in pieces("One.\n\nTwo.\n\nThree.", "One.\n\nThree.")


def test_a_paragraph_of_which_nothing_stayed_is_replaced_whole():
    assert pieces("Bread costs more.", "Nobody saw the river rise tonight") == [
        ("removed", "Bread costs more."),
        ("added", "Nobody saw the river rise tonight"),
    ]


def test_an_apostrophe_and_a_hyphen_are_parts_of_a_word():
    assert pieces("Її ім’я Дар’я-Марія тут", "Її ім’я Дар’я-Анна тут")[1:3] == [
        ("removed", "Дар’я-Марія"),
        ("added", "Дар’я-Анна"),
    ]


def test_it_counts_words():
    found = compare("One two three.", "One two three four five.")
    assert (found.added, found.removed) == (3, 1) or (found.added, found.removed) == (2, 0)
    assert not compare("The same.", "The same.").is_changed


PARAGRAPHS = st.lists(st.text(alphabet="ab .,x", min_size=1, max_size=30), max_size=12)


@given(PARAGRAPHS, PARAGRAPHS)
def test_both_sides_can_be_read_out_of_the_comparison(older, newer):
    def side(paragraphs, kept):
        texts = ["".join(p.text for p in one.pieces if p.kind in {"same", kept}) for one in paragraphs]
        return [text.strip("\n") for text in texts if text.strip()]

    found = compare("\n\n".join(older), "\n\n".join(newer))
    paragraphs = [one for stretch in found.stretches for one in stretch.paragraphs]

    assert side(paragraphs, "removed") == [one for one in older if one.strip()]
    assert side(paragraphs, "added") == [one for one in newer if one.strip()]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("a\nb\n" * 20_000, "b\nb\na\n" * 13_000),
        (" ".join(["word"] * 40_000), " ".join(["other"] * 40_000)),
        ("x " * 3_000 + "\n\n" + "y " * 3_000, "y " * 3_000 + "\n\n" + "x " * 3_000),
    ],
    ids=["lines", "one paragraph", "swapped"],
)
def test_tangled_versions_are_compared_in_bounded_time(older, newer):
    begun = time.process_time()
    assert compare(older, newer).is_changed
    assert time.process_time() - begun < 15
