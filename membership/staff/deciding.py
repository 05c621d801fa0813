"""What a newsroom decides about itself, page by page of the settings screen.

Several fields may write parts of one setting, so they are taken one after the other, and `changes` compares the
whole before and after.
"""

from dataclasses import fields, replace
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from flask_babel import gettext as _

from membership.newsroom.settings_rows import NewsroomSettings
from membership.staff.deciding_gifts import codes, gifts
from membership.staff.deciding_sections import sections
from membership.staff.decisions import Decision, DecisionError, Group, count, in_language, line, one_of
from membership.web import accents, emails
from membership.web.languages import AVAILABLE


def groups(settings: NewsroomSettings) -> list[Group]:
    """All pages of the settings screen, as these settings (their languages, their currencies) need them."""
    return [_name(settings), sections(settings), _language(), gifts(settings), _rules(), _texts(settings)]


def changes(before: NewsroomSettings, after: NewsroomSettings) -> dict[str, Any]:
    """The settings that differ, by name, with their new values."""
    return {
        f.name: getattr(after, f.name)
        for f in fields(NewsroomSettings)
        if getattr(before, f.name) != getattr(after, f.name)
    }


def _name(settings: NewsroomSettings) -> Group:
    others = [language for language in settings.languages if language != settings.default_language]
    decisions = [
        Decision(
            key="contact_email",
            label=_("Address for questions"),
            hint=_("Stands at the foot of each mail and is its sender."),
            show=lambda s: s.contact_email,
            take=_take_email,
            size="full",
        ),
        line("name", _("Name"), most=80),
        line("tagline", _("Tagline"), most=140, required=False),
        Decision(
            key="color",
            label=_("Color"),
            hint=_(
                "Of links, buttons and lines, like #9b2335. "
                "Its hue is kept; how light it is follows from what can be read."
            ),
            show=lambda s: s.color,
            take=_take_color,
            size="short",
        ),
        *(
            decision
            for language in others
            for decision in (
                in_language("names", language, _("Name"), most=80, section=AVAILABLE[language]),
                in_language("taglines", language, _("Tagline"), most=140, section=AVAILABLE[language]),
            )
        ),
    ]
    return Group(
        name="name",
        title=_("Name"),
        intro=_("How readers and mailboxes know you."),
        effect=_("Every page is made anew within seconds; mails that are already queued keep the old name."),
        decisions=decisions,
    )


def _take_color(settings: NewsroomSettings, typed: str) -> NewsroomSettings:
    if not accents.tokens(typed.strip()):
        raise DecisionError(_("Enter a color as # and six digits or letters from a to f, like #9b2335."))
    return replace(settings, color=typed.strip().lower())


@cache
def _time_zones() -> frozenset[str]:
    """The names of time zones this machine knows: finding them opens some 600 files."""
    return frozenset(available_timezones())


def _language() -> Group:
    zones = tuple((zone, zone) for zone in sorted(_time_zones()) if "/" in zone)
    names = tuple(AVAILABLE.items())
    return Group(
        name="language",
        title=_("Languages and time"),
        intro=_("Which languages the site is offered in, and when its days begin."),
        effect=_(
            "Pages of a language that is no longer offered can no longer be found. "
            "Reports count days and months in the new time zone from now on."
        ),
        decisions=[
            Decision(
                key="default_language",
                label=_("Language at the plain addresses"),
                show=lambda s: s.default_language,
                take=_take_default_language,
                kind="choice",
                choices=names,
            ),
            Decision(
                key="languages",
                label=_("Languages offered"),
                hint=_("Codes with commas between: en, uk."),
                show=lambda s: ", ".join(s.languages),
                take=_take_languages,
            ),
            Decision(
                key="time_zone",
                label=_("Time zone"),
                show=lambda s: s.time_zone,
                take=lambda s, typed: replace(s, time_zone=one_of(typed, _time_zones())),
                kind="choice",
                choices=zones,
            ),
        ],
    )


def _rules() -> Group:
    return Group(
        name="rules",
        title=_("Rules"),
        intro=_("How long, how many, how often."),
        effect=_("A round of voting that is open keeps the rules it was opened with."),
        decisions=[
            count("grace_days", _("Days of grace after a failed renewal"), 1, 60),
            count("votes_per_patron", _("Votes of a patron in a round"), 1, 20),
            count("smallest_published_round", _("Fewest ballots for publishing them all"), 5, 1000),
            count("not_now_days", _("Days without appeal after “not now”"), 1, 365),
            count("quiet_days", _("Days without appeal after a gift"), 1, 365),
        ],
    )


def _texts(settings: NewsroomSettings) -> Group:
    kinds = (
        ("about", _("About us")),
        ("transparency_text", _("Where the money goes")),
        ("receipt_text", _("Legal text on receipts")),
    )
    return Group(
        name="texts",
        title=_("Texts"),
        intro=_("Pages of your own words, in Markdown."),
        effect=_("The pages change within seconds. Receipts that were sent keep their text."),
        decisions=[
            in_language(
                setting,
                language,
                AVAILABLE[language],
                most=20_000,
                kind="text",
                section=label,
            )
            for setting, label in kinds
            for language in settings.languages
        ],
    )


def _take_email(settings: NewsroomSettings, typed: str) -> NewsroomSettings:
    try:
        return replace(settings, contact_email=emails.canonical(typed))
    except emails.AddressError:
        raise DecisionError(_("Enter one e-mail address, like desk@example.org.")) from None


def _take_default_language(settings: NewsroomSettings, typed: str) -> NewsroomSettings:
    language = one_of(typed, AVAILABLE)
    offered = settings.languages if language in settings.languages else [language, *settings.languages]
    return replace(settings, default_language=language, languages=offered)


def _take_languages(settings: NewsroomSettings, typed: str) -> NewsroomSettings:
    chosen = codes(typed)
    if not chosen or not set(chosen) <= AVAILABLE.keys():
        raise DecisionError(_("Offered can be: %(codes)s.", codes=", ".join(AVAILABLE)))
    if settings.default_language not in chosen:
        raise DecisionError(_("The language at the plain addresses must be among them."))
    return replace(settings, languages=chosen)
