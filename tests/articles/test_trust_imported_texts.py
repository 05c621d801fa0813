"""Texts of other systems (docs/trust.md, section I): harmless on every way, read or refused in bounded time."""

import re
import time

import pytest

from membership.articles.sources import bodies
from membership.articles.sources.pictures import Folder, Found
from membership.web import htmlize
from membership.web.htmlize import TooLongError
from membership.web.picture_sizes import Smaller
from tests.web import hostile_texts
from tests.web.test_sanitizing import HOSTILE, IN_MARKDOWN, assert_harmless, in_a_request

__all__ = ["in_a_request"]
TANGLES = (
    *("<pre>", "\n", "<script>", "[caption]", "[embed]", "[gallery ", "[caption", "[embed", "<iframe", "<iframe>"),
    *("<img", "<a href='x' ", "<a ><img ", "\n ", "https://a ", "<pre></pre>", "<object data=x>", "<script></script"),
    *("<!--", "</script>", "[caption]<img>[/caption]", "src="),
)  # fmt: skip


@pytest.mark.parametrize("tangle", TANGLES)
@pytest.mark.parametrize("times", [50_000, 150_000])
def test_i03_i08_a_tangled_post_is_read_or_refused_in_bounded_time(tmp_path, tangle, times):
    """100 KB take less than 100 ms on a machine of its own; the bound leaves room for a crowded one."""
    folder, content = Folder(tmp_path), tangle * times
    began = time.process_time()
    for read in (bodies.from_wordpress, bodies.from_html):
        try:
            read(content, lambda html: folder.bring(html, Found()))
        except TooLongError:
            continue
    assert time.process_time() - began < 2 + len(content) * 2e-6


@pytest.mark.parametrize("read", [bodies.from_html, bodies.from_wordpress])
def test_i08_a_post_far_longer_than_a_story_is_refused_unread(read):
    content = "<script>" + "x;" * 4_000_000
    began = time.process_time()
    with pytest.raises(TooLongError):
        read(content)
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize("read", [bodies.from_html, bodies.from_wordpress])
@pytest.mark.parametrize(
    "script",
    [
        "<script>{}</script>",
        "<SCRIPT type='a'>{}</script\n>",
        "<script>{}</script/ x>",
        "<script>{}",
        "<script>{}</scripts>",
    ],
)
def test_i04_a_script_of_any_length_is_left_out_and_named(read, script):
    body, notes = read("<p>Before.</p>" + script.format("x;" * 15_000))

    assert body == "<p>Before.</p>"
    assert notes == ["<script> was left out"]


@pytest.mark.parametrize(
    ("player", "tag"),
    [
        (f"<iframe style='{'x' * 30_000}' src='https://video.example/7'></iframe>", "iframe"),
        (f"<iframe src='https://video.example/7'>{'x' * 30_000}</iframe>", "iframe"),
        ("<iframe src='https://video.example/7' />", "iframe"),
        ("<video controls><source src='https://video.example/7'></video>", "video"),
        ("<object><param name=a><embed src='https://video.example/7'></object>", "object"),
        ("<embed src='https://video.example/7'>", "embed"),
    ],
)
def test_i04_a_player_becomes_a_link_however_it_is_written(player, tag):
    body, notes = bodies.from_html(f"{player}<p>After.</p>")

    assert body == '<p><a href="https://video.example/7">video.example</a></p><p>After.</p>'
    assert notes == [f"<{tag}> became a link"]


SIZES = {"a.webp": (1600, 900)}
SMALLER = {"a.webp": Smaller("/media/a-4.avif 400w", "/media/a-4.webp 400w", "/media/a-4.jpg", 400, 225)}
OURS = re.compile(r'</?picture>|<source type="image/(avif|webp)" srcset="/media/a-4\.\1 400w" sizes="[^"]+">')
"""What stands around a picture of ours that has smaller sizes, and nowhere else."""


def _sized(hostile):
    return htmlize.clean(hostile, sizes=SIZES, smaller=SMALLER)


WAYS = {
    "with sizes": _sized,
    "Markdown with sizes": lambda hostile: htmlize.markdown(hostile, sizes=SIZES, smaller=SMALLER),
    "as HTML": lambda hostile: bodies.from_html(hostile)[0],
    "as of WordPress": lambda hostile: bodies.from_wordpress(hostile)[0],
    "in a caption": lambda hostile: bodies.from_wordpress(
        f"[caption]<img src=/media/a.webp>{hostile}[/caption]"
    )[0],
    "as it is shown": lambda hostile: _sized(bodies.from_wordpress(f"{hostile}\n\n{hostile}")[0]),
}


@pytest.mark.parametrize("way", WAYS)
def test_i01_i02_hostile_texts_are_harmless_on_every_way_in_and_out(way):
    for hostile in (*HOSTILE, *IN_MARKDOWN, *(one.source for one in hostile_texts.raw(20261129, 200))):
        safe = str(WAYS[way](hostile))
        assert_harmless(OURS.sub("", safe))
        assert_harmless(str(htmlize.clean(safe)))
