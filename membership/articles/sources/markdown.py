"""Reading Markdown files with front matter: one `key: value` a line between two lines of `---`."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from membership.articles.publishing import Draft
from membership.articles.slugs import slugify
from membership.articles.sources import decoding
from membership.articles.sources.items import ImportFileError, Item, NotTaken, Read, instant, line, text
from membership.articles.sources.pictures import within
from membership.web import languages

Front = dict[str, list[str]]
_KNOWN = frozenset(
    (
        *("headline", "standfirst", "section", "authors", "language", "slug", "translation_of", "published"),
        *("updated", "picture", "picture_alt", "picture_caption", "picture_credit", "sensitive", "sponsored"),
        *("tags", "series", "correction", "format"),
    )
)


def read(path: Path, *, language: str, now: datetime, shift: timedelta) -> Iterator[Read]:
    """Every `.md` file of a folder, by name, or the one file; dates are moved by `shift`.

    Raises:
        ImportFileError: there is nothing to read.
    """
    files = sorted(path.glob("*.md")) if path.is_dir() else [path]
    if not files:
        raise ImportFileError("There are no .md files in this folder.")
    for file in files:
        if path.is_dir() and within(path.resolve(), file.name) is None:
            yield NotTaken(file.name, "a link out of the folder" if file.is_symlink() else "not a file")
            continue
        try:
            yield _item(file, language=language, now=now, shift=shift)
        except _FrontMatterError as error:
            yield NotTaken(file.name, str(error))
        except ImportFileError as error:
            if not path.is_dir():
                raise
            yield NotTaken(file.name, str(error))


class _FrontMatterError(Exception):
    """The front matter says something that cannot be meant."""


def _item(file: Path, *, language: str, now: datetime, shift: timedelta) -> Item:
    whole, encoding, warning = decoding.whole_text(file)
    front, body = _parts(text(whole))
    notes = [f"{key!r} is not a key we know" for key in sorted(front.keys() - _KNOWN)]
    own_language = _one(front, "language") or language
    if own_language not in languages.AVAILABLE:
        raise _FrontMatterError(f"language is {own_language!r}; known are {', '.join(languages.AVAILABLE)}")
    headline = line(_one(front, "headline"), longest=300)
    if not headline:
        raise _FrontMatterError("has no headline")
    slug = slugify(_one(front, "slug") or headline or file.stem)
    published, updated = (_moved(_at(front, key), shift) for key in ("published", "updated"))
    item = Item(
        source_id=f"{own_language}/{slug}",
        name=file.name,
        draft=Draft(
            headline=headline,
            body=body.strip() + "\n",
            language=own_language,
            standfirst=line(_one(front, "standfirst"), longest=2000),
            slug=slug,
            section=slugify(_one(front, "section"))[:64],
            authors=_list(front, "authors"),
            tags=_list(front, "tags"),
            body_format=_format(front),
            series=line(_one(front, "series"), longest=120),
            is_sensitive=_flag(front, "sensitive"),
            is_sponsored=_flag(front, "sponsored"),
            picture=_one(front, "picture"),
            picture_alt=line(_one(front, "picture_alt"), longest=1000),
            picture_caption=line(_one(front, "picture_caption"), longest=1000),
            picture_credit=line(_one(front, "picture_credit"), longest=160),
            translation_key=_key(slug, _one(front, "translation_of")),
        ),
        published_at=published,
        updated_at=updated,
        corrections=_corrections(front, shift, latest=now),
        notes=([warning] if warning else []) + notes,
    )
    return decoding.doubted(item, encoding)


def _parts(whole: str) -> tuple[Front, str]:
    lines = whole.split("\n")
    if lines[0].strip() != "---":
        raise _FrontMatterError("does not begin with front matter (a line of ---)")
    try:
        end = next(number for number, one in enumerate(lines[1:], 1) if one.strip() == "---")
    except StopIteration:
        raise _FrontMatterError("its front matter does not end") from None
    front: Front = {}
    for number, one in enumerate(lines[1:end], 2):
        key, colon, value = one.partition(":")
        if one.strip() and not colon:
            raise _FrontMatterError(f"line {number} of its front matter has no colon")
        if one.strip():
            front.setdefault(key.strip(), []).append(value.strip())
    return front, "\n".join(lines[end + 1 :])


def _one(front: Front, key: str) -> str:
    return front.get(key, [""])[0]


def _list(front: Front, key: str) -> list[str]:
    return [line(part, longest=120) for part in _one(front, key).split(",") if part.strip()]


def _format(front: Front) -> str:
    told = _one(front, "format").lower() or "markdown"
    if told not in {"markdown", "html"}:
        raise _FrontMatterError(f"format is {told!r}, neither markdown nor html")
    return told


def _flag(front: Front, key: str) -> bool:
    told = _one(front, key).lower() or "false"
    if told not in {"true", "false"}:
        raise _FrontMatterError(f"{key} is {told!r}, neither true nor false")
    return told == "true"


def _at(front: Front, key: str) -> datetime | None:
    told = _one(front, key)
    read = instant(told)
    if told and read is None:
        raise _FrontMatterError(f"{key} is {told!r}, which is no date")
    return read


def _moved(at: datetime | None, shift: timedelta) -> datetime | None:
    return at + shift if at else None


def _corrections(front: Front, shift: timedelta, *, latest: datetime) -> list[tuple[datetime, str]]:
    found = []
    for told in front.get("correction", []):
        day, bar, words = told.partition("|")
        at = instant(f"{day.strip()}T12:00:00")
        if not bar or at is None or not words.strip():
            raise _FrontMatterError("a correction is written as: YYYY-MM-DD | text")
        found.append((min(at + shift, latest), line(words, longest=2000)))
    return found


def _key(slug: str, other: str) -> str:
    """What two translations share, whichever is read first."""
    if not other:
        return ""
    return hashlib.sha256("|".join(sorted([slug, slugify(other)])).encode()).hexdigest()[:16]
