"""Articles as pages show them: rows turned into what the templates name.

Every function takes rows that were read together, so that a page costs the same few queries whatever it lists.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy.orm import Session

from membership.articles import addresses, queries, relating
from membership.articles.models import Article, Correction
from membership.newsroom.settings_rows import NewsroomSettings
from membership.web import htmlize
from membership.web.picture_sizes import Smaller
from membership.web.tags import Sizes

WORDS_A_MINUTE = 220
_MEDIA_NAME = re.compile(
    r"(?<![\w./-])(?:/media/)?([a-z0-9][a-z0-9._-]*\.(?:webp|jpe?g|png|gif|avif))", re.IGNORECASE
)


@dataclass(frozen=True)
class Link:
    """A name and where it leads ("" if nowhere)."""

    name: str
    url: str


@dataclass(frozen=True)
class Picture:
    """A picture of ours with its size; caption and credit may be empty, `smaller` is None until its sizes are made."""

    url: str
    width: int
    height: int
    alt: str
    caption: str = ""
    credit: str = ""
    smaller: Smaller | None = None

    @property
    def src(self) -> str:
        """The file for whoever cannot choose among sizes."""
        return self.smaller.fallback if self.smaller else self.url

    @property
    def shared(self) -> tuple[str, int, int]:
        """The file that cards of other sites show, with its width and height."""
        if self.smaller is None:
            return self.url, self.width, self.height
        return self.smaller.fallback, self.smaller.width, self.smaller.height


@dataclass(frozen=True)
class Card:
    """An article as it stands in a list."""

    headline: str
    url: str
    section: str
    standfirst: str
    published_at: datetime
    picture: Picture | None
    language: str


@dataclass(frozen=True)
class Shelf:
    """The newest of a section on the front page."""

    name: str
    url: str
    stories: list[Card]


@dataclass(frozen=True)
class Front:
    """What the front page shows: the newest story large, two beside it, then every section."""

    lead: Card | None
    secondary: list[Card]
    by_section: list[Shelf]


@dataclass(frozen=True)
class Place:
    """Where an article stands in its series; `before` and `after` are its neighbors' headlines and pages."""

    series: Link
    number: int
    count: int
    before: Link | None
    after: Link | None


@dataclass(frozen=True)
class Story:
    """An article as its own page shows it. `updated_at` is None unless it changed after it came out."""

    id: int
    slug: str
    language: str
    headline: str
    standfirst: str
    section: Link | None
    picture: Picture | None
    body: Markup
    minutes: int
    authors: list[Link]
    published_at: datetime
    updated_at: datetime | None
    asked_for_by: int | None
    is_sponsored: bool
    corrections: Sequence[Correction]
    tags: Sequence[str]
    words: int
    place: Place | None = None


def cards(session: Session, articles: Sequence[Article], newsroom: NewsroomSettings) -> list[Card]:
    """Articles as cards, in the same order; two queries for all pictures."""
    names = {article.picture for article in articles if article.picture}
    sizes, smaller = queries.sizes(session, names), queries.smaller(session, names)
    return [
        Card(
            headline=article.headline,
            url=addresses.article(article.slug, article.language, newsroom.default_language),
            section=newsroom.section_name(article.section, article.language) if article.section else "",
            standfirst=article.standfirst,
            published_at=article.published_at or article.updated_at,
            picture=_picture(article, sizes, smaller),
            language=article.language,
        )
        for article in articles
    ]


def front(session: Session, newsroom: NewsroomSettings, language: str) -> Front:
    """The front page of a language; three queries, however much there is."""
    top = queries.latest(session, language, limit=3)
    shelves = queries.by_section(session, language, each=4, but=[article.id for article in top])
    listed = [article for shelf in shelves.values() for article in shelf]
    shown = cards(session, [*top, *listed], newsroom)
    rest = iter(shown[len(top) :])
    filled = {slug: [next(rest) for _article in shelf] for slug, shelf in shelves.items()}
    order = [section["slug"] for section in newsroom.sections]
    return Front(
        lead=shown[0] if top else None,
        secondary=shown[1 : len(top)],
        by_section=[
            Shelf(
                newsroom.section_name(slug, language),
                addresses.section(slug, language, newsroom.default_language),
                filled[slug],
            )
            for slug in sorted(filled, key=lambda slug: order.index(slug) if slug in order else len(order))
            if slug
        ],
    )


def story(session: Session, article: Article, newsroom: NewsroomSettings) -> Story:
    """An article as its own page shows it; five queries."""
    names = pictures_in(article.body) | ({article.picture} - {""})
    sizes, smaller = queries.sizes(session, names), queries.smaller(session, names)
    body = body_of(article.body, article.body_format, sizes, smaller)
    published = article.published_at or article.updated_at
    words = words_of(body)
    return Story(
        id=article.id,
        slug=article.slug,
        language=article.language,
        headline=article.headline,
        standfirst=article.standfirst,
        section=_section(article, newsroom),
        picture=_picture(article, sizes, smaller),
        body=body,
        minutes=_minutes(words),
        authors=[
            Link(byline.name, addresses.author(byline.slug, article.language, newsroom.default_language))
            for byline in queries.bylines(session, [article.id]).get(article.id, [])
        ],
        published_at=published,
        updated_at=article.updated_at if (article.updated_at - published).total_seconds() >= 60 else None,
        asked_for_by=article.asked_for_by,
        is_sponsored=article.is_sponsored,
        corrections=queries.corrections(session, article.id),
        tags=article.tags.get("tags", []),
        words=words,
        place=place_of(session, article, newsroom),
    )


def place_of(session: Session, article: Article, newsroom: NewsroomSettings) -> Place | None:
    """Where an article stands among the published parts of its series; None if it is in none. One query at most."""
    parts = relating.parts(session, article.series_slug, article.language)
    position = next((place for place, part in enumerate(parts) if part.id == article.id), None)
    if position is None:
        return None
    default, language = newsroom.default_language, article.language
    links = [Link(part.headline, addresses.article(part.slug, language, default)) for part in parts]
    return Place(
        series=Link(article.series, addresses.series(article.series_slug, language, default)),
        number=position + 1,
        count=len(parts),
        before=links[position - 1] if position else None,
        after=links[position + 1] if position + 1 < len(links) else None,
    )


def shown_body(session: Session, text: str, body_format: str) -> Markup:
    """A body as readers get it, byte for byte, with the sizes of its pictures; two queries."""
    names = pictures_in(text)
    return body_of(text, body_format, queries.sizes(session, names), queries.smaller(session, names))


def body_of(
    text: str, body_format: str, sizes: Sizes | None = None, smaller: Mapping[str, Smaller] | None = None
) -> Markup:
    """A body as safe HTML, whatever it was written in; one too tangled to read is shown as plain text."""
    convert = htmlize.clean if body_format == "html" else htmlize.markdown
    try:
        return convert(text, sizes=sizes, smaller=smaller)
    except htmlize.TooLongError:
        return Markup("<p>{}</p>").format(text)


def words_of(body: str) -> int:
    """How many words a body has."""
    return len(htmlize.plain_text(body).split())


def minutes(body: str) -> int:
    """How long a body takes to read, at least one."""
    return _minutes(words_of(body))


def pictures_in(text: str) -> set[str]:
    """The names of pictures that a body may show."""
    return {name.lower() for name in _MEDIA_NAME.findall(text)}


def _minutes(words: int) -> int:
    return max(1, round(words / WORDS_A_MINUTE))


def _picture(article: Article, sizes: Sizes, smaller: Mapping[str, Smaller]) -> Picture | None:
    if not article.picture:
        return None
    width, height = sizes.get(article.picture, (1600, 900))
    return Picture(
        url=f"/media/{article.picture}",
        width=width,
        height=height,
        alt=article.picture_alt,
        caption=article.picture_caption,
        credit=article.picture_credit,
        smaller=smaller.get(article.picture),
    )


def _section(article: Article, newsroom: NewsroomSettings) -> Link | None:
    if not article.section:
        return None
    name = newsroom.section_name(article.section, article.language)
    return Link(name, addresses.section(article.section, article.language, newsroom.default_language))
