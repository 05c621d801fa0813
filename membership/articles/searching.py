"""Looking for words in published articles, in one language at a time.

English words are stemmed by the engine ("ferries" finds "ferry"). Ukrainian ones are cut by their commonest endings
and looked for by what is left at a word's beginning ("поромі" finds "пором", "порому", "поромник"). That is no
stemming: where a root itself changes ("ніч", "ночі") both forms must be tried. All words must be found.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape
from sqlalchemy import text
from sqlalchemy.orm import Session

from membership.articles.words import INDEX, VECTOR

LONGEST_QUERY = 200
MOST_WORDS = 8
A_PAGE = 10
MOST_PAGES = 50
"""Nobody reads further; and a deep page costs as much as all before it."""
SHORTEST_ROOT = 4
_BEGIN, _END = "\x02", "\x03"
"""What the engines put around a hit; no text that is searched has them (articles.words)."""
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_ENDINGS = (
    *("ськими", "ського", "ському"),
    *("ями", "ами", "ові", "еві", "ого", "ому", "ими", "ими", "ість", "ості"),
    *("ів", "їв", "ах", "ях", "ам", "ям", "ом", "ем", "єм", "ою", "ею", "єю", "ий", "ій", "их", "им"),
    *("ть", "ти", "ла", "ло", "ли"),
    *("а", "я", "у", "ю", "і", "ї", "и", "е", "є", "о", "ь", "й", "в"),
)


@dataclass(frozen=True)
class Hit:
    """An article that was found: its id, and a passage with the words marked, safe to show."""

    article_id: int
    passage: Markup


@dataclass(frozen=True)
class Found:
    """One page of what was found, and how many articles there are in all."""

    hits: Sequence[Hit]
    count: int

    @property
    def pages(self) -> int:
        """How many pages can be opened."""
        return min(MOST_PAGES, -(-self.count // A_PAGE))


def words_of(query: str) -> list[str]:
    """The words that are looked for: letters and digits only, so no engine's own signs reach it."""
    told = query[:LONGEST_QUERY].replace("\x00", " ").replace("\u02bc", "\u2019").casefold()
    return list(dict.fromkeys(_WORD.findall(told)))[:MOST_WORDS]


def search(session: Session, query: str, language: str, *, page: int = 1) -> Found:
    """The articles of a language in which every word of `query` stands, the best first; two statements."""
    words = words_of(query)
    if not words:
        return Found([], 0)
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    statements, wanted = (_ON_SQLITE, _for_sqlite) if is_sqlite else (_ON_POSTGRESQL, _for_postgresql)
    told = {
        "wanted": wanted(words, language),
        "language": language,
        "configuration": _configuration(language),
        "begin": _BEGIN,
        "end": _END,
        "options": f"StartSel={_BEGIN}, StopSel={_END}, MaxWords=32, MinWords=18",
        "limit": A_PAGE,
        "offset": (min(max(page, 1), MOST_PAGES) - 1) * A_PAGE,
    }
    count, hits = (text(statement) for statement in statements)
    total = int(session.execute(count, _named(count.text, told)).scalar_one())
    rows = session.execute(hits, _named(hits.text, told)) if total else ()
    return Found([Hit(int(article_id), marked(passage)) for article_id, passage in rows], total)


def marked(passage: str) -> Markup:
    """A passage with its hits as `<mark>`; everything else is escaped."""
    shown = str(escape(passage)).replace(_BEGIN, "<mark>").replace(_END, "</mark>")
    return Markup(shown)  # noqa: S704 - escaped in the line above


def root(word: str) -> str:
    """A Ukrainian word without its commonest ending, if at least SHORTEST_ROOT letters are left."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_ROOT:
            return word[: -len(ending)]
    return word


def _configuration(language: str) -> str:
    return "english" if language == "en" else "simple"


def _for_sqlite(words: list[str], language: str) -> str:
    """FTS5's words: each a quoted string, which it takes apart as it did the text; by its beginning if not English."""
    if language == "en":
        return " ".join(f'"{word}"' for word in words)
    return " ".join(f'"{root(word)}" *' for word in words)


def _for_postgresql(words: list[str], language: str) -> str:
    """to_tsquery's words, quoted; an apostrophe parts a word in two that stand beside each other."""
    quoted = [word if language == "en" else root(word) for word in words]
    beginning = "" if language == "en" else ":*"
    return " & ".join("'" + re.sub(r"['\u2019]", " ", word) + "'" + beginning for word in quoted)


def _named(statement: str, told: dict[str, object]) -> dict[str, object]:
    """Only the parameters that a statement names."""
    return {name: value for name, value in told.items() if f":{name}" in statement}


_ON_SQLITE = (
    (
        f"SELECT count(*) FROM {INDEX} JOIN article_words ON article_id = {INDEX}.rowid "  # noqa: S608 - our own names
        f"WHERE {INDEX} MATCH :wanted AND language = :language"
    ),
    (
        f"SELECT article_id, snippet({INDEX}, 3, :begin, :end, '…', 28) FROM {INDEX} "  # noqa: S608 - our own names
        f"JOIN article_words ON article_id = {INDEX}.rowid WHERE {INDEX} MATCH :wanted AND language = :language "
        f"ORDER BY bm25({INDEX}, 8, 4, 4, 1), article_id DESC LIMIT :limit OFFSET :offset"
    ),
)
_ON_POSTGRESQL = (
    (
        f"SELECT count(*) FROM article_words WHERE {VECTOR} @@ to_tsquery(CAST(:configuration AS regconfig), :wanted) "  # noqa: S608 - our own names
        "AND language = :language"
    ),
    (
        "SELECT article_id, ts_headline(CAST(:configuration AS regconfig), body, query, :options) FROM "  # noqa: S608 - our own names
        "(SELECT article_id, body, query FROM article_words, "
        "to_tsquery(CAST(:configuration AS regconfig), :wanted) query "
        f"WHERE {VECTOR} @@ query AND language = :language "
        f"ORDER BY ts_rank_cd({VECTOR}, query) DESC, article_id DESC LIMIT :limit OFFSET :offset) best"
    ),
)
