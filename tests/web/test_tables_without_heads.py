"""A table whose head names nothing: Markdown demands one, and a reader of the page should not hear it."""

from flask import Flask

from membership.web import htmlize


def _markdown(app: Flask, text: str) -> str:
    with app.test_request_context("/"):
        return str(htmlize.markdown(text))


def test_a_head_without_words_is_left_out(app: Flask):
    html = _markdown(app, "| | |\n|---|---|\n| Recipient | Richka |\n")

    assert "<thead" not in html
    assert "<th" not in html
    assert "Recipient" in html


def test_a_column_without_a_name_has_a_plain_cell_in_the_head(app: Flask):
    html = _markdown(app, "| Of every hundred | |\n|---|---:|\n| Wages | 63 |\n")

    assert ">Of every hundred</th>" in html
    assert "<td></td>" in html
    assert htmlize.clean(html) == html
