"""Hostile HTML and Markdown by the hundred: a small grammar of what browsers run, written in every odd way.

What each text tries to do is to call `canary(…)`. The same seed gives the same texts.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

CALL = "canary(1)"
TAGS = (
    *("img", "svg", "a", "p", "div", "b", "input", "video", "audio", "details", "body", "iframe", "object"),
    *("embed", "math", "table", "td", "select", "form", "button", "marquee", "style", "x-y", "picture"),
    *("source", "figure", "section", "li", "time", "abbr", "sup", "math:mi", "svg:script", "link", "base"),
)
HANDLERS = (
    *("onerror", "onload", "onclick", "onfocus", "onmouseover", "ontoggle", "onbegin", "onstart"),
    *("onanimationstart", "onpointerenter", "onbeforeinput", "onwheel", "ontransitionend", "onauxclick"),
)
ADDRESSES = (
    *("javascript:{}", "JaVaScRiPt:{}", " javascript:{}", "java\tscript:{}", "java\nscript:{}", "\x01javascript:{}"),
    *("javascript&colon;{}", "&#106;avascript:{}", "jav&#x0A;ascript:{}", "javascript:/*--></title>*/{}//"),
    *("data:text/html,<script>{}</script>", "data:text/html;base64,PHNjcmlwdD5jYW5hcnkoMSk8L3NjcmlwdD4="),
    *("vbscript:{}", "view-source:javascript:{}", "blob:{}", "//evil.test/{}", "https://evil.test/x.js"),
    *("feed:javascript:{}", "jar:javascript:{}", "\\\\evil.test\\{}", "javascript://%0a{}", "x:javascript:{}"),
)  # fmt: skip
LINKING = (
    *("href", "src", "action", "formaction", "data", "xlink:href", "background", "poster", "srcdoc"),
    *("srcset", "ping", "manifest", "cite", "longdesc", "style"),
)
AROUND = (
    *("{}", "<svg>{}</svg>", "<math><mtext>{}", "<svg><foreignObject>{}</foreignObject></svg>"),
    *("<noscript>{}</noscript>", "<noscript><p title='</noscript>{}'>", "<template>{}</template>"),
    *("<style>{}</style>", "<style><!--</style>{}-->", "<textarea>{}</textarea>", "<title>{}</title>"),
    *("<xmp>{}</xmp>", "<table>{}</table>", "<table><tr>{}<td>", "<select><option>{}</select>", "<!--{}-->"),
    *("<!-->{}", "<!--><!--{}", "<![CDATA[{}]]>", "<?xml {}?>", "<p title=\"{}\">", "<p title='{}'>", "<p title=`{}`>"),
    *("<a href='/x'>{}</a>", "<iframe srcdoc=\"{}\"></iframe>", "<math><annotation-xml encoding='text/html'>{}"),
    *("<form><math><mtext></form><form><mglyph><style></math>{}", "<svg></p><style><a id='</style>{}'>"),
    *("<svg><desc>{}</desc></svg>", "</p>{}<p>", "<object><param>{}</object>", "<frameset>{}", "<plaintext>{}"),
)  # fmt: skip
IN_MARKDOWN = (
    *("{}", "**{}**", "> {}", "- {}", "# {}", "`{}`", "```\n{}\n```", "    {}", "| a |\n|---|\n| {} |", "\\{}"),
    *("[x]({})", "[x](<{}>)", "![x]({})", '[x](/a "{}")', '![{}](/media/a.webp "{}")', "<{}>", "[{}](/x)"),
    *("[x]: {}\n\n[x]", "[^1]\n\n[^1]: {}", "[^{}]\n\n[^{}]: note", "[![a](/media/a.webp)]({})", "{}\n==="),
    *("<div>\n\n{}\n\n</div>", "&lt;{}&gt;", "![x][y]\n\n[y]: {}", "\ufeff{}", "~~{}~~"),
)  # fmt: skip
SPACES = (" ", "/", "\t", "\n", "\x0c", " / ", "\x00", "\u00a0")
QUOTES = ('"{}"', "'{}'", "{}", "`{}`", '"{}', "'{}")


@dataclass(frozen=True)
class Text:
    """A hostile text, and how it is written."""

    source: str
    is_markdown: bool


def raw(seed: int, count: int) -> Iterator[Text]:
    """So many hostile texts, half of them HTML and half Markdown."""
    choose = random.Random(seed)  # noqa: S311 - a seed, not a secret
    for number in range(count):
        html = _html(choose, depth=choose.choice((1, 1, 1, 2, 3)))
        if number % 2:
            yield Text(html, is_markdown=False)
        else:
            yield Text(_filled(choose.choice(IN_MARKDOWN), _core(choose, html)), is_markdown=True)


def _core(choose: random.Random, html: str) -> str:
    """What a Markdown mark is filled with: markup, or an address."""
    return html if choose.random() < 0.5 else _address(choose)


def _html(choose: random.Random, *, depth: int) -> str:
    inner = _element(choose) if depth == 1 else _html(choose, depth=depth - 1)
    text = _filled(choose.choice(AROUND) if choose.random() < 0.6 else "{}", inner)
    return _spoilt(choose, text) if choose.random() < 0.2 else text


def _element(choose: random.Random) -> str:
    kinds: tuple[Callable[[random.Random], str], ...] = (
        _script,
        _sure,
        _handled,
        _linked,
        _animated,
        _styled,
    )
    return choose.choices(kinds, weights=(2, 4, 3, 3, 2, 1))[0](choose)


def _script(choose: random.Random) -> str:
    opening = choose.choice(
        ("<script>", "<ScRiPt >", "<script/x>", "<script\x00>", "<<script>", "<svg:script>")
    )
    closing = choose.choice(("</script>", "</ScRiPt\n>", "", "</script x>"))
    return f"{opening}{CALL}{closing}"


def _sure(choose: random.Random) -> str:
    """What runs in any browser if it is let through, with blanks and capitals that hide it from a careless reader."""
    space, call = choose.choice(SPACES[:6]), choose.choice(QUOTES[:2]).format(CALL)
    tag, rest, handler = choose.choice(
        (
            ("img", "src=x", "onerror"),
            ("svg", "x=y", "onload"),
            ("details", "open", "ontoggle"),
            ("input", "autofocus", "onfocus"),
            ("video", "src=x", "onerror"),
            ("body", "x=y", "onload"),
        )
    )
    return f"<{_cased(choose, tag)}{space}{rest}{space}{_cased(choose, handler)}={call}>"


def _handled(choose: random.Random) -> str:
    tag, handler = choose.choice(TAGS), choose.choice(HANDLERS)
    value = choose.choice(QUOTES).format(
        choose.choice((CALL, "canary&#40;1)", "canary&lpar;1&rpar;", "top['canary'](1)"))
    )
    extra = choose.choice(
        ("src=x", "open", "autofocus tabindex=1", "href=x", "contenteditable", "style=animation:x 1s")
    )
    space = choose.choice(SPACES)
    return f"<{_cased(choose, tag)}{space}{extra}{space}{_cased(choose, handler)}={value}>x"  # fmt: skip


def _linked(choose: random.Random) -> str:
    tag, name = choose.choice(TAGS), choose.choice(LINKING)
    return f"<{tag}{choose.choice(SPACES)}{name}={choose.choice(QUOTES).format(_address(choose))}>x</{tag}>"


def _animated(choose: random.Random) -> str:
    tag = choose.choice(("animate", "set", "animateTransform", "animateMotion"))
    address = _address(choose)
    return f'<svg><a><{tag} attributeName=href values="{address}" to="{address}" begin=0s /><text>x</text></a></svg>'


def _styled(choose: random.Random) -> str:
    rule = f"background:url({_address(choose)})"
    return choose.choice(
        (
            f'<p style="{rule}">x',
            f"<style>*{{{rule}}}</style>",
            f"<link rel=stylesheet href='{_address(choose)}'>",
        )
    )


def _address(choose: random.Random) -> str:
    return choose.choice(ADDRESSES).replace("{}", CALL)


def _cased(choose: random.Random, word: str) -> str:
    return "".join(letter.upper() if choose.random() < 0.3 else letter for letter in word)


def _filled(form: str, inner: str) -> str:
    return form.replace("{}", inner)


def _spoilt(choose: random.Random, text: str) -> str:
    """The text with something in the middle that a careless reader trips over."""
    place = choose.randrange(len(text) + 1)
    piece = choose.choice(
        ("\x00", "<", ">", '"', "'", "&", "<!--", "-->", "\u2028", "]]>", "</", "\ufffd", "&#0;")
    )
    return text[:place] + piece + text[place:]
