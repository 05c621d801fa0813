"""The last pass over sanitized HTML: headings in order, pictures with their size, tables that scroll by themselves.

It reads what nh3 has written, and only that: every tag balanced, every attribute value quoted and escaped, so
that one expression recognizes each tag. It only changes tags, never adds an address of its own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape

from membership.web.picture_sizes import Smaller

Sizes = Mapping[str, tuple[int, int]]
"""The width and height of each picture of ours, by its name below /media/."""

_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:\s[a-z-]+="[^"]*")*)\s*>')
_ATTRIBUTE = re.compile(r'\s([a-z-]+)="([^"]*)"')
_OURS = re.compile(r"/media/([a-z0-9][a-z0-9._-]{0,158})")
_HEADING = re.compile(r"h[1-6]")
_SCROLLING = 'class="table-scroll"'
_EMPTY_HEAD_CELL = re.compile(r'<th(?:\s[a-z-]+="[^"]*")*>\s*</th>')
_EMPTY_HEAD = re.compile(r"<thead>\s*<tr>\s*(?:<td></td>\s*)+</tr>\s*</thead>\s*")


IN_TEXT = "(min-width: 80em) 53rem, (min-width: 44em) 40rem, calc(100vw - 2rem)"
"""How wide a picture within a story is shown (static/css/article.css), for `sizes`."""


@dataclass(frozen=True)
class Known:
    """What is known of the pictures a text may show, and how its tables are called."""

    sizes: Sizes
    smaller: Mapping[str, Smaller]
    table_label: str


class _Finisher:
    """One pass over one text; what it has seen so far decides what it writes."""

    def __init__(self, known: Known, highest: int) -> None:
        self._known = known
        self._highest = highest
        self._level = 1
        self._open_levels: list[int] = []
        self._links = 0
        self._in_scroller = False
        self._wrapped: list[bool] = []

    def write(self, found: re.Match[str]) -> str:
        """What stands in place of a tag."""
        closing, name, attributes = found.group(1) == "/", found.group(2), found.group(3)
        if name == "img":
            return self._picture(attributes)
        if _HEADING.fullmatch(name):
            return self._heading(int(name[1]), attributes, closing=closing)
        if name == "table":
            return self._table(str(found.group()), closing=closing)
        if name == "a":
            self._links += -1 if closing else 1
        self._in_scroller = name == "div" and _SCROLLING in attributes
        return str(found.group())

    def _heading(self, level: int, attributes: str, *, closing: bool) -> str:
        if closing:
            return f"</h{self._open_levels.pop() if self._open_levels else 2}>"
        self._level = min(level - self._highest + 2, self._level + 1, 6)
        self._open_levels.append(self._level)
        return f"<h{self._level}{attributes}>"

    def _table(self, tag: str, *, closing: bool) -> str:
        if closing:
            return "</table></div>" if self._wrapped and self._wrapped.pop() else "</table>"
        self._wrapped.append(not self._in_scroller)
        self._in_scroller = False
        if not self._wrapped[-1]:
            return tag
        return f'<div {_SCROLLING} role="region" aria-label="{escape(self._known.table_label)}" tabindex="0">{tag}'

    def _picture(self, attributes: str) -> str:
        """A picture of ours with its size; any other as a link, so that no third party learns of the reader."""
        given: dict[str, str] = dict(_ATTRIBUTE.findall(attributes))
        source, alt = given.get("src", ""), given.get("alt", "")
        words = escape(unescape(alt or source), quote=False)  # a value may hold "<", text may not
        ours = _OURS.fullmatch(unescape(source))
        if ours and (size := self._known.sizes.get(str(ours.group(1)))):
            measure = f'width="{size[0]}" height="{size[1]}" loading="lazy"'
            smaller = self._known.smaller.get(str(ours.group(1)))
            if smaller is None:
                return f'<img src="{source}" alt="{alt}" {measure}>'
            return (
                f'<picture><source type="image/avif" srcset="{smaller.avif}" sizes="{IN_TEXT}">'
                f'<source type="image/webp" srcset="{smaller.webp}" sizes="{IN_TEXT}">'
                f'<img src="{smaller.fallback}" alt="{alt}" {measure}></picture>'
            )
        if ours:
            return f'<img src="{source}" alt="{alt}" loading="lazy">'
        if not source.startswith(("https://", "http://")) or self._links:
            return words if alt else ""
        return f'<a href="{source}">{words}</a>'


def finish(html: str, known: Known) -> str:
    """Put headings in order from h2 on, give pictures their size, let tables scroll.

    A second pass changes nothing, unless pictures have smaller sizes.
    """
    levels = [
        int(tag[2][1]) for tag in _TAG.finditer(html) if not tag.group(1) and _HEADING.fullmatch(tag.group(2))
    ]
    finisher = _Finisher(known, min(levels, default=2))
    return _without_empty_heads(_TAG.sub(finisher.write, html))


def _without_empty_heads(html: str) -> str:
    """Markdown demands a head of every table; one left empty names no column and is read out as nothing."""
    return _EMPTY_HEAD.sub("", _EMPTY_HEAD_CELL.sub("<td></td>", html))
