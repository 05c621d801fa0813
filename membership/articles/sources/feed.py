"""Reading a feed that was saved to a file (RSS or Atom, any version): its entries as articles. Nothing is fetched."""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser

from membership.articles.publishing import Draft
from membership.articles.slugs import slugify
from membership.articles.sources import bodies, decoding
from membership.articles.sources.items import ImportFileError, Item, NotTaken, Read, line, text
from membership.web.htmlize import TooLongError, plain_text

_NOWHERE = re.compile(r"[+-](?:2[4-9]|[3-9]\d):?\d\d\s*$")


def read(file: Path, *, language: str, now: datetime, sections: frozenset[str]) -> Iterator[Read]:
    """Every entry of a feed, in order; its pictures stay where they are.

    Raises:
        ImportFileError: it is broken or hostile XML, or no feed.
    """
    whole, encoding, warning = decoding.whole_text(file)
    if warning:
        yield NotTaken(file.name, warning)
    for _element in decoding.elements(file, {"entry", "item"}, encoding=encoding):
        pass  # only to refuse what is broken or hostile before a second reader sees it
    headers = {"content-type": "application/xml; charset=utf-8"}
    parsed = feedparser.parse(io.BytesIO(whole.encode("utf-8", "replace")), response_headers=headers)
    if not parsed.get("version"):
        raise ImportFileError("The file is no feed: neither RSS nor Atom.")
    for entry in parsed.entries:
        read = _read(entry, language=language, now=now, sections=sections)
        yield decoding.doubted(read, encoding) if isinstance(read, Item) else read


def _read(entry: Any, *, language: str, now: datetime, sections: frozenset[str]) -> Read:  # noqa: ANN401 - feedparser has no types
    title = line(plain_text(text(entry.get("title"))), longest=300)
    address = text(entry.get("link"), longest=500)
    name = title or address or "a nameless entry"
    source_id = text(entry.get("id"), longest=200) or address[:200]
    if not source_id:
        return NotTaken(name, "has neither an id nor an address, so a second import could not know it")
    summary = text(entry.get("summary"))
    content = next((text(part.get("value")) for part in entry.get("content", [])), "")
    try:
        body, notes = bodies.from_html(content or summary)
        standfirst = plain_text(bodies.from_html(summary)[0]) if content else ""
    except TooLongError:
        return NotTaken(name, "the text is longer, or nested deeper, than any story")
    published, more = _instant(entry, now, has_body=bool(body))
    if not title:
        title = line(plain_text(body), longest=60) or name
        notes.append("had no title; named by its first words")
    tags = [line(tag.get("term"), longest=64) for tag in entry.get("tags", []) if tag.get("term")]
    return Item(
        source_id=source_id,
        name=name,
        draft=Draft(
            headline=title,
            body=body,
            body_format="html",
            language=language,
            standfirst=standfirst[:2000],
            slug=slugify(address.rstrip("/").rpartition("/")[2].partition("?")[0].removesuffix(".html")),
            section=next((slug for slug in map(slugify, tags) if slug in sections), ""),
            authors=[
                line(author.get("name"), longest=120)
                for author in entry.get("authors", [])
                if author.get("name")
            ],
            tags=sorted(set(tags)),
        ),
        published_at=published,
        updated_at=_date(entry, "updated"),
        notes=notes + more,
        address=address,
    )


def _instant(entry: Any, now: datetime, *, has_body: bool) -> tuple[datetime | None, list[str]]:  # noqa: ANN401 - as above
    at = _date(entry, "published") or _date(entry, "updated")
    if not has_body:
        return None, ["kept as a draft: it has no text"]
    if at is None:
        return None, ["kept as a draft: it has no date"]
    return at, ["scheduled: its date is still to come"] if at > now else []


def _date(entry: Any, name: str) -> datetime | None:  # noqa: ANN401 - as above
    """A date of an entry in UTC; None for nonsense, such as a zone days away, which feedparser would reckon with."""
    parsed = f"{name}_parsed"
    if parsed not in entry or _NOWHERE.search(text(entry.get(name))):
        return None
    parts = entry.get(parsed)
    try:
        at = datetime(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], tzinfo=UTC)
    except (TypeError, ValueError):
        return None
    return at if 1600 <= at.year <= 2200 else None
