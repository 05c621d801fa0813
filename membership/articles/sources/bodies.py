"""Bodies from elsewhere: embeds become links, shortcodes become HTML, and all of it is sanitized.

Nothing here is a guard: whatever comes out goes through web.htmlize, now and each time it is shown.
"""

import re
from collections.abc import Callable
from html import escape, unescape
from urllib.parse import urlsplit

from membership.web import htmlize

_FRAME = re.compile(
    r"<(iframe|embed|object|video|audio|script)\b([^>]{0,2000})>(?:.{0,20000}?</\1\s*>)?",
    re.IGNORECASE | re.DOTALL,
)
_SOURCE = re.compile(r"""\b(?:src|data|href)\s*=\s*["']?([^"'\s>]{1,1000})""", re.IGNORECASE)
_CAPTION = re.compile(r"\[caption[^\]]{0,500}\](.{0,5000}?)\[/caption\]", re.DOTALL)
_CAPTIONED = re.compile(r"((?:<a\b[^>]*>\s*)?<img\b[^>]*>(?:\s*</a>)?)(.*)", re.DOTALL)
_EMBED = re.compile(r"\[embed[^\]]{0,200}\]\s*(\S{1,1000}?)\s*\[/embed\]")
_SHORTCODE = re.compile(r"\[/?(gallery|playlist|audio|video|embed|caption)\b[^\]]{0,2000}\]")
_CODE_SOURCE = re.compile(r"""(?:src|mp3|mp4|m4a|ogg|webm)=["']([^"']{1,1000})["']""")
_BLOCK = re.compile(
    r"</?(?:p|div|h[1-6]|ul|ol|li|dl|dt|dd|table|thead|tbody|tr|td|th|pre|blockquote|figure|figcaption|hr|section)\b",
    re.IGNORECASE,
)
_LONE_ADDRESS = re.compile(r"^\s*(https?://\S{1,1000})\s*$", re.MULTILINE)
_PRE = re.compile(r"<pre\b.*?</pre>", re.DOTALL | re.IGNORECASE)


Bring = Callable[[str], str]
"""Puts pictures that came with an export in the place of those that the HTML names elsewhere."""


def _as_it_is(html: str) -> str:
    return html


def from_html(html: str, bring: Bring = _as_it_is) -> tuple[str, list[str]]:
    """HTML of an export as safe HTML, and what was left out of it.

    Raises:
        TooLongError: it is longer, or nested deeper, than any story.
    """
    notes: list[str] = []

    def replace(found: re.Match[str]) -> str:
        return _instead(found.group(1).lower(), found.group(2), notes)

    return str(htmlize.clean(bring(_FRAME.sub(replace, html)))).strip(), notes


def from_wordpress(content: str, bring: Bring = _as_it_is) -> tuple[str, list[str]]:
    """The content of a WordPress post as safe HTML: its shortcodes resolved, its empty lines made paragraphs.

    Raises:
        TooLongError: as from_html.
    """
    notes: list[str] = []
    resolved = _CAPTION.sub(_figure, content)
    resolved = _EMBED.sub(lambda found: f"\n\n{found.group(1)}\n\n", resolved)
    resolved = _SHORTCODE.sub(lambda found: _shortcode(found, notes), resolved)
    resolved = _LONE_ADDRESS.sub(lambda found: f"\n\n<p>{link(found.group(1))}</p>\n\n", resolved)
    html, more = from_html(_paragraphs(resolved), bring)
    return html, notes + more


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


def _instead(tag: str, attributes: str, notes: list[str]) -> str:
    source = _SOURCE.search(attributes)
    place = link(source.group(1)) if source and tag != "script" else ""
    if place:
        notes.append(f"<{tag}> became a link")
        return f"<p>{place}</p>"
    notes.append(f"<{tag}> was left out")
    return ""


def _figure(found: re.Match[str]) -> str:
    inside = _CAPTIONED.match(found.group(1).strip())
    if inside is None:
        return found.group(1)
    caption = inside.group(2).strip()
    return f"\n\n<figure>{inside.group(1)}<figcaption>{caption}</figcaption></figure>\n\n"


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

    def keep(found: re.Match[str]) -> str:
        kept.append(found.group())
        return f"\n\n<pre>{len(kept) - 1}</pre>\n\n"

    parts = re.split(r"\n\s*\n", _PRE.sub(keep, content.replace("\r\n", "\n")))
    html = "\n".join(_paragraph(part.strip()) for part in parts if part.strip())
    return re.sub(r"<pre>(\d+)</pre>", lambda found: _kept(found, kept), html)


def _kept(found: re.Match[str], kept: list[str]) -> str:
    place = int(found.group(1))
    return kept[place] if place < len(kept) else found.group()


def _paragraph(part: str) -> str:
    if _BLOCK.search(part):
        return part
    if part.startswith("<!--") and part.endswith("-->"):
        return ""
    return "<p>" + part.replace("\n", "<br>\n") + "</p>"
