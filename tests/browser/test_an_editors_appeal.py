"""An editor's work on an appeal: written with its rules, previewed in both copies, tried out, and its results read."""

import re
from datetime import date, timedelta

from playwright.sync_api import expect

from membership import clock
from tests.browser import inspecting
from tests.browser.conftest import NewVisitor
from tests.browser.visiting import Visitor, as_staff

TEACHERS = "the-pendulum-does-not-mind"
"""The one story in English about teachers."""


def write_an_appeal(editor: Visitor, *, begins: date) -> None:
    """An appeal with amounts of its own, for one section, one tag and some weeks."""
    page = editor.open("/staff/appeals")
    editor.press("Write an appeal")
    page.get_by_label("Name").fill("Teachers")
    page.get_by_label("Heading").fill("Nobody pays to read about a school")
    page.get_by_label("Text").fill("Lessons go on.\n\nSo do we.")
    page.get_by_label("The one sentence that stands out").fill("Keep both going.")
    euros = page.get_by_role("group", name="EUR", exact=True)
    expect(euros.get_by_label("Monthly")).to_have_attribute("placeholder", re.compile(r"^\d+; \d+"))
    euros.get_by_label("Monthly").fill("4; 7.50; 11")
    page.get_by_label("First day").fill(begins.isoformat())
    page.get_by_label("Last day").fill((begins + timedelta(days=60)).isoformat())
    page.get_by_role("group", name="Only in these sections").get_by_label("School").check()
    page.get_by_label("Only under stories with one of these tags").fill("teachers")
    page.get_by_label("Never under stories with one of these tags").fill("missing")
    page.get_by_label("Priority").fill("90")
    inspecting.assert_sound(editor.page)


def preview_both_copies(editor: Visitor) -> None:
    """Before anything is saved, in a page beside the form, at the appeal itself."""
    page = editor.page
    page.get_by_label("Under the story").select_option(label="‘The pendulum does not mind’")
    for button, told in (
        ("Preview", "Nobody pays to read about a school"),
        ("Preview the quiet copy", "If you are one of them: thank you."),
    ):
        with page.context.expect_page() as opened:
            page.get_by_role("button", name=button, exact=True).click()
        preview = opened.value
        preview.wait_for_load_state()
        expect(preview.locator("#appeal")).to_contain_text(told)
        expect(preview.locator("#appeal")).to_be_in_viewport()
        expect(preview.get_by_text("Not saved yet.")).to_be_attached()
        assert inspecting.faults_of(preview, language="en") == []
        preview.close()


def asked_for(reader: Visitor, heading: str) -> None:
    """Wait until readers of the story about teachers see an appeal."""
    for _try in range(40):
        reader.open(f"/articles/{TEACHERS}")
        if heading in reader.page.locator("#appeal-heading").inner_text():
            return
        reader.page.wait_for_timeout(250)
    raise AssertionError(f"readers do not see {heading!r}")


def try_it_out(editor: Visitor) -> None:
    """Set up a trial against the appeal that stands everywhere, and find both locked for its time."""
    page = editor.open("/staff/appeals/trials/new")
    page.get_by_label("Name").fill("Does a word to teachers help?")
    page.get_by_label("Compare with").select_option(label="The price of a coffee (English)")
    page.get_by_label("Teachers (English)").check()
    inspecting.assert_sound(editor.page)
    editor.press("Set it up")
    expect(page.locator(".flashes")).to_contain_text("it begins and ends by itself")
    expect(page.locator("main")).to_contain_text("Articles that take part: 1")
    inspecting.assert_sound(editor.page)
    editor.open("/staff/appeals")
    editor.press("Teachers", within=page.locator("tbody"))
    expect(page.locator("main .notice")).to_contain_text("It is being tried out")
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    inspecting.assert_sound(editor.page)


def read_the_results(editor: Visitor) -> None:
    """End it before its time, and read what was counted, with the method, and that nothing is concluded."""
    page = editor.open("/staff/appeals")
    editor.press("Trials", within=page.get_by_role("navigation", name="Appeals and campaigns"))
    editor.press("Does a word to teachers help?")
    editor.press("End it now")
    editor.press("End the trial", within=page.locator("main form"))
    expect(page.locator("main")).to_contain_text("nothing is concluded from it")
    rows = page.get_by_role("region", name="By appeal").get_by_role("rowheader")
    assert rows.all_inner_texts() == ["The price of a coffee", "Teachers"]
    expect(page.get_by_role("heading", name="How this is found out")).to_be_visible()
    inspecting.assert_sound(editor.page)


def test_an_editor_writes_an_appeal_previews_it_tries_it_out_and_reads_the_results(visitor: NewVisitor):
    editor, reader = as_staff(visitor(), "editor"), visitor()
    write_an_appeal(editor, begins=clock.now().date() - timedelta(days=1))
    preview_both_copies(editor)
    editor.press("Save")
    expect(editor.page.locator(".page-intro")).to_contain_text("Under 1 story of")
    asked_for(reader, "Nobody pays to read about a school")
    assert re.findall(r"€[\d.]+", reader.page.locator("[data-interval=month]").inner_text())[:3] == [
        "€4",
        "€7.50",
        "€11",
    ]
    editor.open("/staff/appeals")
    expect(editor.page.get_by_role("row").filter(has_text="Nobody pays")).to_contain_text(
        "Only tagged teachers"
    )

    try_it_out(editor)
    read_the_results(editor)
    editor.open("/staff/appeals")
    editor.press("Teachers", within=editor.page.locator("tbody"))
    editor.page.get_by_label("Is on").uncheck()
    editor.press("Save")
    asked_for(reader, "You have just read this for nothing")
    assert editor.violations() == []
