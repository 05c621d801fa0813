"""Hostile and broken files: refused whole with the reason, or read without what is hostile in them."""

import json
import time

import pytest

from membership.articles import importing
from membership.articles.sources import decoding
from membership.articles.sources.items import ImportFileError
from tests.articles.exports import articles, counts, post, states, wxr
from tests.articles.stories import a_newsroom


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


BOMB = (
    '<!DOCTYPE lolz [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9))
    + "]>"
)
HOSTILE_XML = {
    "billion laughs": BOMB + "<rss><channel><item><title>&j;</title></item></channel></rss>",
    "external entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><rss><item><title>&e;</title></item></rss>',
    "parameter entity": '<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1/x.dtd"> %e;]><rss/>',
    "external DTD": '<!DOCTYPE rss SYSTEM "http://127.0.0.1/x.dtd"><rss/>',
    "quadratic blow-up": (
        f'<!DOCTYPE x [<!ENTITY a "{"x" * 50_000}">]><rss><item><title>{"&a;" * 50_000}</title></item></rss>'
    ),
    "plain doctype": "<!DOCTYPE rss><rss/>",
}


@pytest.mark.parametrize("source", ["wordpress", "feed"])
@pytest.mark.parametrize("name", HOSTILE_XML)
def test_a_file_with_a_doctype_is_refused_whole_and_at_once(session, taken, source, name):
    began = time.process_time()
    with pytest.raises(ImportFileError, match="DOCTYPE, which is not allowed"):
        taken(source, HOSTILE_XML[name])
    assert time.process_time() - began < 1
    assert articles(session) == []


INCLUDE = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{}" parse="text"/>'


@pytest.mark.parametrize("source", ["wordpress", "feed"])
def test_i07_no_file_that_xinclude_names_is_read(session, taken, tmp_path, source):
    (tmp_path / "secret.txt").write_text("what nobody may read")
    include = INCLUDE.format((tmp_path / "secret.txt").as_uri())
    items = [
        post(1).replace("<![CDATA[It stood still.]]>", f"It {include} stood still."),
        post(2, f"A {include} title", f"As text: {include}"),
    ]
    taken(source, wxr(*(one.replace("</item>", f"<guid>{n}</guid></item>") for n, one in enumerate(items))))

    assert len(articles(session)) == 2
    for one in articles(session):
        assert "nobody may read" not in f"{one.headline} {one.standfirst} {one.body}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<rss><channel><item>", "broken at line 1"),
        ("<rss>\n<channel>\n<item></wrong>", "broken at line 3, column"),
        ("<a>" * 100, "nested deeper than 60"),
        ("", "broken at line 1"),
        ("not xml at all", "broken at line 1"),
        ("<rss><item>" + "x" * 17_000_000, "One part of the file is larger than 16 MB"),
        ("<rss><item>" + ("<b>" + "x" * 6_000_000 + "</b>") * 4, "One part of the file is larger than 16 MB"),
        ("<rss><item>" + "<b/>" * 300_000, "One part of the file has too many elements"),
    ],
    ids=["unclosed", "crossed", "deep", "empty", "text", "huge", "huge in pieces", "crowded"],
)
def test_a_broken_file_is_refused_with_the_place(session, taken, content, message):
    with pytest.raises(ImportFileError, match=message):
        taken("wordpress", content)
    assert articles(session) == []


def test_many_items_and_much_between_them_are_no_large_part(tmp_path):
    file = tmp_path / "export.xml"
    item = "<item><a/>" + "x" * 6_000_000 + "</item><!-- between them -->"
    file.write_text(f"<rss>{item * 4}{('<item>' + '<a/>' * 99 + '</item>') * 3_000}</rss>")

    assert sum(1 for _item in decoding.elements(file, {"item"}, encoding="utf-8")) == 3_004


def test_what_the_parser_puts_off_to_the_end_is_read_too(tmp_path):
    file = tmp_path / "export.xml"
    file.write_text(f"<rss><!--{'x' * 150_000}--><item/><item/></rss>")

    assert sum(1 for _item in decoding.elements(file, {"item"}, encoding="utf-8")) == 2


@pytest.mark.parametrize(("source", "megabytes"), [("wordpress", 512), ("feed", 64), ("ghost", 64)])
def test_a_file_too_large_is_refused_unread(session, tmp_path, source, megabytes):
    file = tmp_path / "export"
    with file.open("wb") as sparse:
        sparse.truncate(megabytes * 1024**2 + 1)

    with pytest.raises(ImportFileError, match=f"larger than {megabytes} MB"):
        importing.import_file(session, source, file, media_folder=tmp_path / "media")

    assert articles(session) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "nested too deep"),
        ('{"db": [{"data": {}}]}', "no export of Ghost"),
        ("[]", "no export of Ghost"),
        ('{"db": 7}', "no export of Ghost"),
    ],
)
def test_a_broken_ghost_file_is_refused(taken, content, message):
    with pytest.raises(ImportFileError, match=message):
        taken("ghost", content, "export.json")


def test_rows_of_strange_kinds_in_a_ghost_file_do_no_harm(session, taken):
    posts = [
        None,
        7,
        {"id": 1, "title": ["x"], "html": {"a": 1}, "published_at": 10**30, "status": "published"},
    ]
    data = {
        "posts": posts,
        "users": {"a": 1},
        "tags": [None],
        "posts_tags": [{"post_id": 1}],
        "posts_authors": 3,
    }
    report = taken("ghost", json.dumps({"data": data}), "export.json")

    assert counts(report) == (1, 0, 0, 0)
    assert states(session) == {"draft": 1}


def test_lone_surrogates_nul_and_invisible_marks_are_taken_out(session, taken):
    content = (
        '{"data": {"posts": [{"id": "1", "title": "A\\ud800\\u0000\\u202e\\u200b\\ufeffB",'
        ' "html": "<p>\\udfff\\u0000x\\ufeff\\u200b</p>"}]}}'
    )
    taken("ghost", content, "export.json")

    (article,) = articles(session)
    assert (article.headline, article.body) == ("A?B", "<p>?x</p>")


def test_a_lying_encoding_is_read_rightly_and_reported(session, taken):
    report = taken("wordpress", wxr(post(1, "Пором стоїть", "Ніхто не знає чому.")).encode("windows-1251"))

    (article,) = articles(session)
    assert (article.headline, article.slug) == ("Пором стоїть", "porom-stoit")
    assert report.skipped == [
        ("export.xml", "The file is not UTF-8, as it says; it was read as Windows-1251.")
    ]


def test_windows_1251_that_says_so_is_read_without_a_word(session, taken):
    content = wxr(post(1, "Пором стоїть", "Ніхто не знає чому.")).replace("UTF-8", "windows-1251")
    report = taken("wordpress", content.encode("windows-1251"))

    assert articles(session)[0].headline == "Пором стоїть"
    assert (report.skipped, report.notes) == ([], [])


def test_a_file_of_two_encodings_is_read_with_a_note(session, taken):
    whole = wxr(post(1, "Пором", "OLD"), post(2, "Міст", "Ґанок")).encode()
    report = taken("wordpress", whole.replace(b"OLD", "Ніхто не знає".encode("windows-1251")))

    assert articles(session)[0].body == "<p>Ніхто не знає</p>"
    assert report.skipped == [
        ("export.xml", "The file is not UTF-8, as it says; it was read as Windows-1251.")
    ]


def test_a_mark_in_the_middle_is_taken_out(session, taken):
    taken("wordpress", wxr(post(1, "The\ufeff fer\u200bry", "It\ufeff stood\u200b still.")))

    (article,) = articles(session)
    assert (article.headline, article.slug) == ("The ferry", "the-ferry")
    assert article.body == "<p>It stood still.</p>"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_a_byte_order_mark_says_the_encoding(session, taken, encoding):
    taken(
        "wordpress",
        wxr(post(1, "Пором"))
        .replace("UTF-8", "utf-16" if encoding == "utf-16" else "UTF-8")
        .encode(encoding),
    )
    assert articles(session)[0].headline == "Пором"


def test_an_item_that_cannot_be_stored_stops_no_other(session, taken):
    report = taken("wordpress", wxr(post(1, body="<div>" * 2_000 + "deep"), post(2, "The bridge")))

    assert report.skipped == [("The ferry", "the text is longer, or nested deeper, than any story")]
    assert [one.headline for one in articles(session)] == ["The bridge"]
