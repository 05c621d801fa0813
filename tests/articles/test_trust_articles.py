"""What is tried against articles, imports and pictures (docs/trust.md, section I), where no other file holds it."""

import html
import io
import json
import re
import socket
import threading
import zipfile
from datetime import timedelta
from importlib.metadata import version

import pytest
from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from PIL.WebPImagePlugin import WebPImageFile
from sqlalchemy import select

from membership.articles import importing, picturing, publishing
from membership.articles.errors import ImportRunningError
from membership.articles.importing import Options
from membership.articles.publishing import COMMAND
from membership.articles.sources.items import ImportFileError
from membership.db import Base, db
from membership.mail.models import OutgoingMail
from tests.articles.exports import articles, post, wxr
from tests.articles.stories import a_newsroom, a_story


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


@pytest.fixture
def folder(app):
    made = app.extensions["membership_media"]
    made.mkdir(parents=True, exist_ok=True)
    return made


def test_i02_the_sanitizer_is_no_older_than_the_release_that_ends_the_known_ways_through():
    assert tuple(int(part) for part in version("nh3").split(".")[:3]) >= (0, 3, 8)  # has ammonia 4.2.5


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", b"<script>alert(1)</script>"),
        ("paper.pdf", b"%PDF-1.7"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("picture.webp", b"<script>alert(1)</script>RIFF"),
        ("picture.jpg", b"GIF89a/*<script>*/=1;alert(1)//"),
    ],
)
def test_i05_whatever_lies_below_media_is_sent_as_a_picture_or_not_at_all(folder, client, name, content):
    (folder / name).write_bytes(content)
    with client.get(f"/media/{name}") as answer:
        if not name.endswith((".svg", ".webp", ".jpg")):
            assert answer.status_code == 404
            return
        assert answer.mimetype.startswith("image/")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        policy = answer.headers["Content-Security-Policy"].split("; ")
        assert {"sandbox", "default-src 'none'", "frame-ancestors 'none'"} <= set(policy)
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert ("attachment" in answer.headers.get("Content-Disposition", "")) == name.endswith(".svg")


@pytest.mark.parametrize(("form", "reader"), [("GIF", GifImageFile), ("WEBP", WebPImageFile)])
def test_i06_of_a_moving_picture_only_the_first_frame_is_opened(session, folder, monkeypatch, form, reader):
    frames = [Image.new("RGB", (300, 200), (number, 90, 90)) for number in range(100)]
    out = io.BytesIO()
    frames[0].save(out, form, save_all=True, append_images=frames[1:], duration=10)
    sought: list[int] = []
    seek = reader.seek

    def counted(image, frame):
        sought.append(frame)
        seek(image, frame)

    monkeypatch.setattr(reader, "seek", counted)
    row = picturing.take(session, folder, out.getvalue(), called="moving")

    assert set(sought) == {0}
    assert len(sought) < 5
    with Image.open(folder / row.name) as kept:
        assert (kept.format, getattr(kept, "n_frames", 1), kept.size) == ("WEBP", 1, (300, 200))


@pytest.mark.parametrize("source", ["wordpress", "ghost", "feed", "markdown"])
def test_i09_no_archive_is_ever_opened(session, tmp_path, source):
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../outside.md", "---\nheadline: Outside\n---\nText")
    if source == "markdown":
        report = importing.import_markdown(session, file, media_folder=tmp_path / "media")
        refused = report.skipped[0][1]
    else:
        with pytest.raises(ImportFileError) as error:
            importing.import_file(session, source, file, media_folder=tmp_path / "media")
        refused = str(error.value)

    assert re.search(
        "does not begin with front matter|is broken at line 1|is no JSON|is not valid UTF-8", refused
    )
    assert articles(session) == []
    assert not list(tmp_path.parent.glob("outside*"))


def test_i09_names_of_pictures_lead_nowhere_else(session, tmp_path):
    secret = tmp_path / "secret.webp"
    Image.new("RGB", (20, 20)).save(secret)
    stories = tmp_path / "stories"
    stories.mkdir()
    (stories / "a.md").write_text(
        "---\nheadline: A\npublished: 2026-01-01\n---\n![x](../secret.webp) ![y](/media/../../secret.webp)"
    )
    importing.import_markdown(session, stories, media_folder=tmp_path / "media")

    (story,) = articles(session)
    assert story.picture == ""
    assert not (tmp_path / "media").exists()


def test_i09_a_link_out_of_a_folder_of_markdown_is_not_followed(session, tmp_path):
    secret = tmp_path / "secret.md"
    secret.write_text("---\nheadline: Secret\n---\nText")
    stories = tmp_path / "stories"
    stories.mkdir()
    (stories / "a.md").write_text("---\nheadline: A\n---\nText")
    (stories / "b.md").symlink_to(secret)
    (stories / "c.md").symlink_to(tmp_path / "nowhere.md")
    (tmp_path / "link").symlink_to(stories)
    report = importing.import_markdown(session, tmp_path / "link", media_folder=tmp_path / "media")

    assert [one.headline for one in articles(session)] == ["A"]
    assert report.skipped == [("b.md", "a link out of the folder"), ("c.md", "a link out of the folder")]


def test_i09_no_picture_is_brought_through_a_link_out_of_its_folder(session, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "secret"
    stories = tmp_path / "site" / "stories"
    for folder in (elsewhere, stories):
        folder.mkdir(parents=True)
    for name in ("a.webp", "b.webp"):
        Image.new("RGB", (20, 20)).save(elsewhere / name)
    (stories / "a.webp").symlink_to(elsewhere / "a.webp")
    (stories / "pictures").symlink_to(elsewhere)
    (stories / "a.md").write_text(
        f"---\nheadline: A\npicture: {'x' * 300}.webp\n---\n![x](a.webp) ![y](b.webp)"
    )
    report = importing.import_markdown(session, stories, media_folder=tmp_path / "media")

    assert len(articles(session)) == 1
    assert [note.partition("webp")[2] for _name, note in report.notes] == [" is not in the folder"] * 3
    assert not (tmp_path / "media").exists()


INSIDE = ("127.0.0.1", "[::1]", "localhost.", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "169.254.169.254")


@pytest.fixture
def asked(monkeypatch):
    """What anybody asked the network for, whatever the library; nothing of it is done."""
    seen: list[object] = []

    def refuse(*told, **_more):
        seen.append(told)
        raise OSError("no network here")

    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    return seen


@pytest.mark.one_engine
@pytest.mark.parametrize("with_images", [False, True])
@pytest.mark.parametrize("source", ["wordpress", "ghost", "feed", "markdown"])
def test_i10_i11_i12_an_import_reads_files_and_asks_no_address(
    session, taken, tmp_path, asked, source, with_images
):
    """On SQLite alone, since nothing may ask the network, nor a database there."""
    more = {"images": tmp_path} if with_images and source in {"wordpress", "ghost"} else {}
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        door.settimeout(0.2)
        port = door.getsockname()[1]
        addresses = [f"http://{host}:{port}/p.webp" for host in INSIDE]
        pictures = "".join(
            f'<img src="{one}">' for one in (*addresses, "file:///etc/passwd", "gopher://127.0.0.1:25/")
        )
        if source == "markdown":
            body = "\n\n".join(f"![x]({one})" for one in addresses)
            taken("markdown", f"---\nheadline: A\npublished: 2026-01-01\n---\n{body}", name="a.md")
        elif source == "wordpress":
            taken("wordpress", wxr(post(body=pictures)), **more)
        elif source == "ghost":
            row = {"id": "1", "title": "A", "html": pictures, "feature_image": addresses[0]}
            taken("ghost", json.dumps({"data": {"posts": [row]}}), name="export.json", **more)
        else:
            item = f"<guid>1</guid><title>A</title><description><![CDATA[{pictures}]]></description>"
            more_of_it = "".join(
                f'<link>{one}</link><enclosure url="{one}" length="9"/>' for one in addresses
            )
            around = f"<link>{addresses[0]}</link><image><url>{addresses[1]}</url></image>"
            taken(
                "feed",
                f"<rss version='2.0'><channel>{around}<item>{item}{more_of_it}</item></channel></rss>",
            )
        with pytest.raises(TimeoutError):
            door.accept()
    assert asked == []
    assert len(articles(session)) == 1
    assert "passwd" not in articles(session)[0].picture


class PowerCutError(BaseException):
    """Nothing catches it: the process is gone."""


def told(session):
    return [
        (one.source_id, one.slug, one.state, one.body, one.published_at, one.updated_at, one.source_fields)
        for one in articles(session)
    ]


def test_i16_an_import_that_dies_is_repeated_and_ends_as_if_nothing_had_happened(session, tmp_path):
    file = tmp_path / "export.xml"
    file.write_text(wxr(*(post(number, f"Story {number}") for number in range(1, 31))))

    def die(name):
        if name == "Story 18":
            raise PowerCutError

    with pytest.raises(PowerCutError):
        importing.import_file(
            session, "wordpress", file, media_folder=tmp_path / "media", options=Options(progress=die)
        )
    session.rollback()
    assert len(articles(session)) == 17
    again = importing.import_file(session, "wordpress", file, media_folder=tmp_path / "media")

    assert (again.taken, again.unchanged) == (13, 17)
    assert len({slug for _id, slug, *_rest in told(session)}) == 30
    ended = told(session)
    once_more = importing.import_file(session, "wordpress", file, media_folder=tmp_path / "media")
    assert (once_more.taken, once_more.unchanged, told(session)) == (0, 30, ended)

    for table in reversed(Base.metadata.sorted_tables):
        session.execute(table.delete())
    a_newsroom(session)
    undisturbed = importing.import_file(session, "wordpress", file, media_folder=tmp_path / "media")
    assert (undisturbed.taken, told(session)) == (30, ended)


def test_i17_of_two_imports_at_once_one_is_refused_or_waits_its_turn(app, session, tmp_path):
    file = tmp_path / "export.xml"
    file.write_text(wxr(*(post(number, f"Story {number}") for number in range(1, 13))))
    reports, refused = [], []

    def take():
        with app.app_context():
            try:
                reports.append(
                    importing.import_file(db.session(), "wordpress", file, media_folder=tmp_path / "media")
                )
            except ImportRunningError as error:
                refused.append(error)
            db.session.remove()

    session.commit()
    threads = [threading.Thread(target=take) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert len(told(session)) == 12
    assert len(reports) + len(refused) == 3
    assert sum(report.taken for report in reports) == 12
    assert all(report.total == 12 for report in reports)


CANARY = "Zephyrine sentence that nobody may read yet"


@pytest.mark.parametrize("cookie", ["", "off"])
@pytest.mark.parametrize("state", ["draft", "scheduled", "withdrawn"])
def test_i19_what_is_not_published_is_in_no_representation(session, client, clock, state, cookie):
    a_story(session, "The bridge", tags=["river"], series="Banks")
    hidden = a_story(
        session,
        "Zephyrine",
        body=CANARY,
        is_out=False,
        tags=["river"],
        series="Banks",
        authors=["Zephyrine Author"],
    )
    if state == "scheduled":
        publishing.schedule(session, hidden, clock.now() + timedelta(days=1), by=COMMAND)
    if state == "withdrawn":
        publishing.publish(session, hidden, by=COMMAND)
        publishing.withdraw(session, hidden, by=COMMAND)
    session.commit()

    if cookie:
        client.set_cookie("appeal", cookie)
    paths = (
        *("/", "/feed.xml", "/sitemap.xml", "/news-sitemap.xml", "/sections/land", "/series/banks"),
        *("/authors/zephyrine-author", "/authors/iryna-bevz", "/articles/the-bridge", "/articles/zephyrine"),
        *("/articles/zephyrine?amp", "/search?q=zephyrine", "/search?q=sentence+nobody"),
        *("/embed/appeal", "/embed/appeal?article=zephyrine", "/embed/appeal/zephyrine", "/series"),
    )
    for path in (*paths, *(f"/uk{path}" for path in paths)):
        answer = client.get(path)
        said = answer.get_data(as_text=True).replace("zephyrine", "").replace("q=Zephyrine", "")
        assert "Zephyrine" not in said, path
        assert "nobody may read" not in said, path


def test_i20_years_that_cannot_be_meant_are_never_published_early(session, taken, client):
    dates = [
        "0000-00-00 00:00:00",
        "0001-01-01 00:00:00",
        "9999-12-31 23:59:59",
        "2026-13-45 99:99:99",
        "soon",
        "",
    ]
    taken("wordpress", wxr(*(post(n, f"Odd {n}", post_date_gmt=date) for n, date in enumerate(dates))))

    assert len(articles(session)) == len(dates)
    assert all(one.published_at is None or one.published_at.year <= 2200 for one in articles(session))
    assert {one.state.value for one in articles(session)} <= {"draft", "scheduled"}
    for one in articles(session):
        assert client.get(f"/articles/{one.slug}").status_code == 404


ODD_DATES = {
    "Fri, 01 May 2026 08:00:00 +1400": "published 2026-04-30 18:00",
    "Fri, 01 May 2026 08:00:00 -1200": "published 2026-05-01 20:00",
    "Fri, 01 May 2026 08:00:00 EST": "published 2026-05-01 13:00",
    "Fri, 01 May 2026 08:00:00 -0000": "published 2026-05-01 08:00",
    "Fri, 01 May 2026 08:00:00 XYZ": "published 2026-05-01 08:00",
    "Mon, 23 Nov 2026 01:00:00 +1400": "published 2026-11-22 11:00",  # it is 2026-11-22 12:00 UTC
    "Sun, 22 Nov 2026 11:00:00 -1200": "scheduled 2026-11-22 23:00",
    "Tue, 24 Nov 2026 08:00:00 +9900": "draft",
    "Fri, 01 May 2026 08:00:00 +99999999999": "draft",
    "Fri, 01 May 99999999999 08:00:00 GMT": "draft",
    "Fri, 31 Dec 9999 23:59:59 -1200": "draft",
    "Sat, 01 Jan 0001 00:00:00 +1400": "draft",
    "Wed, 30 Nov -0001 00:00:00 +0000": "draft",
}


@pytest.mark.parametrize("source", ["wordpress", "feed"])
def test_i20_odd_zones_and_years_are_reckoned_with_or_leave_a_draft(session, taken, source):
    if source == "wordpress":
        dated = [post(n, f"Odd {n}", post_date_gmt="0000-00-00 00:00:00") for n in range(len(ODD_DATES))]
    else:
        dated = [
            f"<item><guid>{n}</guid><title>Odd {n}</title><description>Text</description></item>"
            for n in range(len(ODD_DATES))
        ]
    items = [
        one.replace("</item>", f"<pubDate>{date}</pubDate></item>")
        for one, date in zip(dated, ODD_DATES, strict=True)
    ]
    taken(source, wxr(*items))

    found = [
        f"{one.state.value} {one.published_at:%Y-%m-%d %H:%M}" if one.published_at else one.state.value
        for one in articles(session)
    ]
    assert found == list(ODD_DATES.values())


def test_i24_what_looks_like_a_template_stays_text_wherever_it_is_shown(session, client):
    template = "{{7*7}} {% for x in y %} ${7*7} #{7*7} <%= 7*7 %>"
    a_story(
        session, template, slug="t", standfirst=template, body=template, tags=[template], series=template,
        authors=[template],
    )  # fmt: skip
    for path in ("/articles/t", "/", "/feed.xml", "/news-sitemap.xml", "/search?q=%7B%7B7*7%7D%7D"):
        said = client.get(path).get_data(as_text=True)
        assert "{{7*7}}" in said, path
        assert "49" not in said.replace(json.dumps("49"), "").split("<main")[-1].split("</main")[0], path


def test_i24_what_looks_like_a_template_stays_text_in_mails_too(session, client):
    template = "{{7*7}} {% for x in y %} ${7*7}"
    a_newsroom(session, name=template)
    a_story(session, template, slug="t")
    answer = client.post("/appeal/remind", data={"article": "t", "email": "reader@example.org"})

    assert answer.status_code == 303
    mail = session.scalars(select(OutgoingMail)).one()
    for part in (mail.text, mail.html):
        assert html.unescape(part).count(template) >= 2  # the newsroom's name and the headline
        assert "49" not in re.sub(r"remind/\S+", "", part)
