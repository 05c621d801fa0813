"""Markdown, and HTML from elsewhere, to HTML that is safe to show.

Whatever its origin, text becomes HTML first and is then cut down to a list of allowed tags and attributes by nh3:
after Markdown, never before. Raw HTML within Markdown is shown as the text that it is. There is no SVG, no MathML, no
style, no script, no frame; pictures come from /media/ alone, and anything outside is a plain link.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

import nh3
from flask_babel import gettext as _
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape
from mdit_py_plugins.footnote import footnote_plugin

from membership.web import tags
from membership.web.picture_sizes import Smaller
from membership.web.tags import Sizes

MOST_CHARACTERS = 400_000
"""No story is longer; what is gets refused before it is read, so that time stays bounded."""

ALLOWED_TAGS = {
    *(
        "p",
        "br",
        "hr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "div",
        "section",
        "blockquote",
        "q",
        "cite",
        "pre",
        "code",
    ),
    *("strong", "b", "em", "i", "u", "s", "del", "ins", "sub", "sup", "small", "mark", "kbd", "abbr", "time"),
    *("ul", "ol", "li", "dl", "dt", "dd", "a", "img", "figure", "figcaption"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
}
_ATTRIBUTES = {
    "*": {"lang", "dir"},
    "a": {"href", "title", "id", "aria-label"},
    "abbr": {"title"},
    "div": {"role", "aria-label", "tabindex"},
    "img": {"src", "alt", "width", "height", "loading"},
    "li": {"id", "value"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "data-align"},
    "th": {"colspan", "rowspan", "scope", "data-align"},
    "time": {"datetime"},
}
_CLASSES = {
    "a": {"footnote-backref"},
    "div": {"table-scroll"},
    "figure": {"outside"},
    "section": {"footnotes"},
    "sup": {"footnote-ref"},
}
_DROPPED_WITH_CONTENT = {
    "script",
    "style",
    "template",
    "noscript",
    "svg",
    "math",
    "iframe",
    "object",
    "textarea",
    "title",
}
_VALUES = {
    "id": re.compile(r"fn(ref)?\d{1,4}(:\d{1,3})?"),
    "lang": re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}"),
    "dir": re.compile(r"ltr|rtl|auto"),
    "scope": re.compile(r"row|col|rowgroup|colgroup"),
    "colspan": re.compile(r"[1-9]\d?"),
    "rowspan": re.compile(r"[1-9]\d?"),
    "start": re.compile(r"-?\d{1,6}"),
    "value": re.compile(r"-?\d{1,6}"),
    "role": re.compile(r"region"),
    "tabindex": re.compile(r"0"),
    "data-align": re.compile(r"right|center"),
    "datetime": re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?"),
    "width": re.compile(r"[1-9]\d{0,4}"),
    "height": re.compile(r"[1-9]\d{0,4}"),
    "loading": re.compile(r"lazy"),
}
_PICTURE_NAME = re.compile(r"(?:/media/)?([A-Za-z0-9][A-Za-z0-9._-]{0,158})")


MOST_MARKS = 20_000
"""How many of Markdown's own marks a story may hold; a real one of this length has a tenth."""
MOST_BRACKETS = 4_000
MOST_DEPTH = 300
"""How deep HTML from elsewhere may be nested."""
_MARKS = re.compile(r"[\[\]*_`<&\\^!|]")
_OPEN_OR_CLOSE = re.compile(r"<(/?)([a-z][^\s/>]*)", re.IGNORECASE)
_CLOSED_BY_NEIGHBORS = {
    *("p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup", "option"),
    *("br", "hr", "img", "input", "col", "wbr", "meta", "link", "source", "area"),
}


class TooLongError(ValueError):
    """The text is longer, or more tangled, than any story; reading it would take too long."""


def markdown(
    text: str, *, sizes: Sizes | None = None, smaller: Mapping[str, Smaller] | None = None
) -> Markup:
    """Markdown (CommonMark, with tables and footnotes) as safe HTML; `name.webp` is the picture of that name.

    `sizes` and `smaller` say how large those pictures are, and in which other sizes they can be had.

    Raises:
        TooLongError: it is longer than any story.
    """
    if (
        len(text) > MOST_CHARACTERS
        or text.count("[") > MOST_BRACKETS
        or len(_MARKS.findall(text)) > MOST_MARKS
    ):
        raise TooLongError
    return clean(_parser().render(text.replace("\x00", "")), sizes=sizes, smaller=smaller)


def clean(html: str, *, sizes: Sizes | None = None, smaller: Mapping[str, Smaller] | None = None) -> Markup:
    """HTML from anywhere as safe HTML; what is clean already is given back unchanged (but for `smaller` sizes).

    Raises:
        TooLongError: it is longer than any story, markup and all.
    """
    if len(html) > 4 * MOST_CHARACTERS or _depth(html) > MOST_DEPTH:
        raise TooLongError
    allowed = nh3.clean(
        html,
        tags=ALLOWED_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        attribute_filter=_allowed_value,
        url_schemes={"https", "http", "mailto", "tel"},
        link_rel=None,
        strip_comments=True,
    )
    known = tags.Known(sizes=sizes or {}, smaller=smaller or {}, table_label=_("Table"))
    return Markup(tags.finish(allowed, known))  # noqa: S704 - nh3 has been over it


def plain_text(html: str) -> str:
    """Only the words of safe HTML, in one line: for counting, descriptions and search."""
    spaced = re.sub(r"</(?:p|li|h[2-6]|td|th|blockquote|figcaption)>|<br>", " ", html)
    return " ".join(Markup(spaced).striptags().split())  # noqa: S704 - it is stripped at once


def _depth(html: str) -> int:
    """How many elements are open at once, at most; elements that close themselves do not count."""
    depth = deepest = 0
    for found in _OPEN_OR_CLOSE.finditer(html):
        if found.group(2).lower() in _CLOSED_BY_NEIGHBORS:
            continue
        depth = max(0, depth - 1) if found.group(1) else depth + 1
        deepest = max(deepest, depth)
    return deepest


def _allowed_value(_tag: str, attribute: str, value: str) -> str | None:
    if attribute in {"href", "src"} and (not value.strip() or any(ord(c) < 32 for c in value)):
        return None
    expected = _VALUES.get(attribute)
    return value if expected is None or expected.fullmatch(value) else None


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20})
    parser.enable(["table", "strikethrough"]).use(footnote_plugin)
    parser.add_render_rule("footnote_block_open", lambda *_a: '<section class="footnotes">\n<ol>\n')
    parser.add_render_rule("footnote_anchor", _way_back)
    parser.core.ruler.push("pictures", lambda state: _arrange(state.tokens))
    return parser


def _way_back(_renderer: object, tokens: Sequence[Token], index: int, _options: object, _env: object) -> str:
    """The link from a footnote to where it was called."""
    meta = tokens[index].meta
    repeated = f":{meta['subId']}" if meta["subId"] > 0 else ""
    label = escape(_("Back to the text"))
    return f' <a href="#fnref{meta["id"] + 1}{repeated}" class="footnote-backref" aria-label="{label}">\u21a9\ufe0e</a>'


def _arrange(tokens: Sequence[Token]) -> None:
    """Aligned cells without style, pictures by name, and a picture alone in its paragraph as a figure."""
    for index, token in enumerate(tokens):
        if token.type in {"th_open", "td_open"}:
            align = str(token.attrs.pop("style", "")).removeprefix("text-align:")
            if align in {"right", "center"}:
                token.attrs["data-align"] = align
        for child in token.children or ():
            if child.type == "image":
                _name_picture(child)
        if token.type == "inline" and tokens[index - 1].type == "paragraph_open":
            kinds = [child.type for child in token.children or ()]
            arrange = _ALONE_IN_A_PARAGRAPH.get(tuple(kinds))
            if arrange is not None:
                arrange(tokens[index - 1], token, tokens[index + 1])


def _name_picture(image: Token) -> None:
    source = str(image.attrs.get("src", ""))
    named = _PICTURE_NAME.fullmatch(source)
    if named:
        image.attrs["src"] = f"/media/{named.group(1).lower()}"


def _make_figure(opening: Token, inline: Token, closing: Token) -> None:
    opening.tag = closing.tag = "figure"
    opening.hidden = closing.hidden = False
    children = inline.children or []
    caption = str(children[0].attrs.pop("title", ""))
    if caption:
        children += _caption(caption)


def _make_outside(opening: Token, inline: Token, closing: Token) -> None:
    """A video or a post elsewhere: a picture of ours that leads there and says where; nothing is fetched from it."""
    opening.tag = closing.tag = "figure"
    opening.attrs["class"] = "outside"
    opening.hidden = closing.hidden = False
    children = inline.children or []
    told = str(children[1].attrs.pop("title", ""))
    host = (urlsplit(str(children[0].attrs.get("href", ""))).hostname or "").removeprefix("www.")
    children += _caption(" ".join(filter(None, (told, _("Opens %(host)s.", host=host) if host else ""))))


def _caption(words: str) -> list[Token]:
    opening, closing = Token("caption_open", "figcaption", 1), Token("caption_close", "figcaption", -1)
    return [opening, Token("text", "", 0, content=words), closing]


_ALONE_IN_A_PARAGRAPH = {("image",): _make_figure, ("link_open", "image", "link_close"): _make_outside}
