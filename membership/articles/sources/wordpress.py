"""Reading a WordPress export (WXR): its posts as articles; pages, menus and attachments are named and left."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from membership.articles.publishing import Draft
from membership.articles.slugs import slugify
from membership.articles.sources import bodies, decoding
from membership.articles.sources.items import Item, NotTaken, Read, instant, line, text
from membership.articles.sources.pictures import Folder, Found, Opening
from membership.web.htmlize import TooLongError, plain_text

_TAGS = frozenset({"item", "author", "base_blog_url"})
_EXPORT = re.compile(r"\{https?://wordpress\.org/export/[0-9.]+/\}(\w+)")
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_EXCERPT = re.compile(r"\{https?://wordpress\.org/export/[0-9.]+/excerpt/\}encoded")
_YEAR = re.compile(r"(?<![-+\d])[1-9]\d{3}(?!\d)")
_CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
_UNPUBLISHED = {
    "draft": "a draft",
    "pending": "waits for review",
    "private": "private",
    "inherit": "without a state of its own",
}


@dataclass(frozen=True)
class Attachment:
    """A picture as WordPress's own library has it."""

    address: str
    alt: str
    caption: str
    notes: list[str] = field(default_factory=list)  # what of it was left out


@dataclass
class _Reader:
    language: str
    now: datetime
    sections: frozenset[str]
    images: Folder | None = None
    attachments: dict[str, Attachment] = field(default_factory=dict)
    site: str = ""
    names: dict[str, str] = field(default_factory=dict)  # login → the name shown

    def read(self, element: Element) -> Read | None:
        if decoding.local_name(element) == "base_blog_url":
            self.site = line(element.text, longest=200)
            return None
        if decoding.local_name(element) == "author":
            login, name = _of(element, "author_login"), _of(element, "author_display_name")
            self.names[login] = name or login
            return None
        title = line(element.findtext("title"), longest=300)
        kind, state = _of(element, "post_type"), _of(element, "status")
        name = title or f"{_of(element, 'post_name')} (number {_of(element, 'post_id')})".strip()
        if kind != "post":
            return NotTaken(name, _KINDS.get(kind, f"a {kind or 'nameless kind'}, not a post"))
        if state in {"trash", "auto-draft"}:
            return NotTaken(name, "in the bin" if state == "trash" else "an empty automatic draft")
        try:
            return self._item(element, name, title, state)
        except TooLongError:
            return NotTaken(name, "the text is longer, or nested deeper, than any story")

    def _item(self, element: Element, name: str, title: str, state: str) -> Item:
        found = Found()
        body, notes = self._body(text(element.findtext(_CONTENT)), found)
        picture = self._picture(element, found, notes)
        notes += found.notes()
        if not title:
            title = line(plain_text(body), longest=60) or name
            notes.append("had no title; named by its first words")
        published, more = self._instant(element, state, has_body=bool(body))
        categories = [child for child in element.findall("category") if child.get("nicename")]
        slugs = [
            unquote(child.get("nicename", "")) for child in categories if child.get("domain") == "category"
        ]
        section = next((slug for slug in slugs if slug in self.sections), "")
        creator = text(element.findtext(_CREATOR)).strip()
        excerpt = next((text(child.text) for child in element if _EXCERPT.fullmatch(child.tag)), "")
        return Item(
            source_id=f"{self.site}?p={_of(element, 'post_id')[:20]}",  # a guid may stand twice
            name=name,
            draft=Draft(
                headline=title,
                body=body,
                body_format="html",
                language=self.language,
                standfirst=plain_text(bodies.from_html(excerpt)[0])[:2000],
                slug=slugify(unquote(_of(element, "post_name"))),
                section=section,
                authors=[line(self.names.get(creator, creator), longest=120)] if creator else [],
                tags=sorted({line(child.text, longest=64) for child in categories if child.text}),
                picture=picture.name,
                picture_alt=picture.alt,
                picture_caption=picture.caption,
            ),
            published_at=published,
            updated_at=instant(_of(element, "post_modified_gmt")),
            notes=notes + more,
            address=text(element.findtext("link"), longest=1000),
            pictures=found.files,
            picture_addresses=found.addresses,
        )

    def _body(self, content: str, found: Found) -> tuple[str, list[str]]:
        if self.images is None:
            return bodies.from_wordpress(content)
        images = self.images
        return bodies.from_wordpress(content, lambda html: images.bring(html, found))

    def _picture(self, element: Element, found: Found, notes: list[str]) -> Opening:
        """The opening picture, if it came along, with what is said of it."""
        attachment = self.attachments.get(_meta(element, "_thumbnail_id"))
        if attachment is None or self.images is None:
            return Opening()
        name = self.images.name_of(attachment.address, found)
        if not name:
            return Opening()
        notes += attachment.notes
        return Opening(name, attachment.alt, attachment.caption)

    def _instant(self, element: Element, state: str, *, has_body: bool) -> tuple[datetime | None, list[str]]:
        """When it was or will be published; None, with the reason, for what must not be."""
        if _of(element, "post_password"):
            return None, ["kept as a draft: protected by a password"]
        if state in _UNPUBLISHED or state not in {"publish", "future"}:
            return None, [f"kept as a draft: {_UNPUBLISHED.get(state, f'its state is {state!r}')}"]
        if not has_body:
            return None, ["kept as a draft: it has no text"]
        at = instant(_of(element, "post_date_gmt")) or _mail_date(element.findtext("pubDate"))
        if at is None:
            return None, ["kept as a draft: it has no date"]
        if state == "future" and at <= self.now:
            return None, ["kept as a draft: it was to be published at an instant that has passed"]
        return at, ["scheduled: its date is still to come"] if at > self.now else []


_KINDS = {
    "page": "a page, not a post",
    "attachment": "an attachment, not a post",
    "nav_menu_item": "an entry of a menu, not a post",
    "revision": "an older revision",
    "wp_block": "a reusable block, not a post",
}


def read(
    file: Path, *, language: str, now: datetime, sections: frozenset[str], images: Folder | None = None
) -> Iterator[Read]:
    """Every item of a WXR file, in order, with its pictures from `images` (WordPress's wp-content/uploads).

    Raises:
        ImportFileError: see decoding.
    """
    encoding, warning = decoding.encoding_of(file)
    if warning:
        yield NotTaken(file.name, warning)
    attachments = _attachments(file, encoding) if images is not None else {}
    reader = _Reader(language, now, sections, images, attachments)
    for element in decoding.elements(file, _TAGS, encoding=encoding):
        found = reader.read(element)
        if found is not None:
            yield decoding.doubted(found, encoding) if isinstance(found, Item) else found


def _attachments(file: Path, encoding: str) -> dict[str, Attachment]:
    """The pictures of WordPress's library by their numbers; they may stand after the posts that show them."""
    found = {}
    for element in decoding.elements(file, {"item"}, encoding=encoding):
        if _of(element, "post_type") == "attachment":
            excerpt = next((text(child.text) for child in element if _EXCERPT.fullmatch(child.tag)), "")
            notes: list[str] = []
            found[_of(element, "post_id")] = Attachment(
                address=_of(element, "attachment_url"),
                alt=line(_meta(element, "_wp_attachment_image_alt"), longest=1000),
                caption=line(bodies.words(excerpt, notes, what="the caption of its picture"), longest=1000),
                notes=notes,
            )
    return found


def _meta(element: Element, key: str) -> str:
    """A value of the post's own fields."""
    for child in element:
        if decoding.local_name(child) == "postmeta" and _of(child, "meta_key") == key:
            return _of(child, "meta_value")
    return ""


def _of(element: Element, name: str) -> str:
    """A value of WordPress's own, whatever version of the export it is from."""
    for child in element:
        found = _EXPORT.fullmatch(child.tag)
        if found and found.group(1) == name:
            return line(child.text, longest=300)
    return ""


def _mail_date(value: str | None) -> datetime | None:
    """A time as mails write it; None for nonsense, such as WordPress's year -0001, which would be read as 2000."""
    if not _YEAR.search(value or ""):
        return None
    try:
        return instant(parsedate_to_datetime(value or "").isoformat())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
