"""What a newsroom decides about its sections: one line each, its address and its name in each language."""

import re
from dataclasses import replace

from flask_babel import gettext as _

from membership.newsroom.settings_rows import NewsroomSettings
from membership.staff.decisions import Decision, DecisionError, Group
from membership.web.languages import AVAILABLE

MOST = 20
MOST_LETTERS = 60
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)


def sections(settings: NewsroomSettings) -> Group:
    """The page of the settings about sections."""
    names = " | ".join(AVAILABLE.get(language, language) for language in settings.languages)
    return Group(
        name="sections",
        title=_("Sections"),
        intro=_("The sections in the masthead, in their order."),
        effect=_(
            "The masthead of every page changes within seconds. Articles of a section that is left out stay, "
            "and can be found from the front page and by their address."
        ),
        decisions=[
            Decision(
                key="sections",
                label=_("Sections, one a line"),
                hint=_("Address | %(names)s. Like: politics | Politics | Політика", names=names),
                show=_shown,
                take=_take,
                kind="text",
                required=False,
                size="full",
            )
        ],
    )


def _shown(settings: NewsroomSettings) -> str:
    return "\n".join(
        " | ".join([section["slug"], *(section.get(language, "") for language in settings.languages)]).rstrip(
            " |"
        )
        for section in settings.sections
    )


def _take(settings: NewsroomSettings, typed: str) -> NewsroomSettings:
    known = {section["slug"]: section for section in settings.sections}
    taken: dict[str, dict[str, str]] = {}
    for line in filter(None, map(str.strip, typed.splitlines())):
        slug, *names = (part.strip() for part in line.split("|"))
        if not _SLUG.fullmatch(slug) or len(slug) > MOST_LETTERS:
            raise DecisionError(
                _(
                    "“%(slug)s” cannot stand in an address: use a-z, 0-9 and hyphens.",
                    slug=slug[:MOST_LETTERS],
                )
            )
        if slug in taken:
            raise DecisionError(_("“%(slug)s” stands there twice.", slug=slug))
        if (
            not 1 <= len(names) <= len(settings.languages)
            or max(map(len, names)) > MOST_LETTERS
            or not names[0]
        ):
            raise DecisionError(_("“%(slug)s” needs a name in each language, up to 60 letters.", slug=slug))
        taken[slug] = {
            **known.get(slug, {"slug": slug}),
            **dict(zip(settings.languages, names, strict=False)),
        }
    if len(taken) > MOST:
        raise DecisionError(_("Use at most %(most)s sections.", most=MOST))
    return replace(settings, sections=list(taken.values()))
