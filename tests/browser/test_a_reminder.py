"""Remind me in a month: asked for under an appeal, confirmed from the mail, and taken back there."""

from tests.browser import inspecting, walking
from tests.browser.conftest import NewVisitor


def test_a_reader_asks_for_a_reminder_confirms_it_and_takes_it_back(visitor: NewVisitor):
    reader = visitor()
    page = reader.open(f"/articles/{walking.ARTICLE}")
    page.get_by_text("Remind me in a month").click()
    page.get_by_label("E-mail address").fill("rita@example.org")
    reader.press("Remind me", within=page.locator(".appeal-remind form"))
    assert reader.path == "/appeal/remind"
    inspecting.assert_sound(page)

    link = walking.link_in(reader.site.await_mail("rita@example.org"), reader.site, to="/appeal/remind/")
    reader.open(link)
    inspecting.assert_sound(page)
    reader.press("Yes, remind me", within=page.locator("main"))
    inspecting.assert_sound(page)
    reader.open(f"{link}/forget")
    inspecting.assert_sound(page)
    page.locator("main button[type=submit]").click()
    reader.expects_refusal = True
    assert reader.open(link).get_by_role("heading", level=1).is_visible()
    assert reader.cookies == {}
