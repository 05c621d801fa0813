"""CSV files of reports: readable by any program, run by none."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership.web.csvfiles import Plain, guarded, text_of


@pytest.mark.parametrize("risky", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1", "  =1", '"=1'])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(risky):
    assert guarded(risky) == f"'{risky}"


def test_a_negative_number_stays_a_number():
    assert guarded(Plain("-5.00")) == "-5.00"
    assert guarded(-5) == "-5"


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=1, max_size=4), max_size=5
    )
)
def test_what_is_written_is_read_back(rows):
    text = text_of(["head"], rows)

    read = list(csv.reader(io.StringIO(text)))

    assert read[1:] == [[guarded(cell) for cell in row] for row in rows]
