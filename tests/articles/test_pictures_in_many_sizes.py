"""Pictures: sent once, kept in several widths and formats made by the worker, with nothing of their maker in them."""

import io
import re

import pytest
from PIL import Image, features
from sqlalchemy import select

from membership.articles import picturing
from membership.articles.models import Media
from membership.web import picture_sizes
from tests.articles.stories import a_newsroom, a_story, words

CAMERA, PLACE = "CameraOfASource", "near the well"


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


@pytest.fixture
def folder(app):
    return app.extensions["membership_media"]


def a_photograph(size=(1500, 1000), mode="RGB"):
    """A JPEG (PNG with transparency) that tells who took it where, in every way such a file can."""
    exif = Image.Exif()
    exif[0x010F], exif[0x010E] = CAMERA, PLACE
    exif.get_ifd(0x8825)[1] = "N"
    drawn = Image.radial_gradient("L").resize(size).convert(mode)
    if mode == "RGBA":
        drawn.putalpha(Image.linear_gradient("L").resize(size))
    out = io.BytesIO()
    drawn.save(out, "JPEG" if mode == "RGB" else "PNG", exif=exif, comment=PLACE, xmp=PLACE.encode())
    return out.getvalue() + PLACE.encode()


def taken(session, folder, **more):
    row = picturing.take(session, folder, a_photograph(**more), called="Ferry at dawn.jpg")
    session.commit()
    return row.name


def srcset(page, kind):
    (found,) = set(re.findall(rf'<source[^>]*type="image/{kind}"[^>]*srcset="([^"]+)"', page))
    return dict(reversed(part.split()) for part in found.split(", "))


def test_a_picture_is_shown_at_once_and_in_all_its_sizes_once_they_are_made(session, folder, client):
    assert features.check("avif")
    name = taken(session, folder)
    a_story(session, picture=name, picture_alt="A ferry", body=f"![Ferry]({name})\n\nText.")
    before = client.get("/articles/the-ferry").get_data(as_text=True)
    assert f'src="/media/{name}"' in before
    assert "<picture>" not in before

    assert picturing.make_sizes(session, folder) == 1

    page = client.get("/articles/the-ferry").get_data(as_text=True)
    assert page.count("<picture>") == 2
    for kind in ("avif", "webp"):
        for width, address in srcset(page.split("article-body")[0], kind).items():
            with client.get(address) as answer:
                picture = Image.open(io.BytesIO(answer.data))
            assert (str(picture.format).lower(), f"{picture.width}w") == (kind, width)
            assert answer.content_type == f"image/{kind}"
    assert set(srcset(page.split("article-body")[0], "avif")) == {"400w", "800w", "1200w", "1500w"}
    assert page.count('width="1500"') == page.count('height="1000"') == 2


def test_whoever_knows_neither_format_gets_a_jpeg_and_so_do_cards_of_other_sites(session, folder, client):
    name = taken(session, folder)
    a_story(session, picture=name, picture_alt="A ferry")
    picturing.make_sizes(session, folder)
    page = words(client.get("/articles/the-ferry"))
    fallback = f"/media/{picture_sizes.variant(name, 1200, 'jpg')}"

    assert f'<img src="{fallback}"' in page
    assert f'property="og:image" content="http://localhost{fallback}"' in page
    for measure in ('og:image:width" content="1200"', 'og:image:height" content="800"'):
        assert measure in page
    with client.get(fallback) as answer:
        assert Image.open(io.BytesIO(answer.data)).size == (1200, 800)


def test_transparency_is_kept_by_a_png(session, folder):
    name = taken(session, folder, mode="RGBA")
    picturing.make_sizes(session, folder)
    told = session.scalars(select(Media)).one().smaller

    assert told["fallback"].endswith("-1200w.png")
    for file in (told["fallback"], picture_sizes.variant(name, 400, "avif")):
        assert Image.open(io.BytesIO((folder / file).read_bytes())).mode == "RGBA"


def test_no_file_that_is_kept_tells_who_took_the_picture_or_where(session, folder):
    assert CAMERA.encode() in a_photograph()
    taken(session, folder)
    picturing.make_sizes(session, folder)
    kept = [file for file in folder.iterdir() if file.is_file()]

    assert len(kept) == 10
    for file in kept:
        data = file.read_bytes()
        assert CAMERA.encode() not in data
        assert PLACE.encode() not in data
        picture = Image.open(io.BytesIO(data))
        assert not picture.getexif()
        assert "xmp" not in picture.info


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
def test_i05_no_kind_of_picture_keeps_what_it_tells_of_its_maker(session, folder, form):
    exif = Image.Exif()
    exif[0x010F], exif[0x010E] = CAMERA, PLACE
    exif.get_ifd(0x8825)[1] = "N"
    drawn, out = Image.radial_gradient("L").resize((500, 400)).convert("RGB"), io.BytesIO()
    if form == "GIF":
        drawn.save(out, form, comment=f"{CAMERA} {PLACE}")
    else:
        drawn.save(out, form, exif=exif, xmp=PLACE.encode())
    assert CAMERA.encode() in out.getvalue()
    picturing.take(session, folder, out.getvalue(), called="a")
    session.commit()
    picturing.make_sizes(session, folder)

    kept = [file for file in folder.iterdir() if file.is_file()]
    assert len(kept) > 3
    for file in kept:
        data = file.read_bytes()
        assert CAMERA.encode() not in data
        assert PLACE.encode() not in data
        assert not Image.open(io.BytesIO(data)).getexif()


def test_smaller_sizes_weigh_less_and_none_is_larger_than_the_picture(session, folder):
    name = taken(session, folder, size=(500, 400))
    picturing.make_sizes(session, folder)
    told = session.scalars(select(Media)).one().smaller
    weights = [(folder / picture_sizes.variant(name, width, "avif")).stat().st_size for width in (400, 500)]

    assert told["widths"] == [400, 500]
    assert weights == sorted(weights)


def test_the_same_file_sent_twice_is_kept_once(session, folder):
    assert taken(session, folder) == taken(session, folder)
    assert picturing.make_sizes(session, folder) == 1
    assert picturing.make_sizes(session, folder) == 0


def test_a_picture_that_is_gone_is_noted_and_never_tried_again(session, folder):
    name = taken(session, folder)
    (folder / name).unlink()

    assert picturing.make_sizes(session, folder) == 1
    assert picturing.make_sizes(session, folder) == 0
    assert session.scalars(select(Media)).one().smaller == {}


def test_a_video_elsewhere_is_a_picture_of_ours_that_leads_there(session, folder, client):
    name = taken(session, folder)
    body = f'[![The lock opens]({name} "Eleven minutes.")](https://www.youtube.com/watch?v=x)'
    a_story(session, body=body)
    page = client.get("/articles/the-ferry").get_data(as_text=True)

    assert '<figure class="outside"><a href="https://www.youtube.com/watch?v=x"><img' in page
    assert "<figcaption>Eleven minutes. Opens youtube.com.</figcaption>" in page
    assert not re.search(r'(?:src|srcset|poster)="https?://', page)
