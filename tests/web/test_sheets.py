"""Style sheets go out in groups: one request, compressed, kept by browsers as long as they do not change."""

import gzip

import brotli
import pytest
from flask import g

from membership import paths
from membership.newsroom import settings_rows
from membership.web import accents, sheets


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("group", sheets.GROUPS)
def test_a_group_is_the_text_of_its_files_in_their_order(client, group):
    answer = client.get(sheets.address(group))

    files = [
        (paths.STATIC / "css" / f"{name}.css").read_text(encoding="utf-8") for name in sheets.GROUPS[group]
    ]
    assert answer.mimetype == "text/css"
    assert answer.text.startswith("\n".join(files))
    assert ("--accent: oklch(0.475 " in answer.text[len("\n".join(files)) :]) == (group != "paper")


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(("encoding", "decode"), [("br", brotli.decompress), ("gzip", gzip.decompress)])
def test_a_group_is_compressed_for_who_can_read_that(client, encoding, decode):
    plain = client.get(sheets.address("front")).data

    answer = client.get(sheets.address("front"), headers={"Accept-Encoding": encoding})

    assert answer.headers["Content-Encoding"] == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert decode(answer.data) == plain
    assert len(answer.data) < len(plain) / 2


@pytest.mark.usefixtures("session")
def test_only_the_address_with_the_right_hash_is_kept_for_long(client):
    current = client.get(sheets.address("front")).headers["Cache-Control"]
    bare = client.get("/sheets/front.css").headers["Cache-Control"]
    stale = client.get("/sheets/front.css?v=000000000000").headers["Cache-Control"]

    assert "immutable" in current
    assert bare == stale == "public, max-age=300"


@pytest.mark.usefixtures("session")
def test_an_unchanged_group_is_not_sent_again(client):
    tag = client.get(sheets.address("tools")).headers["ETag"]

    answer = client.get(sheets.address("tools"), headers={"If-None-Match": tag})

    assert answer.status_code == 304


@pytest.mark.parametrize("path", ["/sheets/secrets.css", "/sheets/..%2Fapp.css", "/sheets/tokens.css"])
def test_no_other_file_is_served(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.usefixtures("session")
def test_a_style_sheet_sets_no_cookie(client):
    assert "Set-Cookie" not in client.get(sheets.address("front")).headers


def test_another_color_of_the_newsroom_is_another_address(session, client):
    before = sheets.address("front"), sheets.address("paper")
    settings_rows.change(session, {"color": "#0a6e31"})
    session.commit()
    g.pop("newsroom", None)

    assert sheets.address("front") != before[0]
    assert sheets.address("paper") == before[1]
    assert accents.tokens("#0a6e31") in client.get(sheets.address("front")).text


def test_the_face_of_latin_headlines_comes_in_one_turn(client):
    with client.get("/static/fonts/brygada-1918-latin-700-normal.woff2") as answer:
        head = sum(len(f"{name}: {value}\r\n") for name, value in answer.headers.items())

        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert len(answer.data) + head < 10 * 1460  # what a server sends before it waits for the first answer
