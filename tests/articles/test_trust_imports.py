"""What is tried against imports (docs/trust.md, section I): files that lie, full disks, what must not be kept."""

import io
import json
import time
import tracemalloc

import pytest
from PIL import Image
from sqlalchemy import event, func, select

from membership.accounts.models import Account
from membership.articles import importing
from membership.articles.commands import imports
from membership.articles.importing import ImportStoppedError
from membership.articles.models import ImportRun, Media
from membership.articles.sources import decoding
from membership.db import Base, db
from membership.mail.models import OutgoingMail
from membership.web import media
from tests.articles.exports import articles, post, states, wxr
from tests.articles.stories import a_newsroom

OLD = "https://old.example/wp-content/uploads"


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


def a_picture(color="teal"):
    out = io.BytesIO()
    Image.new("RGB", (60, 40), color).save(out, "JPEG")
    return out.getvalue()


def an_attachment(number, path, caption=""):
    told = f"<excerpt:encoded><![CDATA[{caption}]]></excerpt:encoded>"
    told += f"<wp:attachment_url>{OLD}/{path}</wp:attachment_url>"
    return post(number, "", "", post_type="attachment", status="inherit").replace("</item>", f"{told}</item>")


def opened_by(number, one):
    """A post that a picture of WordPress's library opens."""
    own = f"<wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>{number}</wp:meta_value>"
    return one.replace("</item>", f"<wp:postmeta>{own}</wp:postmeta></item>")


def test_i13_a_file_that_says_another_encoding_and_is_utf_8_is_read_as_that_and_reported(session, taken):
    content = wxr(post(1, "Пором стоїть", "Ніхто не знає чому."))
    for number, said in enumerate(("windows-1251", "ISO-8859-1", "koi8-r", "us-ascii")):
        file = content.replace("UTF-8", said).replace("old.example", f"old{number}.example")
        report = taken("wordpress", file.encode())

        assert (articles(session)[-1].headline, len(articles(session))) == ("Пором стоїть", number + 1)
        assert report.skipped == [
            ("export.xml", f"The file is not {said.upper()}, as it says; it was read as UTF-8.")
        ]


@pytest.mark.parametrize("declared", ["UTF-8", "windows-1251"])
@pytest.mark.parametrize("source", ["wordpress", "feed"])
def test_i13_an_article_in_another_encoding_than_its_file_stays_a_draft(session, taken, source, declared):
    posts = (post(1, "Пором", "OLD"), post(2, "Bridge", "Міст"))
    items = [one.replace("</item>", f"<guid>{n}</guid>{DATE}</item>") for n, one in enumerate(posts)]
    whole = wxr(*items).replace("UTF-8", declared).encode()
    old = "Ніхто не знає".encode("windows-1251")
    report = taken(
        source, whole.replace("Пором".encode(), "Пором".encode("windows-1251")).replace(b"OLD", old)
    )

    good, wrong = articles(session)
    assert (good.headline, good.state.value, wrong.state.value) == ("Пором", "published", "draft")
    doubt = "kept as a draft: it seems to be in UTF-8, its file in windows-1251; its letters are wrong"
    assert ("Bridge", doubt) in report.notes
    assert ("Пором", doubt) not in report.notes


DATE = "<pubDate>Fri, 01 May 2026 08:00:00 GMT</pubDate>"


def test_i13_a_declaration_that_a_story_quotes_says_nothing_of_its_file(session, taken):
    quoted = '---\nheadline: Пором\n---\n`<?xml version="1.0" encoding="koi8-r"?>` стоїть'
    report = taken("markdown", quoted, name="a.md")

    assert articles(session)[0].headline == "Пором"
    assert report.notes == []


def test_i16_a_folder_and_a_file_that_cannot_be_read_stop_no_other_story(session, tmp_path):
    for name in ("a", "c"):
        (tmp_path / f"{name}.md").write_text(f"---\nheadline: {name.upper()}\n---\nText")
    (tmp_path / "b.md").mkdir()
    (tmp_path / "d.md").symlink_to("d.md")
    report = importing.import_markdown(session, tmp_path, media_folder=tmp_path / "media")

    assert [one.headline for one in articles(session)] == ["A", "C"]
    assert report.skipped == [("b.md", "not a file"), ("d.md", "a link out of the folder")]


def test_i16_a_caption_too_deep_costs_its_caption_alone(session, taken, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(a_picture())
    deep = "<div>" * 400 + "deep"
    items = (opened_by(9, post(1)), post(2, "The bridge"), an_attachment(9, "a.jpg", deep))
    report = taken("wordpress", wxr(*items), images=tmp_path / "images")

    ferry, bridge = articles(session)
    assert (ferry.picture[:2], ferry.picture_caption, bridge.headline) == ("a-", "", "The bridge")
    reason = "the caption of its picture was left out: longer, or nested deeper, than any story"
    assert report.notes == [("The ferry", reason)]


def test_i16_a_picture_that_cannot_be_read_is_named_and_the_import_goes_on(session, taken, tmp_path):
    """What a disk does that loses its data, made with a file that no read ever succeeds on."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").write_bytes(a_picture())

    def lose(name):
        if name == "The ferry":
            (tmp_path / "images" / "a.jpg").unlink()

    body = f'<p>Text.</p><img src="{OLD}/a.jpg">'
    report = taken(
        "wordpress",
        wxr(post(1, body=body), post(2, "The bridge")),
        images=tmp_path / "images",
        progress=lose,
    )

    assert (report.taken, states(session)) == (2, {"published": 2})
    ((name, note),) = report.notes
    assert (name, "it cannot be read (No such file or directory)" in note) == ("The ferry", True)
    assert f'href="{OLD}/a.jpg"' in articles(session)[0].body


@pytest.fixture
def with_pictures(tmp_path):
    """A file of nine posts with a picture each, and the folder of these."""
    (tmp_path / "images").mkdir()
    for number in range(9):
        (tmp_path / "images" / f"p{number}.jpg").write_bytes(a_picture((number * 20, 80, 80)))
    file = tmp_path / "export.xml"
    shown = [f'<p>Text.</p><img src="{OLD}/p{number}.jpg">' for number in range(9)]
    file.write_text(wxr(*(post(number, f"Story {number}", body) for number, body in enumerate(shown))))
    return file


def ended(session):
    """What an import leaves behind, dates of its own aside."""
    told = [(one.source_id, one.slug, one.state, one.body, one.picture) for one in articles(session)]
    return told, sorted(map(tuple, session.execute(select(Media.name, Media.hash, Media.size))))


def test_i16_on_a_full_disk_an_import_stops_with_its_report_and_goes_on_later(
    app, session, tmp_path, with_pictures
):
    kept = app.extensions["membership_media"]
    kept.mkdir(parents=True, exist_ok=True)
    full = kept / f".{media.name_for('p5', (tmp_path / 'images' / 'p5.jpg').read_bytes())}"
    full.symlink_to("/dev/full")  # whatever is written there, the system says that the disk is full
    words = ["articles", "wordpress", str(with_pictures), "--images", str(tmp_path / "images")]
    session.commit()
    stopped = app.test_cli_runner().invoke(imports, words)

    assert stopped.exit_code == 1
    assert "5 taken, 0 updated, 0 unchanged, 0 not taken, of 5." in stopped.output
    assert "Stopped at Story 5: [Errno 28] No space left on device" in stopped.output
    assert "Make room" in stopped.output
    assert "run it again: it goes on where it stopped" in stopped.output
    assert [one.headline for one in articles(session)] == [f"Story {number}" for number in range(5)]
    assert not list(kept.glob(".*"))

    again = app.test_cli_runner().invoke(imports, words)
    assert again.exit_code == 0
    assert "4 taken, 0 updated, 5 unchanged, 0 not taken, of 9." in again.output
    at_last = ended(session)
    files = {one.name: one.read_bytes() for one in kept.iterdir()}

    for table in reversed(Base.metadata.sorted_tables):
        session.execute(table.delete())
    a_newsroom(session)
    session.commit()
    for one in kept.iterdir():
        one.unlink()
    assert app.test_cli_runner().invoke(imports, words).exit_code == 0
    assert ended(session) == at_last
    assert {one.name: one.read_bytes() for one in kept.iterdir()} == files


def test_i16_a_file_that_breaks_off_is_taken_up_to_there_and_the_report_says_so(app, session, tmp_path):
    file = tmp_path / "export.xml"
    whole = wxr(*(post(number, f"Story {number}", "word " * 20_000) for number in range(9)))
    file.write_text(whole[:-150_000])
    session.commit()
    done = app.test_cli_runner().invoke(imports, ["articles", "wordpress", str(file)])

    assert done.exit_code == 1
    count = len(articles(session))
    assert 0 < count < 9
    assert f"{count} taken, 0 updated, 0 unchanged, 0 not taken, of {count}." in done.output
    assert "The file is broken at line" in done.output
    file.write_text(whole)
    again = app.test_cli_runner().invoke(imports, ["articles", "wordpress", str(file)])
    assert f"{9 - count} taken, 0 updated, {count} unchanged, 0 not taken, of 9." in again.output


@pytest.mark.one_engine
def test_i16_a_full_database_stops_an_import_with_its_report(session, tmp_path):
    """On SQLite, which can be told how many pages there may be."""
    file = tmp_path / "export.xml"
    file.write_text(wxr(*(post(number, f"Story {number}", "word " * 20_000) for number in range(60))))
    session.commit()

    def limit(connection, _record, _proxy):
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {max(pages, room)}")

    room = session.connection().exec_driver_sql("PRAGMA page_count").scalar_one() + 1_000
    session.rollback()
    event.listen(db.engine, "checkout", limit)
    try:
        with pytest.raises(ImportStoppedError, match="disk is full") as stopped:
            importing.import_file(session, "wordpress", file, media_folder=tmp_path / "media")
    finally:
        event.remove(db.engine, "checkout", limit)
    db.engine.dispose()

    assert stopped.value.report.skipped == []
    assert 0 < stopped.value.report.taken == len(articles(session)) < 60
    session.rollback()
    again = importing.import_file(session, "wordpress", file, media_folder=tmp_path / "media")
    assert (again.taken + stopped.value.report.taken, again.skipped) == (60, [])
    assert session.scalars(select(ImportRun)).all() == []


def test_i08_many_items_take_bounded_memory_and_time(session, tmp_path):
    """There is no limit to how many: each is read, and named or taken, by itself. The file's size is the limit."""
    file, count = tmp_path / "export.xml", 20_000
    with file.open("w") as out:
        before, after = wxr("|").split("|")
        out.write(before)
        page = post(7, "A page", "x" * 500, post_type="page")
        for _number in range(count):
            out.write(page)
        out.write(after)
    began = time.process_time()
    tracemalloc.start()
    try:
        number = sum(1 for _item in decoding.elements(file, {"item"}, encoding="utf-8"))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert number == count
    assert file.stat().st_size > 15_000_000
    assert peak < 8_000_000
    assert time.process_time() - began < 20


CANARY = "zzcanaryzz"


def everything(session):
    """Every value of every table, in one text."""
    session.rollback()
    tables = Base.metadata.sorted_tables
    return "\n".join(repr(row) for table in tables for row in session.execute(select(table)))


def test_i18_of_a_ghosts_people_nothing_but_the_names_of_authors_is_kept(session, taken):
    author = {
        "id": "1",
        "name": "Ada Editor",
        "slug": "ada",
        "email": f"{CANARY}@example.org",
        "password": f"$2a$10${CANARY}",
    }
    member = {"id": "2", "email": f"m{CANARY}@example.org", "name": f"Member {CANARY}", "note": CANARY}
    story = {
        "id": "3",
        "title": "The ferry",
        "slug": "the-ferry",
        "html": "<p>It stood still.</p>",
        "status": "published",
        "published_at": "2026-05-01T08:00:00.000Z",
    }
    data = {"posts": [story], "users": [author], "members": [member], "members_subscribe_events": [member]}
    data["posts_authors"] = [{"post_id": "3", "author_id": "1"}]
    data["settings"] = [{"key": "stripe_secret_key", "value": CANARY}]
    data["comments"] = [{"id": "4", "post_id": "3", "member_id": "2", "html": CANARY}]
    accounts = session.scalar(select(func.count()).select_from(Account))
    taken("ghost", json.dumps({"db": [{"data": data}]}), name="export.json")

    _nothing_of_people_is_kept(session, accounts)


def test_i18_of_a_wordpress_files_people_nothing_but_the_names_of_authors_is_kept(session, taken):
    comment = (
        f"<wp:comment><wp:comment_author>{CANARY}</wp:comment_author>"
        f"<wp:comment_author_email>{CANARY}@example.org</wp:comment_author_email>"
        f"<wp:comment_author_IP>{CANARY}</wp:comment_author_IP>"
        f"<wp:comment_content>{CANARY}</wp:comment_content></wp:comment>"
    )
    content = wxr(post().replace("</item>", f"{comment}</item>"))
    content = content.replace("ada@example.org", f"{CANARY}@example.org")
    accounts = session.scalar(select(func.count()).select_from(Account))
    taken("wordpress", content)

    _nothing_of_people_is_kept(session, accounts)


def _nothing_of_people_is_kept(session, accounts):
    kept = everything(session)
    assert "It stood still." in kept
    assert "Ada Editor" in kept
    assert CANARY not in kept
    assert session.scalar(select(func.count()).select_from(Account)) == accounts
    assert session.scalars(select(OutgoingMail)).all() == []
