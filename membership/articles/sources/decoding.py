"""Opening files that may lie: about their encoding, their size, their depth.

The encoding is what a byte order mark says, else what the XML declaration says, else UTF-8. A file that is not valid in
it is read as Windows-1251, the commonest lie in Ukrainian exports; one that says another and is valid UTF-8 is read as
that. Both are reported. Never are letters guessed silently: an article whose letters are of another encoding than the
rest of its file stays a draft.
"""

import codecs
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from membership.articles.sources.items import ImportFileError, Item

MOST_BYTES = 512 * 1024 * 1024
MOST_BYTES_IN_MEMORY = 64 * 1024 * 1024
MOST_BYTES_OF_ELEMENT = 16 * 1024 * 1024
MOST_PARTS_OF_ELEMENT = 250_000
"""A post with 8,000 comments, each with WordPress's notes on it, has about as many; they take under 100 MB."""
MOST_DEPTH = 60
CHUNK = 64 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding=["']([A-Za-z0-9._-]{1,40})["']""")
_LETTERS = re.compile(r"[^\x00-\x7f]{6,}")
"""Three letters or more, were they of UTF-8 read as something else. By chance no real word is UTF-8 at that length."""


def encoding_of(file: Path) -> tuple[str, str]:
    """The encoding to read a file in, and a warning ("" if it is what it says).

    Raises:
        ImportFileError: it is too large, cannot be read, or is valid in no encoding that it may have.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ImportFileError(f"The file is larger than {MOST_BYTES // 1024**2} MB.")
        return _encoding_of(file)
    except OSError as error:
        raise _unreadable(error) from None


def _encoding_of(file: Path) -> tuple[str, str]:
    with file.open("rb") as opened:
        head = opened.read(1024)
    told = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if told is None:
        declared = _DECLARED.match(head)
        told = declared.group(1).decode().lower() if declared else "utf-8"
        if not told.startswith("utf") and not _is_valid(file, "ascii") and _is_valid(file, "utf-8"):
            return "utf-8", f"The file is not {told.upper()}, as it says; it was read as UTF-8."
    if _is_valid(file, told):
        return told, ""
    if told in {"utf-8", "utf8", "us-ascii", "ascii"} and _is_valid(file, "windows-1251"):
        return "windows-1251", f"The file is not {told.upper()}, as it says; it was read as Windows-1251."
    raise ImportFileError(f"The file is not valid {told.upper()}; save it as UTF-8 and try again.")


def _is_valid(file: Path, encoding: str) -> bool:
    try:
        with file.open(encoding=encoding) as opened:
            while opened.read(CHUNK):
                pass
    except (UnicodeError, LookupError):
        return False
    return True


def _unreadable(error: OSError) -> ImportFileError:
    return ImportFileError(f"The file cannot be read ({error.strerror}).")


def whole_text(file: Path) -> tuple[str, str, str]:
    """The text of a file that fits into memory, its encoding, and a warning about that.

    Raises:
        ImportFileError: it does not fit, or cannot be read or decoded.
    """
    try:
        if file.stat().st_size > MOST_BYTES_IN_MEMORY:
            raise ImportFileError(f"The file is larger than {MOST_BYTES_IN_MEMORY // 1024**2} MB.")
        encoding, warning = encoding_of(file)
        return file.read_text(encoding=encoding).lstrip("\ufeff"), encoding, warning
    except OSError as error:
        raise _unreadable(error) from None


def doubted(item: Item, encoding: str) -> Item:
    """An item of a file that was read in an encoding; a draft if its own letters are UTF-8 read as something else."""
    if encoding.startswith("utf"):
        return item
    draft = item.draft
    said = "\n".join((draft.headline, draft.standfirst, draft.body, *draft.authors, *draft.tags))
    if not any(_is_utf_8(letters, encoding) for letters in _LETTERS.findall(said)):
        return item
    note = f"kept as a draft: it seems to be in UTF-8, its file in {encoding}; its letters are wrong"
    return replace(item, published_at=None, notes=[*item.notes, note])


def _is_utf_8(letters: str, encoding: str) -> bool:
    try:
        letters.encode(encoding).decode()
    except UnicodeError:
        return False
    return True


def elements(file: Path, tags: Collection[str], *, encoding: str) -> Iterator[Element]:
    """Every element of these names (without namespace), one at a time; memory is given back after each.

    No document type, no entity and no address is ever followed.

    Raises:
        ImportFileError: the file has a DOCTYPE, is broken (with the place), too deep, or one part of it is too large or
            has too many elements.
    """
    above: list[Element] = []
    held: _Held | None = None
    for event, element, place in _events(file, encoding):
        if event == "start":
            above.append(element)
            if len(above) > MOST_DEPTH:
                raise ImportFileError(f"The file is nested deeper than {MOST_DEPTH} elements.")
            if held is None and local_name(element) in tags:
                held = _Held(element, place)
            continue
        above.pop()
        if held is not None:
            held.count(place)
            if element is not held.element:
                continue
            yield element
            held = None
        if above:
            above[-1].remove(element)


def local_name(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


@dataclass
class _Held:
    """An element that is still being read and keeps all its parts in memory; it began at a place in the file."""

    element: Element
    began: int
    parts: int = 0

    def count(self, place: int) -> None:
        """One more part ends at a place.

        Raises:
            ImportFileError: that makes too many, or too large a whole.
        """
        self.parts += 1
        if self.parts > MOST_PARTS_OF_ELEMENT:
            raise ImportFileError("One part of the file has too many elements.")
        if place - self.began > MOST_BYTES_OF_ELEMENT:
            raise _too_large()


def _too_large() -> ImportFileError:
    return ImportFileError(f"One part of the file is larger than {MOST_BYTES_OF_ELEMENT // 1024**2} MB.")


def _events(file: Path, encoding: str) -> Iterator[tuple[str, Element, int]]:
    """What begins and ends, and how many characters had been read by then, to the end of a chunk."""
    pull = XMLPullParser(events=("start", "end"), _parser=DefusedXMLParser(encoding="utf-8", forbid_dtd=True))
    place = last_event = 0
    try:
        with file.open(encoding=encoding) as opened:
            while chunk := opened.read(CHUNK):
                pull.feed(chunk.lstrip("\ufeff").encode("utf-8", "replace"))
                place += len(chunk)
                for read in pull.read_events():
                    last_event = place
                    yield *cast("tuple[str, Element]", read), place
                if place - last_event > MOST_BYTES_OF_ELEMENT:
                    raise _too_large()
            pull.close()  # what the parser had put off
            for read in pull.read_events():
                yield *cast("tuple[str, Element]", read), place
    except DefusedXmlException:
        raise ImportFileError(
            "The file has a DOCTYPE, which is not allowed; nothing of it was read."
        ) from None
    except OSError as error:
        raise _unreadable(error) from None
    except ParseError as error:
        line, column = error.position
        raise ImportFileError(f"The file is broken at line {line}, column {column + 1}.") from None
