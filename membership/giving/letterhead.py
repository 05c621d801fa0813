"""The newsroom's letterhead as it is now, for whatever is put on paper."""

from dataclasses import dataclass
from pathlib import Path

from flask import current_app

from membership.newsroom.settings_rows import NewsroomSettings


@dataclass(frozen=True, kw_only=True)
class Letterhead:
    """Who issues the paper. `color` is "#rrggbb"; `logo` a picture file, or None."""

    name: str
    tagline: str
    contact: str
    color: str
    logo: Path | None = None


def of(newsroom: NewsroomSettings, language: str, *, issuer: str = "") -> Letterhead:
    """The letterhead in a language; `issuer` is the name that a receipt was issued under, if it is for one."""
    here = newsroom.in_language(language)
    folder = current_app.extensions["membership_media"]
    return Letterhead(
        name=issuer or here.name,
        tagline=here.tagline,
        contact=here.contact_email,
        color=here.color,
        logo=folder / here.logo if here.logo else None,
    )
