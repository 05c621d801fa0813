"""Pictures come along from an export's own folder: found by their paths, kept here, captions and all."""

import io
import json

import pytest
from PIL import Image
from sqlalchemy import select

from membership.articles.models import Article, ArticleState, Media
from membership.articles.sources.pictures import Folder
from tests.articles.exports import articles, post, wxr
from tests.articles.stories import a_newsroom, words

OLD = "https://old.example/wp-content/uploads"


@pytest.fixture(autouse=True)
def newsroom(session):
    a_newsroom(session)


def a_picture(color="teal", size=(60, 40)):
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def uploads(tmp_path):
    """A folder like WordPress's uploads: two months with one name, and a file beside the folder."""
    folder = tmp_path / "uploads"
    for month, color in (("05", "teal"), ("06", "navy")):
        (folder / "2024" / month).mkdir(parents=True)
        (folder / "2024" / month / "ferry.jpg").write_bytes(a_picture(color))
    (folder / "2024" / "06" / "small-300x200.jpg").write_bytes(a_picture("red"))
    (tmp_path / "secret.jpg").write_bytes(a_picture("black"))
    return folder


def attachment(number, address, alt="", caption=""):
    return (
        f"<item><title>picture</title><excerpt:encoded><![CDATA[{caption}]]></excerpt:encoded>"
        f"<wp:post_id>{number}</wp:post_id><wp:post_type>attachment</wp:post_type>"
        f"<wp:attachment_url>{address}</wp:attachment_url><wp:postmeta><wp:meta_key>_wp_attachment_image_alt</wp:meta_key>"
        f"<wp:meta_value><![CDATA[{alt}]]></wp:meta_value></wp:postmeta></item>"
    )


def thumbnail(number):
    return f"<wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>{number}</wp:meta_value></wp:postmeta>"


def names(session):
    return set(session.scalars(select(Media.name)))


@pytest.mark.parametrize(
    ("address", "file"),
    [
        (f"{OLD}/2024/05/ferry.jpg", "2024/05/ferry.jpg"),
        (f"{OLD}/2024/06/ferry.jpg?w=150", "2024/06/ferry.jpg"),
        (f"{OLD}/2024/05/ferry-300x200.jpg", "2024/05/ferry.jpg"),
        (f"{OLD}/2024/05/ferry-scaled.jpg", "2024/05/ferry.jpg"),
        (f"{OLD}/2024/06/small-300x200.jpg", "2024/06/small-300x200.jpg"),
        ("https://site.files.wordpress.com/2024/05/ferry.jpg", "2024/05/ferry.jpg"),
        ("/content/images/size/w600/2024/05/ferry.jpg", "2024/05/ferry.jpg"),
        ("/content/images/size/w600/format/webp/2024/05/ferry.jpg", "2024/05/ferry.jpg"),
        (f"{OLD}/2024/07/ferry.jpg", None),
        ("https://old.example/secret.jpg", None),
        (f"{OLD}/../secret.jpg", None),
        (f"{OLD}/%2e%2e/secret.jpg", None),
        ("file:///etc/passwd", None),
        ("//[broken", None),
        (f"{OLD}/2024/05/{'x' * 5000}.jpg", None),
    ],
)
def test_an_address_means_a_file_within_the_folder_or_none(uploads, address, file):
    assert Folder(uploads).file_of(address) == (uploads / file if file else None)


def test_a_link_out_of_the_folder_is_not_followed(uploads, tmp_path):
    (uploads / "2024" / "05" / "out.jpg").symlink_to(tmp_path / "secret.jpg")

    assert Folder(uploads).file_of(f"{OLD}/2024/05/out.jpg") is None


def test_a_wordpress_story_brings_its_pictures_with_their_captions(session, taken, uploads, client):
    body = (
        f'[caption id="a" width="300"]<a href="{OLD}/2024/05/ferry.jpg"><img src="{OLD}/2024/05/ferry-300x200.jpg" '
        f'alt="A ferry" /></a> In May[/caption]\n\n<img src="{OLD}/2024/09/gone.jpg" alt="Gone">'
    )
    told = post(1, "The ferry", body).replace("</item>", thumbnail(7) + "</item>")
    report = taken(
        "wordpress",
        wxr(told, attachment(7, f"{OLD}/2024/06/ferry.jpg", alt="In June", caption="The ferry in June")),
        images=uploads,
    )

    (story,) = articles(session)
    assert story.picture in names(session)
    assert (story.picture_alt, story.picture_caption) == ("In June", "The ferry in June")
    page = words(client.get("/articles/the-ferry"))
    kept = next(name for name in names(session) if name != story.picture)
    assert f'<img src="/media/{kept}" alt="A ferry" width="60" height="40"' in page
    assert "<figcaption>In May</figcaption>" in page
    assert f'href="{OLD}/2024/05' not in page
    assert f'<a href="{OLD}/2024/09/gone.jpg">Gone</a>' in page
    assert ("The ferry", f"its picture {OLD}/2024/09/gone.jpg is not in the folder") in report.notes
    with client.get(f"/media/{kept}") as answer:
        assert answer.content_type == "image/webp"


def test_a_second_time_changes_nothing_and_a_folder_that_comes_later_is_used(session, taken, uploads):
    file = wxr(post(1, "The ferry", f'<img src="{OLD}/2024/05/ferry.jpg" alt="A ferry">'))
    taken("wordpress", file)
    assert "/media/" not in articles(session)[0].body
    later = taken("wordpress", file, images=uploads)
    again = taken("wordpress", file, images=uploads)

    assert (later.updated, again.unchanged) == (1, 1)
    assert "/media/ferry-" in articles(session)[0].body
    assert len(names(session)) == 1


def test_a_dry_run_keeps_no_picture(app, session, taken, uploads, tmp_path):
    file = wxr(post(1, "The ferry", f'<img src="{OLD}/2024/05/ferry.jpg" alt="A ferry">'))
    report = taken("wordpress", file, images=uploads, is_dry=True)

    assert report.taken == 1
    assert articles(session) == []
    assert names(session) == set()
    assert not (tmp_path / "media").exists()


def test_what_is_no_picture_stays_a_link_and_is_named(session, taken, uploads, client):
    (uploads / "2024" / "05" / "ferry.jpg").write_bytes(b"<svg onload=alert(1)>")
    report = taken(
        "wordpress",
        wxr(post(1, "The ferry", f'<img src="{OLD}/2024/05/ferry.jpg" alt="A ferry">')),
        images=uploads,
    )

    assert f'<a href="{OLD}/2024/05/ferry.jpg">A ferry</a>' in words(client.get("/articles/the-ferry"))
    assert any("not a picture" in note for _name, note in report.notes)
    assert names(session) == set()


def test_a_ghost_story_brings_its_pictures(session, taken, uploads, client):
    one = {
        "id": "1",
        "uuid": "u-1",
        "title": "The ferry",
        "slug": "the-ferry",
        "status": "published",
        "visibility": "public",
        "published_at": "2026-05-01T08:00:00.000Z",
        "feature_image": "__GHOST_URL__/content/images/2024/06/ferry.jpg",
        "html": '<figure><img src="__GHOST_URL__/content/images/size/w600/2024/05/ferry.jpg" alt="A ferry">'
        "<figcaption>In May</figcaption></figure>",
    }
    meta = {"post_id": "1", "feature_image_alt": "In June", "feature_image_caption": "<i>June</i>"}
    report = taken(
        "ghost",
        json.dumps({"db": [{"data": {"posts": [one], "posts_meta": [meta]}}]}),
        name="export.json",
        images=uploads,
    )

    story = session.scalars(select(Article)).one()
    assert report.notes == []
    assert (story.state, story.picture_alt, story.picture_caption) == (
        ArticleState.PUBLISHED,
        "In June",
        "June",
    )
    assert names(session) == {
        story.picture,
        *(name for name in names(session) if f"/media/{name}" in story.body),
    }
    assert "<figcaption>In May</figcaption>" in words(client.get("/articles/the-ferry"))
