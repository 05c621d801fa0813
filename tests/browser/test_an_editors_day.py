"""An editor's work from the first word to the restored version, with scripts and without."""

import base64
import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser import inspecting
from tests.browser.conftest import NewVisitor
from tests.browser.visiting import Visitor, as_staff

DROP = """([encoded, name]) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type: "image/png" }));
  const text = document.getElementById("body");
  for (const kind of ["dragenter", "dragover", "drop"]) {
    text.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""


def a_picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 360), "teal").save(out, "PNG")
    return out.getvalue()


def save(editor: Visitor) -> None:
    """Press the bar's Save and see that it was."""
    editor.press("Save", within=editor.page.locator(".editor-bar"))
    expect(editor.page.locator(".flashes")).to_contain_text("Saved")


def kept(page: Page) -> None:
    """Wait until what was typed has been kept by itself."""
    expect(page.locator("#kept")).to_contain_text(re.compile(r"Kept at \d\d:\d\d"), timeout=30_000)


def publish(editor: Visitor) -> None:
    """Open the bar's panel and publish."""
    editor.page.locator(".publish > summary").click()
    editor.press("Publish now", within=editor.page.locator(".publish-panel"))
    expect(editor.page.locator(".flashes")).to_contain_text("Published: everybody can read it now.")


def write(editor: Visitor) -> None:
    """A new story by keyboard: keys, a list that goes on, a picture dropped into it, kept by itself."""
    page = editor.open("/staff/articles/new")
    page.get_by_label("Headline").fill("The bridge at Verbyn")
    page.get_by_label("Headline").press("Enter")
    page.keyboard.type("Nobody has crossed it since March.")
    text = page.get_by_role("textbox", name="Story")
    text.fill("It is closed")
    text.select_text()
    page.keyboard.press("Control+b")
    expect(text).to_have_value("**It is closed**")
    text.press("Control+End")
    page.keyboard.type("\n\n- one\ntwo\n\nAfter the list.\n\n")
    assert "- one\n- two\n" in text.input_value()
    page.evaluate(DROP, [base64.b64encode(a_picture()).decode(), "Bridge in fog.png"])
    expect(text).to_have_value(re.compile(r"!\[\]\(bridge-in-fog-\w+\.webp\)"))
    page.keyboard.type("The bridge in fog")
    assert "![The bridge in fog](bridge-in-fog-" in text.input_value()
    kept(page)
    inspecting.assert_sound(editor.page)


def restore_what_was_typed(editor: Visitor) -> None:
    """Leave without saving, come back, and find it."""
    page = editor.open("/staff/articles/new")
    with page.expect_navigation():
        page.get_by_role("link", name="The bridge at Verbyn").click()
    expect(page.locator(".notice:visible").first).to_contain_text("These are your unsaved changes")
    assert "![The bridge in fog](bridge-in-fog-" in page.get_by_role("textbox", name="Story").input_value()


def look_at_the_preview(editor: Visitor) -> None:
    """Turn the preview beside the text on."""
    page = editor.page
    page.get_by_role("button", name="Live preview").click()
    preview = page.locator("#live-preview .prose")
    expect(preview.get_by_role("img", name="The bridge in fog")).to_be_visible()
    expect(preview.locator("strong")).to_have_text("It is closed")
    inspecting.assert_sound(editor.page)


def schedule(editor: Visitor) -> None:
    """Let it be published by itself, years ahead."""
    editor.page.locator(".publish > summary").click()
    editor.page.locator(".publish-panel input[name=at]").fill("2031-05-01T08:30")
    editor.press("Schedule", within=editor.page.locator(".publish-panel"))
    expect(editor.page.locator(".editor-side")).to_contain_text("Will be published on 1 May 2031, 08:30")


def correct(editor: Visitor) -> None:
    """Say below the story what was wrong, and put the text right."""
    page = editor.page
    page.get_by_role("textbox", name="Correction").fill("It was closed in April, not in March.")
    editor.press("Add the correction")
    expect(page.locator(".editor-side")).to_contain_text("It was closed in April")
    text = page.get_by_role("textbox", name="Story")
    text.fill(text.input_value().replace("It is closed", "It is open"))
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    expect(page.locator(".flashes")).to_contain_text("Saved")


def go_back_to_the_version_before(editor: Visitor) -> None:
    """See what the last save changed, and restore the version before it."""
    page = editor.page
    editor.press("All versions")
    with page.expect_navigation():
        page.locator("tbody a").first.click()
    expect(page.locator(".differences del").first).to_be_visible()
    expect(page.locator(".differences ins").first).to_be_visible()
    if editor.has_scripts:
        inspecting.assert_sound(editor.page)
    editor.press("Restore this version", within=page.get_by_role("region", name="Older"))


def test_an_editor_writes_publishes_corrects_and_goes_back(visitor: NewVisitor):
    editor, reader = as_staff(visitor()), visitor()
    editor.page.on("dialog", lambda dialog: dialog.accept())  # it asks before words are left behind

    write(editor)
    restore_what_was_typed(editor)
    look_at_the_preview(editor)
    save(editor)
    schedule(editor)
    publish(editor)
    reader.open("/articles/the-bridge-at-verbyn")
    expect(reader.page.get_by_role("img", name="The bridge in fog")).to_be_visible()

    correct(editor)
    go_back_to_the_version_before(editor)
    assert "**It is closed**" in editor.page.get_by_role("textbox", name="Story").input_value()
    reader.open("/articles/the-bridge-at-verbyn")
    expect(reader.page.locator(".prose")).to_contain_text("It is closed")
    assert editor.violations() == []


def test_two_editors_see_each_other_and_decide_about_a_conflict(visitor: NewVisitor):
    first, second = as_staff(visitor()), as_staff(visitor(), "editor")
    first.expects_refusal = True
    page = first.open("/staff/articles/2")
    other = second.open("/staff/articles/2")
    expect(other.locator("#others")).to_contain_text("Also editing this story:")
    other.get_by_role("textbox", name="Story").fill(
        other.get_by_role("textbox", name="Story").input_value() + "\n\nA paragraph of theirs."
    )
    save(second)

    page.get_by_role("textbox", name="Story").fill(
        page.get_by_role("textbox", name="Story").input_value() + "\n\nA paragraph of mine."
    )
    first.press("Save", within=page.locator(".editor-bar"))
    notice = page.locator("section.notice")
    expect(notice).to_contain_text("Somebody else has saved this article meanwhile")
    expect(notice.locator("ins").first).to_contain_text("A paragraph of theirs.")
    assert "A paragraph of mine." in page.get_by_role("textbox", name="Story").input_value()
    inspecting.assert_sound(first.page)
    save(first)


@pytest.mark.parametrize("width", [1280, 360])
def test_everything_works_without_scripts(visitor: NewVisitor, width: int):
    editor = as_staff(visitor(scripts=False, width=width))
    page = editor.open("/staff/articles/new")
    headline = f"A ferry of {width} planks"
    page.get_by_label("Headline").fill(headline)
    page.get_by_role("textbox", name="Story").fill("It *stands* still.")
    page.locator("[name=picture_file]").set_input_files(
        {"name": "ferry.png", "mimeType": "image/png", "buffer": a_picture()}
    )
    page.get_by_label("What the picture shows").fill("A ferry")
    editor.press("Preview", within=page.locator(".editor-bar"))
    expect(page.locator(".preview .prose em")).to_have_text("stands")
    save(editor)

    schedule(editor)
    page.get_by_text("Make a preview link").click()
    editor.press("Make the link")
    link = page.locator("#new-link").inner_text()
    reader = visitor(scripts=False, width=width)
    reader.open(link)
    expect(reader.page.get_by_role("heading", level=1)).to_have_text(headline)
    assert reader.cookies == {}

    publish(editor)
    page.get_by_role("textbox", name="Story").fill("It *moves* again.")
    save(editor)
    go_back_to_the_version_before(editor)
    assert page.get_by_role("textbox", name="Story").input_value() == "It *stands* still."
