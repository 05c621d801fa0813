"""The script of protected mode, in a real browser: the number it finds is one that the server takes."""

import pytest
from playwright.sync_api import Browser

from membership import paths, secrets
from membership.giving import proving

FORM = """<form data-work="{bits}" action="/nowhere" method="post">
  <input name="form_key" value="{key}"><input name="challenge" value="{challenge}">
  <input name="proof"><input name="code">
</form>"""


@pytest.mark.parametrize("key", ["A" * 43, "b-_" + "9" * 40])
def test_the_number_that_the_script_finds_is_taken(chromium: Browser, app, key: str):
    del app  # it has made the keys that sign
    challenge = proving.challenge_for(key)
    page = chromium.new_page()
    page.set_content(FORM.format(bits=proving.WORK_BITS, key=key, challenge=challenge))

    page.add_script_tag(type="module", content=(paths.STATIC / "js" / "proof.js").read_text(encoding="utf-8"))
    page.wait_for_function("document.querySelector('[name=proof]').value !== ''", timeout=60_000)
    proof = page.input_value("[name=proof]")
    page.close()

    assert proving.is_worked(challenge, key, proof)
    assert not proving.is_worked(challenge, secrets.new_token(), proof)
