"""Macros tie labels, hints and errors to their fields, and say states in words and roles."""

from collections.abc import Callable, Iterator
from typing import Any

import html5lib
import pytest
import wtforms
from flask import Flask, flash, render_template_string
from werkzeug.datastructures import MultiDict
from wtforms.fields.choices import SelectChoice

from membership.web.forms import PublicForm

Page = Any
NS = "{http://www.w3.org/1999/xhtml}"


class GiftForm(PublicForm):
    """One field of each kind."""

    email = wtforms.EmailField("E-mail", [wtforms.validators.InputRequired()], description="For the receipt.")
    name = wtforms.StringField("Name")
    interval = wtforms.RadioField(
        "How often", choices=[SelectChoice("month", "Monthly"), SelectChoice("once", "Once")]
    )
    cover_fee = wtforms.BooleanField("Cover the fee", description="€5.33 every month")


@pytest.fixture
def render(app: Flask) -> Iterator[Callable[..., Page]]:
    """Render a line of template into a tree, within a request."""

    def into_tree(source: str, **values: object) -> Page:
        return html5lib.parse(render_template_string(source, **values))

    with app.test_request_context("/"):
        yield into_tree


def one(page: Page, path: str) -> Page:
    """The only element at a path such as `input[@id='email']`."""
    (found,) = page.findall(f".//{NS}{path}")
    return found


FORMS = "{% import 'macros/forms.html' as forms %}"


def test_a_field_is_tied_to_its_label_hint_and_error(render):
    form = GiftForm(MultiDict())
    form.validate()

    page = render(FORMS + "{{ forms.field(form.email, autocomplete='email') }}", form=form)

    typed = one(page, "input[@id='email']")
    assert one(page, "label").get("for") == "email"
    assert typed.get("aria-describedby") == "email-hint email-error"
    assert typed.get("aria-invalid") == "true"
    assert typed.get("autocomplete") == "email"
    assert one(page, "p[@id='email-hint']").text == "For the receipt."
    assert "required" in one(page, "p[@id='email-error']").text


def test_a_field_that_may_stay_empty_says_so_and_points_to_nothing(render):
    page = render(FORMS + "{{ forms.field(form.name) }}", form=GiftForm(MultiDict()))

    assert one(page, "label/{*}span").text == "(optional)"
    assert one(page, "input[@id='name']").get("aria-describedby") is None


def test_the_summary_of_errors_leads_to_each_field(render):
    form = GiftForm(MultiDict({"interval": "month"}))
    form.validate()

    page = render(FORMS + "{{ forms.form_errors(form) }}", form=form)

    assert one(page, "div[@role='alert']").get("data-kind") == "error"
    assert [link.get("href") for link in page.findall(f".//{NS}a")] == ["#email"]


def test_a_form_without_errors_has_no_summary(render):
    page = render(FORMS + "{{ forms.form_errors(form) }}", form=GiftForm(MultiDict()))

    assert page.findall(f".//{NS}div") == []


def test_choices_stay_real_radios_in_a_named_group(render):
    form = GiftForm(MultiDict({"interval": "once"}))

    page = render(FORMS + "{{ forms.segments(form.interval) }}", form=form)

    assert one(page, "fieldset/{*}legend").text == "How often"
    radios = page.findall(f".//{NS}input[@type='radio']")
    assert [(radio.get("value"), radio.get("checked")) for radio in radios] == [("month", None), ("once", "")]


def test_nothing_is_ticked_for_the_person(render):
    page = render(FORMS + "{{ forms.checkbox(form.cover_fee) }}", form=GiftForm(MultiDict()))

    box = one(page, "input[@type='checkbox']")
    assert box.get("checked") is None
    assert box.get("aria-describedby") == "cover_fee-hint"


def test_an_error_is_announced_at_once_and_news_when_there_is_a_pause(render):
    source = "{% import 'macros/notices.html' as notices %}{{ notices.flashes() }}"
    flash("Your gift has been changed.", "success")
    flash("Stripe could not be reached.", "error")

    page = render(source)

    told = page.findall(f".//{NS}div[@role]")
    assert [(each.get("role"), each.find(f"{NS}p").text) for each in told] == [
        ("status", "Your gift has been changed."),
        ("alert", "Stripe could not be reached."),
    ]


def test_a_table_names_itself_and_can_be_scrolled_to(render):
    source = (
        "{% import 'macros/tables.html' as tables %}"
        "{% call tables.table('By month', csv_url='/x.csv') %}<tbody><tr><td>5</td></tr></tbody>{% endcall %}"
    )

    page = render(source)

    frame = one(page, "div[@role='region']")
    assert one(page, "caption").text.strip() == "By month"
    assert (frame.get("aria-label"), frame.get("tabindex")) == ("By month", "0")
    assert one(page, "a[@href='/x.csv']").text == "Download as CSV"


def test_a_meter_says_its_figures_in_words_too(render):
    page = render(
        "{% import 'macros/badges.html' as b %}{{ b.meter(41, 100, 'Winter', '€41 given', 'of €100') }}"
    )

    assert one(page, "progress").get("aria-label") == "Winter"
    assert one(page, "strong").text == "€41 given"


def test_a_list_of_one_page_has_no_pager(render):
    page = render("{% import 'macros/nav.html' as nav %}{{ nav.pager(summary='1-3 of 3') }}")

    assert page.findall(f".//{NS}nav") == []


def test_what_a_person_wrote_is_escaped_everywhere(render):
    hostile = "<script>alert(1)</script>"
    source = (
        "{% import 'macros/badges.html' as b %}{% import 'macros/nav.html' as n %}"
        "{{ b.badge(x) }}{{ b.facts([(x, x)]) }}{{ b.empty(x, x, '/', x) }}"
        "{{ n.page_header(x, x, x) }}{{ n.breadcrumbs([{'label': x, 'url': none}]) }}"
    )

    page = render(source, x=hostile)

    assert page.findall(f".//{NS}script") == []
