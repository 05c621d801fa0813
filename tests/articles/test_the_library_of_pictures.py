"""Pictures are dropped into stories, described once, found by their words, and chosen again."""

import io

import pytest
from PIL import Image
from sqlalchemy import select

from membership.articles.models import Article, Media
from tests.articles.editing_room import NEW
from tests.articles.stories import a_newsroom, words


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


def a_file(name="Ferry.JPG", color="teal"):
    out = io.BytesIO()
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (60, 40), color).save(out, "JPEG", exif=exif)
    return io.BytesIO(out.getvalue()), name


def drop(browser, **file):
    return browser.post(
        "/staff/articles/pictures/dropped", data={"file": a_file(**file)}, content_type="multipart/form-data"
    )


def the_picture(session):
    session.expire_all()
    return session.scalars(select(Media)).one()


def test_a_dropped_picture_is_kept_without_its_place(app, session, as_, ada):
    answer = drop(as_(ada))

    name = answer.json["name"]
    assert answer.status_code == 200
    assert name == the_picture(session).name
    with Image.open(app.extensions["membership_media"] / name) as kept:
        assert (kept.format, dict(kept.getexif())) == ("WEBP", {})


def test_what_is_no_picture_is_refused_in_words(session, as_, ada):
    answer = as_(ada).post(
        "/staff/articles/pictures/dropped",
        data={"file": (io.BytesIO(b"<svg/>"), "x.svg")},
        content_type="multipart/form-data",
    )
    assert (answer.status_code, answer.json["error"]) == (
        422,
        "This is not a picture that we can read, or it is cut off.",
    )
    assert as_(ada).post("/staff/articles/pictures/dropped").status_code == 422
    assert session.scalars(select(Media)).all() == []


def test_what_is_said_of_it_once_is_offered_wherever_it_is_used(session, as_, ada):
    browser = as_(ada)
    drop(browser)
    told = {"alt": "A ferry in ice", "caption": "The ferry in March", "credit": "Photo: Iryna Bevz"}
    browser.post(f"/staff/articles/pictures/{the_picture(session).id}", data=told)

    assert drop(browser).json | told == drop(browser).json
    page = words(browser.get("/staff/articles/pictures"))
    name = the_picture(session).name
    assert f"![A ferry in ice]({name} &quot;The ferry in March (Photo: Iryna Bevz)&quot;)" in page
    choice = words(browser.get("/staff/articles/pictures/choice?words=bevz"))
    assert f'data-name="{name}"' in choice
    assert 'data-credit="Photo: Iryna Bevz"' in choice
    assert name not in words(browser.get("/staff/articles/pictures/choice?words=bridge"))
    assert name not in words(browser.get("/staff/articles/pictures?words=100%25"))


def test_a_picture_of_the_library_opens_a_story_by_its_name(session, as_, ada):
    browser = as_(ada)
    name = drop(browser).json["name"]
    browser.post("/staff/articles/new", data={**NEW, "picture": name, "picture_alt": "A ferry"})

    assert session.scalars(select(Article)).one().picture == name


def test_a_name_that_is_no_picture_of_ours_is_refused(session, as_, ada):
    answer = as_(ada).post(
        "/staff/articles/new", data={**NEW, "picture": "nothing.webp", "picture_alt": "Nothing"}
    )
    assert answer.status_code == 422
    assert "There is no picture of this name in the library." in words(answer)
    assert session.scalars(select(Article)).all() == []
