"""What a page says of its own address: the one that counts, and which one is for readers of any other language."""

from collections.abc import Sequence

from flask import current_app, request

from membership.newsroom import present

LOCALES = {"en": "en_GB", "uk": "uk_UA"}
"""Languages as Open Graph names them, with a country (https://ogp.me/#optional)."""


def absolute(path: str) -> str:
    """A path of this site as a whole address."""
    return f"{current_app.config['BASE_URL']}{path}"


def of_page() -> dict[str, str]:
    """`canonical` and `x_default` of the page being made, one that every language has at the same path.

    Source: https://developers.google.com/search/docs/specialty/international/localized-versions.
    """
    default = present.newsroom().default_language
    others = [language for language in present.newsroom().languages if language != default]
    return {
        "canonical": absolute(f"{request.script_root}{request.path}"),
        "x_default": absolute(request.path) if others else "",
    }


def of_article(path: str, language: str, alternates: Sequence[dict[str, str]]) -> dict[str, str]:
    """The same for a page whose other languages are at addresses of their own (`alternates`: language and url).

    Whoever reads another language gets the newsroom's default one, or the only one there is.
    """
    by_language = {one["language"]: one["url"] for one in alternates} | {language: path}
    fallback = by_language.get(present.newsroom().default_language, path)
    return {"canonical": absolute(path), "x_default": absolute(fallback) if alternates else ""}
