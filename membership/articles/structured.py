"""What machines are told about an article: schema.org's NewsArticle, as JSON-LD."""

from typing import Any

from membership.articles.presenting import Story
from membership.newsroom.settings_rows import NewsroomSettings


def news_article(
    story: Story, newsroom: NewsroomSettings, *, canonical: str, base_url: str
) -> dict[str, Any]:
    """A story as NewsArticle; free to read, which is said too.

    Source: https://schema.org/NewsArticle and Google's "Article structured data".
    """
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": story.headline,
        "description": story.standfirst,
        "inLanguage": story.language,
        "url": canonical,
        "mainEntityOfPage": canonical,
        "datePublished": story.published_at.isoformat(),
        "dateModified": (story.updated_at or story.published_at).isoformat(),
        "isAccessibleForFree": True,
        "author": [
            {"@type": "Person", "name": author.name, "url": base_url + author.url} for author in story.authors
        ],
        "publisher": {"@type": "NewsMediaOrganization", "name": newsroom.name, "url": f"{base_url}/"},
    }
    if story.picture:
        told["image"] = [base_url + story.picture.url]
    if story.section:
        told["articleSection"] = story.section.name
    if story.corrections:
        told["correction"] = [correction.text for correction in story.corrections]
    return told
