"""What machines are told about an article: schema.org's NewsArticle, as JSON-LD."""

from typing import Any

from membership.articles.presenting import Picture, Story
from membership.newsroom.settings_rows import NewsroomSettings
from membership.web import filters

LONGEST_HEADLINE = 110
"""Longer ones may be cut where they are shown; so they are cut here, at a word."""


def news_article(
    story: Story, newsroom: NewsroomSettings, *, canonical: str, base_url: str
) -> dict[str, Any]:
    """A story as NewsArticle; free to read, which is said too.

    Source: https://schema.org/NewsArticle and
    https://developers.google.com/search/docs/appearance/structured-data/article.
    """
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "AdvertiserContentArticle" if story.is_sponsored else "NewsArticle",
        "headline": shortened(story.headline),
        "description": story.standfirst,
        "inLanguage": story.language,
        "url": canonical,
        "mainEntityOfPage": {"@type": "WebPage", "@id": canonical},
        "datePublished": filters.for_machines(story.published_at),
        "dateModified": filters.for_machines(story.updated_at or story.published_at),
        "isAccessibleForFree": True,
        "wordCount": story.words,
        "author": [
            {"@type": "Person", "name": author.name, "url": base_url + author.url} for author in story.authors
        ]
        or [{"@type": "NewsMediaOrganization", "name": newsroom.name, "url": f"{base_url}/"}],
        "publisher": _publisher(newsroom, base_url),
    }
    if story.picture:
        told["image"] = [_image(story.picture, base_url)]
    if story.section:
        told["articleSection"] = story.section.name
    if story.tags:
        told["keywords"] = list(story.tags)
    if story.place:
        series = {"@type": "CreativeWorkSeries", "name": story.place.series.name}
        told["isPartOf"] = series | {"url": base_url + story.place.series.url}
        told["position"] = story.place.number
    if story.corrections:
        told["correction"] = [
            {
                "@type": "CorrectionComment",
                "text": correction.text,
                "datePublished": filters.for_machines(correction.corrected_at),
            }
            for correction in story.corrections
        ]
    return told


def shortened(headline: str) -> str:
    """A headline of at most LONGEST_HEADLINE characters, cut at a word."""
    if len(headline) <= LONGEST_HEADLINE:
        return headline
    cut = headline[:LONGEST_HEADLINE].rpartition(" ")[0] or headline[: LONGEST_HEADLINE - 1]
    return f"{cut[: LONGEST_HEADLINE - 1].rstrip(' ,;:–-')}…"


def _publisher(newsroom: NewsroomSettings, base_url: str) -> dict[str, Any]:
    publisher: dict[str, Any] = {
        "@type": "NewsMediaOrganization",
        "name": newsroom.name,
        "url": f"{base_url}/",
    }
    if newsroom.logo_url:
        publisher["logo"] = {"@type": "ImageObject", "url": base_url + newsroom.logo_url}
    return publisher


def _image(picture: Picture, base_url: str) -> dict[str, Any]:
    url, width, height = picture.shared
    image: dict[str, Any] = {"@type": "ImageObject", "url": base_url + url, "width": width, "height": height}
    if picture.caption or picture.alt:
        image["caption"] = picture.caption or picture.alt
    if picture.credit:
        image["creditText"] = picture.credit
    return image
