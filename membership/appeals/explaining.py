"""In words for staff: where an appeal stands now, by which rules, and why a story shows which."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from membership import clock
from membership.appeals import choosing, managing, placing, queries, trials
from membership.appeals.models import Appeal, Placement
from membership.appeals.trials import Trial
from membership.newsroom import settings_rows
from membership.newsroom.settings_rows import NewsroomSettings
from membership.web import filters


@dataclass(frozen=True)
class Standing:
    """Where an appeal stands now: a word or two for a badge, its kind, and a sentence."""

    badge: str
    kind: str
    sentence: str


@dataclass(frozen=True)
class Row:
    """An appeal in the list of staff."""

    appeal: Appeal
    standing: Standing
    rules: list[str]


@dataclass(frozen=True)
class StoryRow:
    """A story and the appeal it shows; `why_none` says why it shows none."""

    story: Placement
    appeal: Appeal | None
    why_none: str


def rows(session: Session) -> list[Row]:
    """Every appeal, as they are chosen, with where it stands."""
    newsroom = settings_rows.current(session)
    appeals = queries.by_rank(session)
    languages = {appeal.language for appeal in appeals}
    shown = managing.shown(session, languages)
    open_trials = {language: trials.open_in(session, language) for language in languages}
    return [
        Row(one, _standing(one, appeals, shown, newsroom, open_trials[one.language]), rules(one, newsroom))
        for one in appeals
    ]


def where_it_stands(session: Session, appeal: Appeal) -> Standing:
    """Where one appeal stands now."""
    newsroom = settings_rows.current(session)
    shown = managing.shown(session, {appeal.language})
    trial = trials.open_in(session, appeal.language)
    return _standing(appeal, queries.by_rank(session), shown, newsroom, trial)


def stories(session: Session, language: str) -> list[StoryRow]:
    """The newest stories of a language, each with the appeal it shows today."""
    on = clock.today(settings_rows.current(session).zone)
    ranked, trial = choosing.ranking(session, language), trials.running(session, language, on)
    found = []
    for story in placing.newest(session, language):
        chosen = choosing.choice(ranked, placing.facts_of(story), on=on, trial=trial)
        why_none = _why_none(story, is_held_back=chosen.is_held_back) if chosen.appeal is None else ""
        found.append(StoryRow(story, chosen.appeal, why_none))
    return found


def rules(appeal: Appeal, newsroom: NewsroomSettings) -> list[str]:
    """The rules of an appeal, a phrase each; none where it may stand everywhere at any time."""
    told = choosing.rules_of(appeal)

    def sections(slugs: Sequence[str]) -> str:
        return ", ".join(newsroom.section_name(slug, newsroom.default_language) for slug in slugs)

    phrases = [
        _("Only in %(sections)s", sections=sections(told.sections_in)) if told.sections_in else "",
        _("Never in %(sections)s", sections=sections(told.sections_out)) if told.sections_out else "",
        _("Only tagged %(tags)s", tags=", ".join(told.tags_in)) if told.tags_in else "",
        _("Never tagged %(tags)s", tags=", ".join(told.tags_out)) if told.tags_out else "",
        _days(appeal.first_day, appeal.last_day),
    ]
    return [phrase for phrase in phrases if phrase]


def _days(first: date | None, last: date | None) -> str:
    if first and last:
        return str(_("From %(first)s to %(last)s", first=filters.day(first), last=filters.day(last)))
    if first:
        return str(_("From %(first)s on", first=filters.day(first)))
    return str(_("Until %(last)s", last=filters.day(last))) if last else ""


def _standing(
    appeal: Appeal,
    appeals: Sequence[Appeal],
    shown: managing.Shown,
    newsroom: NewsroomSettings,
    trial: Trial | None,
) -> Standing:
    today = clock.today(newsroom.zone)
    if not appeal.is_on:
        return Standing(_("Off"), "plain", _("It stands nowhere until it is switched on."))
    if appeal.last_day and appeal.last_day < today:
        return Standing(_("Over"), "plain", _("Its last day was %(day)s.", day=filters.day(appeal.last_day)))
    if appeal.first_day and today < appeal.first_day:
        return Standing(
            _("Begins later"), "info", _("Its first day is %(day)s.", day=filters.day(appeal.first_day))
        )
    of_language = [pair for pair in shown.values() if pair[0].language == appeal.language]
    here = sum(chosen == appeal.id for _story, chosen in of_language)
    counted = ngettext("Under %(num)s story", "Under %(num)s stories", here)
    count = _("%(stories)s of %(all)s.", stories=counted, all=len(of_language))
    if trial is not None and trial.runs(today) and trial.needs(appeal):
        return Standing(_("On trial"), "good", _("Today: %(count)s", count=count))
    if here:
        return Standing(_("Shown now"), "good", count)
    return Standing(_("On, not shown"), "warn", _why_nowhere(appeal, appeals, of_language))


def _why_nowhere(
    appeal: Appeal, appeals: Sequence[Appeal], of_language: Sequence[tuple[Placement, int | None]]
) -> str:
    fitting = [chosen for story, chosen in of_language if choosing.fits(appeal, placing.facts_of(story))]
    if not fitting:
        return str(_("No published story fits its rules."))
    others = [one.name for one in appeals if one.id in set(fitting)]
    return str(_("Wherever it fits, one of higher priority stands: %(names)s.", names=", ".join(others)))


def _why_none(story: Placement, *, is_held_back: bool) -> str:
    if is_held_back:
        return str(_("Nobody is asked today, for the sake of a trial."))
    if story.is_sensitive:
        return str(_("Nobody is asked: the story is marked sensitive."))
    if story.is_sponsored:
        return str(_("Nobody is asked: the story is paid for by a partner."))
    return str(_("No appeal fits it today."))
