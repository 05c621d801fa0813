"""Where articles and their lists are; and which stored pages show an article."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from membership.articles import queries, relating
from membership.articles.models import Article
from membership.newsroom import settings_rows
from membership.newsroom.settings_rows import NewsroomSettings


def localized(path: str, language: str, default: str) -> str:
    """A path in a language: unchanged in the default one, else below `/<language>`."""
    return path if language == default else f"/{language}{path}"


def article(slug: str, language: str, default: str) -> str:
    """The page of an article."""
    return localized(f"/articles/{slug}", language, default)


def section(slug: str, language: str, default: str) -> str:
    """The page of a section."""
    return localized(f"/sections/{slug}", language, default)


def author(slug: str, language: str, default: str) -> str:
    """The page of an author."""
    return localized(f"/authors/{slug}", language, default)


def series(slug: str, language: str, default: str) -> str:
    """The page of a series."""
    return localized(f"/series/{slug}", language, default)


def front(language: str, default: str) -> str:
    """The front page of a language."""
    return localized("/", language, default)


def of_lists(newsroom: NewsroomSettings, language: str) -> list[str]:
    """The pages that list the newest of a language."""
    default = newsroom.default_language
    return [front(language, default), localized("/feed.xml", language, default), "/sitemap.xml"]


def showing(session: Session, shown: Article, newsroom: NewsroomSettings) -> list[str]:
    """Every stored page that lists an article or leads to it by its place: lists, translations, parts of its series."""
    default, language = newsroom.default_language, shown.language
    pages = [article(shown.slug, language, default), *of_lists(newsroom, language)]
    pages.append(localized(f"/embed/appeal/{shown.slug}", language, default))
    if shown.section:
        pages.append(section(shown.section, language, default))
    bylines = queries.bylines(session, [shown.id]).get(shown.id, [])
    pages += [author(byline.slug, language, default) for byline in bylines]
    pages += [article(other.slug, other.language, default) for other in queries.translations(session, shown)]
    if shown.series_slug:
        pages.append(series(shown.series_slug, language, default))
        parts = relating.parts(session, shown.series_slug, language)
        pages += [article(part.slug, language, default) for part in parts]
    return pages


def known_to_readers(session: Session) -> Iterable[str]:
    """Every page of articles that readers can open."""
    newsroom = settings_rows.current(session)
    default = newsroom.default_language
    for language in newsroom.languages:
        yield front(language, default)
        yield localized("/feed.xml", language, default)
        yield localized("/embed/appeal", language, default)
        yield from (section(known["slug"], language, default) for known in newsroom.sections)
    yield from ("/sitemap.xml", "/robots.txt")
    yield from (author(slug, language, default) for language, slug in queries.author_pages(session))
    yield from (series(slug, language, default) for language, slug in relating.series_pages(session))
    yield from (article(slug, language, default) for language, slug, _at in queries.for_sitemap(session))
