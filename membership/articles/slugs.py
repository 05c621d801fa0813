"""Addresses of articles: short, in plain letters, never another article's.

Ukrainian is written in Latin letters as the Cabinet's resolution of 2010 (No. 55) does; whatever else has no Latin
letter is left out.
"""

import re
import unicodedata
from collections.abc import Callable

LONGEST = 80
RESERVED = frozenset({"admin", "static", "media", "staff", "feed", "index", "new", "preview"})
PATTERN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

_FIRST = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}
_LETTERS = {
    **dict(zip("абвгґдезиіїйклмнопрстуфыэ", "abvhgdezyiiiklmnoprstufye", strict=True)),
    "є": "ie",
    "ж": "zh",
    "х": "kh",
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "shch",
    "ю": "iu",
    "я": "ia",
    "ё": "io",
    "ъ": "",
    "ь": "",
}
_WITHOUT_MARK = {"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"}


def slugify(text: str) -> str:
    """The address that a headline asks for, at most LONGEST characters; "" if it has no letter we can write."""
    latin = "".join(_word(word) for word in re.split(r"([^\W_]+)", text.lower().replace("зг", "zgh")))
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"['\u2019\u02bc]", "", plain)).strip("-")
    if len(slug) > LONGEST:
        slug = slug[: LONGEST + 1].rpartition("-")[0] or slug[:LONGEST]
    return slug


def _word(word: str) -> str:
    if word in {"'", "\u2019", "\u02bc"}:
        return ""
    first = _FIRST.get(word[:1], "")
    rest = word[1:] if first else word
    return first + "".join(_LETTERS.get(letter, _WITHOUT_MARK.get(letter, letter)) for letter in rest)


def free(wanted: str, *, is_taken: Callable[[str], bool], fallback: str = "article") -> str:
    """`wanted`, or the first of wanted-2, wanted-3, … that nothing else has."""
    base = slugify(wanted) or fallback
    candidate, number = base, 1
    while candidate in RESERVED or is_taken(candidate):
        number += 1
        candidate = f"{base[: LONGEST - 5]}-{number}"
    return candidate
