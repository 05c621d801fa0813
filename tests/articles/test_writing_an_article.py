"""The editor: draft, preview, save, conflict, pictures; who may enter."""

import hashlib
import io
import struct
import zlib

import pytest
from PIL import Image
from sqlalchemy import select

from membership import clock
from membership.articles import editing, publishing, queries
from membership.articles.models import Article, ArticleState, Revision
from membership.newsroom.models import AuditEntry
from tests.articles.stories import a_newsroom, a_story, words

NEW = {"headline": "Who owns the ferry?", "body": "It *stood* still.", "language": "en", "section": "land"}


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


def fields_of(session, article):
    values = editing.values_of(session, article)
    return {name: value for name, value in values.items() if value is not False}


def the_article(session):
    session.expire_all()
    return session.scalars(select(Article)).one()


def a_picture(size=(40, 30), fmt="JPEG", **options):
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, fmt, **options)
    return out.getvalue()


def a_png_that_says(width, height):
    """A small file whose head promises a picture of this size."""
    begun = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", b"")):
        begun += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return begun


def test_an_editor_writes_a_draft_that_no_reader_sees(session, as_, ada, client):
    answer = as_(ada).post(
        "/staff/articles/new", data={**NEW, "authors": "Ada Editor, Ben Staff", "tags": "water"}
    )

    article = the_article(session)
    assert (answer.status_code, answer.location) == (303, f"/staff/articles/{article.id}")
    assert (article.state, article.slug) == (ArticleState.DRAFT, "who-owns-the-ferry")
    assert [one.name for one in queries.bylines(session, [article.id])[article.id]] == [
        "Ada Editor",
        "Ben Staff",
    ]
    assert article.tags == {"tags": ["water"]}
    assert client.get("/articles/who-owns-the-ferry").status_code == 404
    assert "Who owns the ferry?" not in words(client.get("/"))
    assert "Who owns the ferry?" not in words(client.get("/feed.xml"))


def test_every_save_leaves_a_revision_and_an_audit_entry(session, as_, ada):
    browser = as_(ada)
    browser.post("/staff/articles/new", data=NEW)
    article = the_article(session)
    browser.post(
        f"/staff/articles/{article.id}", data={**fields_of(session, article), "body": "It stands still."}
    )

    session.expire_all()
    bodies = [(one.body, one.account_id) for one in session.scalars(select(Revision).order_by(Revision.id))]
    assert bodies == [("It *stood* still.", ada.id), ("It stands still.", ada.id)]
    for one in session.scalars(select(Revision)):
        said = f"{one.headline}\n{one.standfirst}\n{one.body}"
        assert (one.hash, one.saved_at) == (hashlib.sha256(said.encode()).hexdigest(), clock.now())
    actions = session.execute(select(AuditEntry.action, AuditEntry.actor_id).order_by(AuditEntry.id)).all()
    assert actions == [("article.created", ada.id), ("article.changed", ada.id)]


def test_a_preview_shows_safe_html_and_saves_nothing(session, as_, ada):
    told = {**NEW, "body": "## Water\n\n<script>alert(1)</script> [x](javascript:alert(2))"}
    answer = as_(ada).post("/staff/articles/preview", data=told)

    assert answer.status_code == 200
    assert "<h2>Water</h2>" in words(answer)
    assert "<script>alert" not in words(answer)
    assert 'href="javascript' not in words(answer)
    assert session.scalars(select(Article)).all() == []


def test_what_is_missing_is_said_and_what_was_typed_stays(session, as_, ada):
    answer = as_(ada).post("/staff/articles/new", data={**NEW, "headline": "", "slug": "Not An Address"})

    assert answer.status_code == 422
    page = words(answer)
    assert "Write a headline." in page
    assert "Use a-z, 0-9 and single hyphens." in page
    assert "It *stood* still." in page
    assert session.scalars(select(Article)).all() == []


def test_of_two_editors_the_second_is_told_and_loses_nothing(session, as_, ada, pia):
    article = a_story(session)
    fields = fields_of(session, article)
    as_(pia).post(f"/staff/articles/{article.id}", data={**fields, "body": "Pia was first."})

    browser = as_(ada)
    answer = browser.post(f"/staff/articles/{article.id}", data={**fields, "body": "Ada came second."})

    page = words(answer)
    assert answer.status_code == 409
    assert "Pia Publisher saved it after you opened it" in page
    assert "Ada came second." in page
    assert "Pia was first." in page
    assert the_article(session).body == "Pia was first."

    revision = publishing.latest_revision(session, article.id)
    seen = str(revision.id if revision else "")
    browser.post(f"/staff/articles/{article.id}", data={**fields, "body": "Ada came second.", "seen": seen})
    assert the_article(session).body == "Ada came second."


def test_a_picture_loses_its_place_and_gets_its_size(app, session, as_, ada, client):
    exif = Image.Exif()
    exif[0x010F] = "CameraOfASource"
    exif.get_ifd(0x8825)[1] = "N"
    sent = a_picture((600, 300), exif=exif)
    data = {**NEW, "picture_alt": "A ferry", "picture_file": (io.BytesIO(sent), "Ferry.JPG")}
    as_(ada).post("/staff/articles/new", data=data, content_type="multipart/form-data")

    article = the_article(session)
    with client.get(f"/media/{article.picture}") as answer:
        data = answer.data
    assert article.picture.startswith("ferry-")
    assert queries.sizes(session, [article.picture]) == {article.picture: (600, 300)}
    assert answer.content_type == "image/webp"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert b"CameraOfASource" not in data
    assert not Image.open(io.BytesIO(data)).getexif()


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            "not a picture that we can read",
        ),
        (a_picture()[:200], "not a picture that we can read"),
        (a_picture((9_000, 8_000), "PNG"), "more than 60 million pixels"),
        (a_png_that_says(50_000, 50_000), "more than 60 million pixels"),  # Pillow itself refuses it
    ],
    ids=["svg", "cut off", "bomb", "larger bomb"],
)
def test_a_hostile_picture_is_refused_with_a_reason(session, as_, ada, sent, sentence):
    data = {**NEW, "picture_alt": "A ferry", "picture_file": (io.BytesIO(sent), "ferry.png")}
    answer = as_(ada).post("/staff/articles/new", data=data, content_type="multipart/form-data")

    assert answer.status_code == 422
    assert sentence in words(answer)
    assert session.scalars(select(Article)).all() == []


def test_a_picture_must_say_what_it_shows(as_, ada):
    data = {**NEW, "picture_file": (io.BytesIO(a_picture()), "ferry.jpg")}
    answer = as_(ada).post("/staff/articles/new", data=data, content_type="multipart/form-data")

    assert answer.status_code == 422
    assert "Say in a sentence what the picture shows." in words(answer)


def test_the_list_filters_by_state_and_words(session, as_, ada):
    a_story(session, "Ferry stands still")
    a_story(session, "Bread costs 100%", is_out=False)
    browser = as_(ada)

    assert "Bread costs" not in words(browser.get("/staff/articles?state=published"))
    assert "Ferry stands" not in words(browser.get("/staff/articles?state=draft"))
    assert "Ferry stands" not in words(browser.get("/staff/articles?words=0%25"))
    assert "Bread costs" in words(browser.get("/staff/articles?words=0%25"))
    assert browser.get("/staff/articles?state=nonsense&page=-3&language=';--").status_code == 200


def test_readers_and_staff_without_the_role_may_not_edit(session, as_, ben, eve, client):
    article = a_story(session)
    for path in ("/staff/articles", f"/staff/articles/{article.id}", "/staff/articles/new"):
        assert client.get(path).status_code == 303
        assert as_(eve).get(path).status_code == 404
        assert as_(ben).get(path).status_code == 403
    assert as_(ben).post(f"/staff/articles/{article.id}/withdrawal", data={"reason": "x"}).status_code == 403
    assert the_article(session).state is ArticleState.PUBLISHED
