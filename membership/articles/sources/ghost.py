"""Reading a Ghost export (JSON, versions 1 to 6): its posts as articles; pages are named and left."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from membership.articles.publishing import Draft
from membership.articles.slugs import slugify
from membership.articles.sources import bodies, decoding
from membership.articles.sources.items import ImportFileError, Item, NotTaken, Read, instant, line, text
from membership.articles.sources.pictures import Folder, Found, Opening
from membership.web.htmlize import TooLongError, plain_text

Row = dict[str, Any]


@dataclass
class _Reader:
    language: str
    now: datetime
    sections: frozenset[str]
    data: dict[str, list[Row]]
    images: Folder | None = None
    authors: dict[str, list[str]] = field(default_factory=dict)  # post → names in order
    tags: dict[str, list[Row]] = field(default_factory=dict)
    meta: dict[str, Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = {str(user.get("id")): line(user.get("name"), longest=120) for user in self._rows("users")}
        for row in self._in_order("posts_authors"):
            name = names.get(str(row.get("author_id")))
            if name:
                self.authors.setdefault(str(row.get("post_id")), []).append(name)
        tags = {str(tag.get("id")): tag for tag in self._rows("tags")}
        for row in self._in_order("posts_tags"):
            tag = tags.get(str(row.get("tag_id")))
            if tag:
                self.tags.setdefault(str(row.get("post_id")), []).append(tag)
        for post in self._rows("posts"):
            name = names.get(str(post.get("author_id")))
            if name:
                self.authors.setdefault(str(post.get("id")), [name])
        self.meta = {str(row.get("post_id")): row for row in self._rows("posts_meta")}

    def _rows(self, table: str) -> list[Row]:
        rows = self.data.get(table)
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

    def _in_order(self, table: str) -> list[Row]:
        return sorted(self._rows(table), key=lambda row: _number(row.get("sort_order")))

    def posts(self) -> Iterator[Read]:
        for post in self._rows("posts"):
            name = (
                line(post.get("title"), longest=300)
                or line(post.get("slug"), longest=160)
                or "a nameless post"
            )
            if post.get("type") == "page" or post.get("page") in {1, "1"}:
                yield NotTaken(name, "a page, not a post")
                continue
            if not post.get("html") and (post.get("mobiledoc") or post.get("lexical")):
                yield NotTaken(name, "has no HTML in this export")
                continue
            try:
                yield self._item(post, name)
            except TooLongError:
                yield NotTaken(name, "the text is longer, or nested deeper, than any story")

    def _item(self, post: Row, name: str) -> Item:
        post_id = str(post.get("id"))
        found = Found()
        body, notes = self._body(post, found)
        title = line(post.get("title"), longest=300)
        if title in {"", "(Untitled)"}:
            title = line(plain_text(body), longest=60) or name
            notes.append("had no title; named by its first words")
        published, more = self._instant(post, has_body=bool(body))
        picture = self._picture(post, found, notes)
        if post.get("feature_image") and self.images is None:
            notes.append("its picture is not in the file")
        notes += found.notes()
        tags = [tag for tag in self.tags.get(post_id, []) if tag.get("visibility") != "internal"]
        slugs = [str(tag.get("slug")) for tag in tags]
        return Item(
            source_id=line(post.get("uuid"), longest=64) or post_id,
            name=name,
            draft=Draft(
                headline=title,
                body=body,
                body_format="html",
                language=self.language,
                standfirst=line(post.get("custom_excerpt"), longest=2000),
                slug=slugify(text(post.get("slug"))),
                section=next((slug for slug in slugs if slug in self.sections), ""),
                authors=list(dict.fromkeys(self.authors.get(post_id, []))),
                tags=sorted({line(tag.get("name"), longest=64) for tag in tags if tag.get("name")}),
                picture=picture.name,
                picture_alt=picture.alt,
                picture_caption=picture.caption,
            ),
            published_at=published,
            updated_at=_instant(post.get("updated_at")),
            notes=notes + more,
            address=f"/{text(post.get('slug'), longest=200)}/" if post.get("slug") else "",
            pictures=found.files,
            picture_addresses=found.addresses,
        )

    def _body(self, post: Row, found: Found) -> tuple[str, list[str]]:
        html = text(post.get("html")).replace("__GHOST_URL__", "")
        if self.images is None:
            return bodies.from_html(html)
        images = self.images
        return bodies.from_html(html, lambda part: images.bring(part, found))

    def _picture(self, post: Row, found: Found, notes: list[str]) -> Opening:
        """The opening picture, if it came along, with what is said of it."""
        address = text(post.get("feature_image"), longest=1000).replace("__GHOST_URL__", "")
        name = self.images.name_of(address, found) if self.images is not None and address else ""
        if not name:
            return Opening()
        meta = self.meta.get(str(post.get("id")), {})
        told = text(meta.get("feature_image_caption"))
        caption = bodies.words(told, notes, what="the caption of its picture")
        return Opening(
            name,
            alt=line(meta.get("feature_image_alt"), longest=1000),
            caption=line(caption, longest=1000),
        )

    def _instant(self, post: Row, *, has_body: bool) -> tuple[datetime | None, list[str]]:
        """When it was or will be published; None, with the reason, for what must not be."""
        status, visibility = text(post.get("status")), text(post.get("visibility")) or "public"
        if status not in {"published", "scheduled"}:
            return None, [f"kept as a draft: its state is {status or 'unknown'!r}"]
        if visibility != "public":
            return None, [f"kept as a draft: it was for {visibility!r} only"]
        if not has_body:
            return None, ["kept as a draft: it has no text"]
        at = _instant(post.get("published_at"))
        if at is None:
            return None, ["kept as a draft: it has no date"]
        if status == "scheduled" and at <= self.now:
            return None, ["kept as a draft: it was to be published at an instant that has passed"]
        return at, ["scheduled: its date is still to come"] if at > self.now else []


def read(
    file: Path, *, language: str, now: datetime, sections: frozenset[str], images: Folder | None = None
) -> Iterator[Read]:
    """Every post of a Ghost export, in order, with its pictures from `images` (Ghost's content/images).

    Raises:
        ImportFileError: it is no JSON, or no export of Ghost.
    """
    whole, encoding, warning = decoding.whole_text(file)
    if warning:
        yield NotTaken(file.name, warning)
    try:
        told = json.loads(whole)
    except RecursionError:
        raise ImportFileError("The file is nested too deep.") from None
    except ValueError as error:
        raise ImportFileError(f"The file is no JSON: {error}.") from None
    for read in _Reader(language, now, sections, _data(told), images).posts():
        yield decoding.doubted(read, encoding) if isinstance(read, Item) else read


def _data(told: object) -> dict[str, list[Row]]:
    """The tables of an export: below `db[0].data`, or `data` alone."""
    first = told.get("db") if isinstance(told, dict) else None
    holder = first[0] if isinstance(first, list) and first else told
    data = holder.get("data") if isinstance(holder, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("posts"), list):
        raise ImportFileError("The file is no export of Ghost: it has no posts.")
    return data


def _instant(value: object) -> datetime | None:
    """Ghost writes text, and milliseconds in old versions."""
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            return None
    return instant(value)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
