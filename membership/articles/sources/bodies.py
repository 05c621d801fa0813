"""Bodies from elsewhere: embeds become links, shortcodes become HTML, and all of it is sanitized.

Nothing here is a guard: whatever comes out goes through web.htmlize, now and each time it is shown.
"""

import re
from collections.abc import Callable
from html import escape, unescape
from urllib.parse import urlsplit

from membership.articles.sources import parting
from membership.web import htmlize
from membership.web.htmlize import TooLongError, plain_text

MOST_CHARACTERS = 8 * htmlize.MOST_CHARACTERS
"""What is longer is not looked at; a story's scripts and players may be as long again as htmlize lets the rest be."""
_FRAME = re.compile(r"<(iframe|embed|object|video|audio|script)\b", re.IGNORECASE)
_TAG_END = re.compile(">")
_FRAME_ENDS = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("iframe", "object", "video", "audio", "script")
}
_SOURCE = re.compile(r"""\b(?:src|data|href)\s*=\s*["']?([^"'\s>]{1,1000})""", re.IGNORECASE)
_CAPTION, _CAPTION_END = re.compile(r"\[caption[^\[\]]{0,500}\]"), re.compile(r"\[/caption\]")
_CAPTIONED = re.compile(r"((?:<a\b[^>]*>\s*)?<img\b[^>]*>(?:\s*</a>)?)(.*)", re.DOTALL)
_EMBED, _EMBED_END = re.compile(r"\[embed[^\[\]]{0,200}\]"), re.compile(r"\[/embed\]")
_SHORTCODE = re.compile(r"\[/?(gallery|playlist|audio|video|embed|caption)\b[^\[\]]{0,2000}\]")
_CODE_SOURCE = re.compile(r"""(?:src|mp3|mp4|m4a|ogg|webm)=["']([^"']{1,1000})["']""")
_BLOCK = re.compile(
    r"</?(?:p|div|h[1-6]|ul|ol|li|dl|dt|dd|table|thead|tbody|tr|td|th|pre|blockquote|figure|figcaption|hr|section)\b",
    re.IGNORECASE,
)
_LONE_ADDRESS = re.compile(r"^[ \t]*(https?://\S{1,1000})[ \t]*$", re.MULTILINE)
_PRE, _PRE_END = re.compile(r"<pre\b", re.IGNORECASE), re.compile("</pre>", re.IGNORECASE)


Bring = Callable[[str], str]
"""Puts pictures that came with an export in the place of those that the HTML names elsewhere."""


def _as_it_is(html: str) -> str:
    return html


def from_html(html: str, bring: Bring = _as_it_is) -> tuple[str, list[str]]:
    """HTML of an export as safe HTML, and what was left out of it.

    Raises:
        TooLongError: it is longer, or nested deeper, than any story.
    """
    _refuse_if_endless(html)
    notes: list[str] = []
    return str(htmlize.clean(bring(_without_frames(html, notes)))).strip(), notes


def from_wordpress(content: str, bring: Bring = _as_it_is) -> tuple[str, list[str]]:
    """The content of a WordPress post as safe HTML: its shortcodes resolved, its empty lines made paragraphs.

    Raises:
        TooLongError: as from_html.
    """
    _refuse_if_endless(content)
    notes: list[str] = []
    resolved = parting.replace(content.replace("\r\n", "\n"), _CAPTION, _CAPTION_END, _figure)
    resolved = parting.replace(resolved, _EMBED, _EMBED_END, _address_alone)
    resolved = _SHORTCODE.sub(lambda found: _shortcode(found, notes), resolved)
    resolved = _LONE_ADDRESS.sub(lambda found: f"\n\n<p>{link(found.group(1))}</p>\n\n", resolved)
    html, more = from_html(_paragraphs(resolved), bring)
    return html, notes + more


def words(html: str, notes: list[str], *, what: str) -> str:
    """The words of a short piece, such as a caption; "" if it is longer or deeper than any story, as the notes say."""
    try:
        return plain_text(from_html(html)[0])
    except TooLongError:
        notes.append(f"{what} was left out: longer, or nested deeper, than any story")
        return ""


def link(address: str, words: str = "") -> str:
    """A plain link to something outside, named by its host unless there are words; "" for anything but http(s)."""
    plain = unescape(address)
    if plain.startswith("//"):
        plain = f"https:{plain}"
    try:
        parts = urlsplit(plain)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    return f'<a href="{escape(plain)}">{escape(words or parts.hostname.removeprefix("www."))}</a>'


def _refuse_if_endless(text: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise TooLongError


def _without_frames(html: str, notes: list[str]) -> str:
    """HTML whose players are links and whose scripts are gone, each once looked at however it ends."""
    parts: list[str] = []
    closings, done = parting.Closings(html), 0
    while found := _FRAME.search(html, done):
        end = closings.after(_TAG_END, found.end())
        if end is None:
            break
        tag, attributes = found.group(1).lower(), html[found.end() : end.start()]
        inside, after = _inside(html, tag, attributes, end.end(), closings)
        parts += [html[done : found.start()], _instead(tag, attributes, inside, notes)]
        done = after
    return "".join([*parts, html[done:]])


def _inside(html: str, tag: str, attributes: str, begin: int, closings: parting.Closings) -> tuple[str, int]:
    """What a frame holds, and where the text goes on after it.

    One that never ends holds nothing, except a script: no browser would show what follows it.
    """
    if tag not in _FRAME_ENDS or attributes.endswith("/"):
        return "", begin
    closing = closings.after(_FRAME_ENDS[tag], begin)
    if closing is None:
        return "", len(html) if tag == "script" else begin
    end = closings.after(_TAG_END, closing.end())
    return html[begin : closing.start()], end.end() if end else len(html)


def _instead(tag: str, attributes: str, inside: str, notes: list[str]) -> str:
    source = None if tag == "script" else _SOURCE.search(attributes) or _SOURCE.search(inside)
    place = link(source.group(1)) if source else ""
    if place:
        notes.append(f"<{tag}> became a link")
        return f"<p>{place}</p>"
    notes.append(f"<{tag}> was left out")
    return ""


def _figure(_opening: re.Match[str], content: str) -> str:
    inside = _CAPTIONED.match(content.strip())
    if inside is None:
        return content
    caption = inside.group(2).strip()
    return f"\n\n<figure>{inside.group(1)}<figcaption>{caption}</figcaption></figure>\n\n"


def _address_alone(_opening: re.Match[str], content: str) -> str | None:
    address = content.strip()
    return f"\n\n{address}\n\n" if len(address.split()) == 1 else None


def _shortcode(found: re.Match[str], notes: list[str]) -> str:
    name = found.group(1)
    if found.group().startswith("[/"):
        return ""
    source = _CODE_SOURCE.search(found.group())
    place = link(source.group(1)) if source else ""
    notes.append(f"[{name}] became a link" if place else f"[{name}] was left out")
    return f"\n\n<p>{place}</p>\n\n" if place else ""


def _paragraphs(content: str) -> str:
    """Empty lines part paragraphs and single ones break lines, as WordPress itself does when it shows a post."""
    kept: list[str] = []

    def keep(opening: re.Match[str], inside: str) -> str:
        kept.append(f"{opening.group()}{inside}</pre>")
        return f"\n\n<pre>{len(kept) - 1}</pre>\n\n"

    parts = re.split(r"\n\s*\n", parting.replace(content, _PRE, _PRE_END, keep))
    html = "\n".join(_paragraph(part.strip()) for part in parts if part.strip())
    return re.sub(r"<pre>(\d{1,9})</pre>", lambda found: _kept(found, kept), html)


def _kept(found: re.Match[str], kept: list[str]) -> str:
    place = int(found.group(1))
    return kept[place] if place < len(kept) else found.group()


def _paragraph(part: str) -> str:
    if _BLOCK.search(part):
        return part
    if part.startswith("<!--") and part.endswith("-->"):
        return ""
    return "<p>" + part.replace("\n", "<br>\n") + "</p>"
