"""Taking articles from elsewhere: the same file twice changes nothing, and what an editor changed here stays.

Each field of an article remembers, as a hash, what was imported into it. A field is written again only if it still is
what was imported; otherwise the local edit wins and the report says so. Each item is committed by itself, so an
import that dies, or stops since nothing can be written, is repeated and goes on where it was. One import runs at a
time (articles.running).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from membership import clock
from membership.articles import bringing, drafts, old_addresses, publishing, queries, running
from membership.articles.bringing import Places
from membership.articles.models import Article, ArticleState
from membership.articles.publishing import COMMAND, Draft
from membership.articles.sources import feed, ghost, markdown, wordpress
from membership.articles.sources.items import ImportFileError, Item, NotTaken, Read
from membership.articles.sources.pictures import Folder
from membership.db import is_passing, run_unit
from membership.newsroom import page_changes, settings_rows

Progress = Callable[[str], None]
"""Told the name of each item before it is taken."""
_FIELDS = tuple(one.name for one in fields(Draft) if one.name != "language")


@dataclass
class Report:
    """What an import did, or would do; every item that was not simply taken is named with its reason."""

    taken: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)  # local edits that won
    notes: list[tuple[str, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many items there were."""
        return self.taken + self.updated + self.unchanged + len(self.skipped)


class ImportStoppedError(Exception):
    """Nothing more can be written or read. What the report calls taken is; the message says why, and what to do."""

    def __init__(self, report: Report, message: str) -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to import."""

    language: str = ""  # of articles that do not say theirs; the newsroom's default
    is_dry: bool = False
    images: Path | None = None  # pictures that came with the export
    progress: Progress = lambda _name: None


def import_markdown(
    session: Session,
    path: Path,
    *,
    media_folder: Path,
    pictures: Path | None = None,
    shift: timedelta = timedelta(0),
    options: Options | None = None,
) -> Report:
    """Take a folder of Markdown files, or one; pictures lie beside them, in `pictures/`, or where `pictures` says.

    Commits after each. `shift` moves every date. No link within the folder is followed out of it.

    Raises:
        ImportFileError: there is nothing to read.
        ImportStoppedError: nothing more can be written.
    """
    folder = path if path.is_dir() else path.parent
    beside = (folder.resolve(), folder.resolve() / "pictures", folder.parent.resolve() / "pictures")
    places = (pictures.resolve(),) if pictures else beside
    options = _with_language(session, options)
    items = markdown.read(path, language=options.language, now=clock.now(), shift=shift)
    pictures_of = Places(places, media_folder, options.is_dry)
    return _take_all(session, "markdown", items, options, pictures_of)


def import_file(
    session: Session, source: str, file: Path, *, media_folder: Path, options: Options | None = None
) -> Report:
    """Take an export: `source` is "wordpress", "ghost" or "feed". Commits after each item.

    Pictures are those of the folder `options.images`; without one they stay links to where they were.

    Raises:
        ImportFileError: the file as a whole cannot be read.
        ImportStoppedError: it is broken after some items, or nothing more can be written.
    """
    options = _with_language(session, options)
    images = Folder(options.images) if options.images else None
    readers: dict[str, Callable[..., Iterator[Read]]] = {
        "wordpress": partial(wordpress.read, images=images),
        "ghost": partial(ghost.read, images=images),
        "feed": feed.read,
    }
    sections = frozenset(section["slug"] for section in settings_rows.current(session).sections)
    items = readers[source](file, language=options.language, now=clock.now(), sections=sections)
    return _take_all(session, source, items, options, Places((), media_folder, options.is_dry))


def _with_language(session: Session, options: Options | None) -> Options:
    options = options or Options()
    return replace(options, language=options.language or settings_rows.current(session).default_language)


def _take_all(
    session: Session, source: str, items: Iterable[Read], options: Options, pictures: Places
) -> Report:
    report = Report()
    session.commit()
    with running.alone(session, is_dry=options.is_dry) as run:
        for item in _once_each(_to_the_end(items, report), report):
            options.progress(item.name)
            unit = partial(_take, session, source, item, pictures)
            try:
                run.goes_on()
                _note(report, item.name, _try(session, unit) if options.is_dry else run_unit(session, unit))
            except (SQLAlchemyError, OSError, ValueError) as error:
                if isinstance(error, OSError) or is_passing(error):
                    raise ImportStoppedError(
                        report,
                        f"Stopped at {item.name}: {getattr(error, 'orig', None) or error}. Make room, or let this "
                        "command write there, and run it again: it goes on where it stopped.",
                    ) from error
                report.skipped.append((item.name, f"could not be stored ({type(error).__name__})"))
    if options.is_dry:
        session.rollback()
    return report


def _to_the_end(items: Iterable[Read], report: Report) -> Iterator[Read]:
    """The items of a source; where it turns out to be broken after some of them, the report of these goes along."""
    try:
        yield from items
    except ImportFileError as error:
        if not report.taken + report.updated + report.unchanged:
            raise
        raise ImportStoppedError(report, f"{error} What stands above was taken from before that.") from error


def _once_each(items: Iterable[Read], report: Report) -> Iterator[Item]:
    """The items to take; the report learns of the others."""
    seen: set[str] = set()
    for item in items:
        if isinstance(item, NotTaken):
            report.skipped.append((item.name, item.reason))
        elif item.source_id in seen:
            report.skipped.append((item.name, "another item of this file has the same id"))
        else:
            seen.add(item.source_id)
            yield item


def _try(session: Session, unit: "Callable[[], _Outcome]") -> "_Outcome":
    """Run a unit that will be rolled back with all the others at the end of a dry run."""
    with session.begin_nested():
        return unit()


@dataclass(frozen=True)
class _Outcome:
    """What became of one item."""

    what: str  # the counter of the report
    kept: list[str]
    notes: list[str]


def _note(report: Report, name: str, outcome: _Outcome) -> None:
    setattr(report, outcome.what, getattr(report, outcome.what) + 1)
    report.kept += [(name, one) for one in dict.fromkeys(outcome.kept)]
    report.notes += [(name, one) for one in dict.fromkeys(outcome.notes)]


def _take(session: Session, source: str, item: Item, pictures: Places) -> _Outcome:
    notes = list(item.notes)
    hashes = _hashes(_told(item))
    known = session.scalars(select(Article).filter_by(source=source, source_id=item.source_id)).one_or_none()
    if known is not None and known.source_fields.get("imported") == hashes:
        _lead_here(session, known, item, [])  # should an older release have taken it without
        return _Outcome("unchanged", [], [])
    draft = bringing.named(session, item.draft, pictures, notes) if pictures.found_in else item.draft
    draft = bringing.exported(session, replace(item, draft=draft), pictures, notes)
    if known is None:
        article = _begin(session, source, item, draft)
        article.source_fields = {"imported": hashes, "here": _hashes(_here(session, article))}
        _lead_here(session, article, item, notes)
        return _Outcome("taken", [], notes)
    _lead_here(session, known, item, notes)
    return _Outcome("updated", _update(session, known, item, draft, hashes), notes)


def _lead_here(session: Session, article: Article, item: Item, notes: list[str]) -> None:
    """Let the address that readers know lead to the article."""
    if item.address and not old_addresses.keep(session, article.id, item.address):
        notes.append(f"its old address {item.address} cannot lead here")


def _begin(session: Session, source: str, item: Item, draft: Draft) -> Article:
    article = publishing.create(session, draft, by=COMMAND)
    article.source, article.source_id = source, item.source_id
    if item.published_at is not None:
        _put_out(session, article, item)
    elif item.updated_at is not None:
        article.updated_at = min(item.updated_at, clock.now())
    publishing.had_corrections(session, article, item.corrections, by=COMMAND)
    session.flush()
    return article


def _put_out(session: Session, article: Article, item: Item) -> None:
    """Publish it with its own date, or schedule it if that is still to come."""
    at, now = item.published_at, clock.now()
    if at is None or not article.body.strip():
        return
    if at > now:
        publishing.schedule(session, article, at, by=COMMAND)
        return
    publishing.publish(session, article, by=COMMAND, at=at)
    article.created_at = min(article.created_at, at)
    article.updated_at = min(max(item.updated_at or at, at), now)


def _update(
    session: Session, article: Article, item: Item, draft: Draft, hashes: dict[str, str]
) -> list[str]:
    """Write what changed in the source into fields that nobody touched here; the names of those that somebody did."""
    before, here = article.source_fields["imported"], article.source_fields["here"]
    now_here = _hashes(_here(session, article))
    changed = [name for name in hashes if hashes[name] != before.get(name)]
    touched = {name for name in changed if now_here.get(name) != here.get(name)}
    current = drafts.of(session, article)
    wanted = {name: getattr(draft, name) for name in changed if name in _FIELDS and name not in touched}
    if wanted:
        publishing.change(session, article, replace(current, **wanted), by=COMMAND)
    if "published_at" in changed and "published_at" not in touched:
        _change_state(session, article, item)
    known = {correction.text for correction in queries.corrections(session, article.id)}
    for at, words in item.corrections:
        if words not in known and article.state is ArticleState.PUBLISHED:
            publishing.correct(session, article, words, by=COMMAND, at=at)
    session.flush()
    fresh, written = _hashes(_here(session, article)), set(changed) - touched
    article.source_fields = {
        "imported": hashes,
        "here": {name: fresh[name] if name in written else here.get(name, fresh[name]) for name in fresh},
    }
    return [f"{name.replace('_', ' ')} was changed here; that was kept" for name in sorted(touched)]


def _change_state(session: Session, article: Article, item: Item) -> None:
    if article.state in {ArticleState.DRAFT, ArticleState.SCHEDULED} and item.published_at is not None:
        _put_out(session, article, item)
    elif article.state is ArticleState.PUBLISHED and item.published_at is not None:
        article.published_at = min(item.published_at, clock.now())
        page_changes.record(session, page_changes.EVERYTHING)
    elif article.state is ArticleState.PUBLISHED:
        publishing.withdraw(session, article, by=COMMAND, reason="no longer published in its source")


def _told(item: Item) -> dict[str, Any]:
    """What a source says of an item, field by field."""
    told = {name: getattr(item.draft, name) for name in _FIELDS}
    return told | {
        "published_at": _iso(item.published_at),
        "corrections": [words for _at, words in item.corrections],
    }


def _here(session: Session, article: Article) -> dict[str, Any]:
    """What an article says here, under the same names."""
    draft = drafts.of(session, article)
    here = {name: getattr(draft, name) for name in _FIELDS}
    return here | {"published_at": [article.state.value, _iso(article.published_at)], "corrections": []}


def _hashes(values: dict[str, Any]) -> dict[str, str]:
    return {
        name: hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
        for name, value in values.items()
    }


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""
