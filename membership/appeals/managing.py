"""Writing and changing appeals: with an audit entry, the slots they need, and just those pages made anew that change.

Where an appeal begins or ends by its dates, a due row renews the pages at that midnight. Callers commit.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from membership import clock
from membership.appeals import attribution, choosing, placing, trials
from membership.appeals.choosing import Rules
from membership.appeals.errors import OnTrialError
from membership.appeals.models import Appeal, Placement
from membership.newsroom import audit, due, page_changes, settings_rows
from membership.newsroom.settings_rows import Amounts
from membership.secrets import new_public_id

BEGIN, END = "appeal.begins", "appeal.ends"
MOST_PAGES = 2_000
"""Of more pages than these it is not said one by one that they changed."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """Everything staff decide about an appeal."""

    name: str
    language: str
    heading: str
    body: str
    highlight: str
    suggested_amounts: Amounts
    priority: int = 0
    is_on: bool = True
    rules: Rules = field(default_factory=Rules)
    first_day: date | None = None
    last_day: date | None = None
    asks_month: bool = True
    asks_year: bool = True
    asks_once: bool = True


def write(session: Session, words: Words, *, actor_id: int, actor: str) -> Appeal:
    """A new appeal, under every article that it fits, from its first day on."""
    now = clock.now()
    before = shown(session, {words.language})
    appeal = Appeal(public_id=new_public_id(), created_at=now, updated_at=now, **values(words))
    session.add(appeal)
    _renew(session, appeal, before, {words.language})
    _note(session, appeal, "appeal.written", actor_id=actor_id, actor=actor)
    return appeal


def change(session: Session, appeal: Appeal, words: Words, *, actor_id: int, actor: str) -> None:
    """What an appeal says from now on, and where; gifts that came by it stay credited to it.

    Raises:
        OnTrialError: it is being tried out: changed in between, nothing could be said of it.
    """
    if trials.is_tried_out(session, appeal):
        raise OnTrialError
    languages = {appeal.language, words.language}
    before = shown(session, languages)
    for name, value in values(words).items():
        setattr(appeal, name, value)
    appeal.updated_at = clock.now()
    _renew(session, appeal, before, languages)
    _note(session, appeal, "appeal.changed", actor_id=actor_id, actor=actor)


def values(words: Words) -> dict[str, Any]:
    """What staff decided, as the columns keep it."""
    plain = {one.name: getattr(words, one.name) for one in fields(words)}
    return plain | {"rules": words.rules.as_json()}


def let_stand(session: Session, appeal: Appeal) -> int:
    """Make the slots that an appeal needs, and appoint its beginning and end; how many slots were new."""
    session.flush()
    _appoint(session, appeal)
    if not appeal.is_on:
        return 0
    articles = placing.of_language(session, appeal.language)
    known = [choosing.elsewhere(appeal.language), *map(placing.facts_of, articles)]
    fitting = [facts.id for facts in known if choosing.fits(appeal, facts)]
    return attribution.ensure_under(session, appeal, fitting)


Shown = dict[int, tuple[Placement, int | None]]


def shown(session: Session, languages: Collection[str], on: date | None = None) -> Shown:
    """Which appeal stands under each published article of some languages on a day (today), by article's id."""
    day = on or clock.today(settings_rows.current(session).zone)
    found: Shown = {}
    for language in sorted(languages):
        ranked, trial = choosing.ranking(session, language), trials.running(session, language, day)
        for placement in placing.of_language(session, language):
            facts = placing.facts_of(placement)
            chosen = choosing.choice(ranked, facts, on=day, trial=trial).appeal
            found[placement.article_id] = placement, chosen.id if chosen else None
    return found


def _renew(session: Session, appeal: Appeal, before: Shown, languages: Collection[str]) -> None:
    """Make anew the pages that show this appeal, or another one than before."""
    let_stand(session, appeal)
    after = shown(session, languages)
    changed = [
        placement
        for article_id, (placement, chosen) in after.items()
        if chosen == appeal.id or chosen != before[article_id][1]
    ]
    _record(session, changed, languages)


def renew_asking(session: Session, languages: Collection[str]) -> None:
    """Make anew the pages of some languages that ask at all: something beside the appeal's own words has changed."""
    asking = [one for one, chosen in shown(session, languages).values() if chosen is not None]
    _record(session, asking, languages)


def _record(session: Session, changed: Collection[Placement], languages: Collection[str]) -> None:
    """Make pages of articles anew, each with its frame for other sites, and the frames of what is not here."""
    if len(changed) > MOST_PAGES:
        page_changes.record(session, page_changes.EVERYTHING)
        return
    pages = [page for one in changed for page in (placing.page_of(one), placing.embedded_page_of(one))]
    page_changes.record(session, *pages, *map(placing.embedded_page, languages))


def _appoint(session: Session, appeal: Appeal) -> None:
    """Let the pages follow at the midnights at which it begins and ends, if they lie ahead."""
    ends = appeal.last_day + timedelta(days=1) if appeal.last_day else None
    for kind, day in ((BEGIN, appeal.first_day), (END, ends)):
        at = _midnight(session, day) if day and appeal.is_on else None
        if at is not None and at > clock.now():
            due.at(session, at, kind=kind, key=appeal.public_id)
        else:
            due.cancel(session, kind=kind, key=appeal.public_id)


def _midnight(session: Session, day: date) -> datetime:
    return datetime.combine(day, time(), settings_rows.current(session).zone)


@due.handler(BEGIN)
@due.handler(END)
def _turn(session: Session, _key: str, at: datetime) -> None:
    """A day begins on which other appeals may stand: make the pages anew that show another one than the day before."""
    day = at.astimezone(settings_rows.current(session).zone).date()
    languages = settings_rows.current(session).languages
    renew_changed(session, shown(session, languages, day - timedelta(days=1)), shown(session, languages, day))


def renew_changed(session: Session, before: Shown, after: Shown) -> None:
    """Make the pages anew that show another appeal than they did. The caller commits."""
    changed = [one for key, (one, chosen) in after.items() if chosen != before[key][1]]
    _record(session, changed, {one.language for one, _chosen in after.values()})


def _note(session: Session, appeal: Appeal, action: str, *, actor_id: int, actor: str) -> None:
    audit.write(
        session,
        action=action,
        subject=f"appeal:{appeal.public_id}",
        actor_id=actor_id,
        actor=actor,
        details={"is_on": appeal.is_on, "priority": appeal.priority},
    )
