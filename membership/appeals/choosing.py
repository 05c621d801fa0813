"""Which appeal stands under an article on a day: of those that are on, fit and run then, the highest by priority.

Where a trial runs and each of its appeals fits the article, the trial decides (appeals.assigning). Articles stand on a
higher floor, so what is asked of them comes as data (`ArticleFacts`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.appeals import trials
from membership.appeals.assigning import HOLD_BACK
from membership.appeals.models import Appeal
from membership.appeals.trials import Trial

ELSEWHERE = 0
"""Stands for the id of an article that is not here."""


@dataclass(frozen=True, kw_only=True)
class ArticleFacts:
    """What decides which appeal stands under an article. `section` is a slug; nobody is asked under what is marked."""

    id: int
    language: str
    section: str = ""
    tags: tuple[str, ...] = ()
    is_sensitive: bool = False
    is_sponsored: bool = False


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Under which articles an appeal may stand. Where a list of what is in is empty, all are in.

    An article must be in by section and in by tag, and out by neither; tags are compared without regard to case.
    """

    sections_in: tuple[str, ...] = ()
    sections_out: tuple[str, ...] = ()
    tags_in: tuple[str, ...] = ()
    tags_out: tuple[str, ...] = ()

    def admit(self, section: str, tags: Iterable[str]) -> bool:
        """Whether an article of a section and with these tags may be asked under."""
        borne = _folded(tags)
        return (
            (not self.sections_in or section in self.sections_in)
            and section not in self.sections_out
            and (not self.tags_in or not borne.isdisjoint(_folded(self.tags_in)))
            and borne.isdisjoint(_folded(self.tags_out))
        )

    def as_json(self) -> dict[str, Any]:
        """The rules as `Appeal.rules` keeps them; lists that are empty are left out."""
        return {name: list(value) for name, value in asdict(self).items() if value}


def elsewhere(language: str) -> ArticleFacts:
    """An article of another site, of which nothing is known but its language: only appeals for any article fit."""
    return ArticleFacts(id=ELSEWHERE, language=language)


def rules_of(appeal: Appeal) -> Rules:
    """The rules of an appeal."""
    return Rules(**{one.name: tuple(appeal.rules.get(one.name, ())) for one in fields(Rules)})


def fits(appeal: Appeal, facts: ArticleFacts) -> bool:
    """Whether an appeal may stand under an article on some day, by language, sections and tags; never if marked."""
    return (
        not (facts.is_sensitive or facts.is_sponsored)
        and appeal.language == facts.language
        and rules_of(appeal).admit(facts.section, facts.tags)
    )


def runs(appeal: Appeal, on: date) -> bool:
    """Whether a day of the newsroom is among those of an appeal; its first and its last one are."""
    return (appeal.first_day is None or appeal.first_day <= on) and (
        appeal.last_day is None or on <= appeal.last_day
    )


def first(ranked: Iterable[Appeal], facts: ArticleFacts, *, on: date) -> Appeal | None:
    """The first of some appeals (as `ranking` orders them) that is on, fits the article and runs on that day."""
    return next((one for one in ranked if one.is_on and runs(one, on) and fits(one, facts)), None)


@dataclass(frozen=True)
class Choice:
    """What stands under an article: an appeal, or none; `is_held_back` where that is so for a trial's sake."""

    appeal: Appeal | None
    is_held_back: bool = False


def choice(ranked: Iterable[Appeal], facts: ArticleFacts, *, on: date, trial: Trial | None) -> Choice:
    """What stands under an article on a day, given the appeals by rank and the trial that runs then, if one does."""
    if trial is None or not takes_part(trial, facts):
        return Choice(first(ranked, facts, on=on))
    arm = trial.plan.arm(facts.id, on)
    return Choice(None, is_held_back=True) if arm == HOLD_BACK else Choice(trial.variants[arm].appeal)


def takes_part(trial: Trial, facts: ArticleFacts) -> bool:
    """Whether a trial decides what an article shows: it is here, and each of the trial's appeals may stand there."""
    return facts.id != ELSEWHERE and all(fits(variant.appeal, facts) for variant in trial.variants)


def choose(session: Session, facts: ArticleFacts, *, on: date) -> Choice:
    """What stands under an article on a day of the newsroom."""
    trial = trials.running(session, facts.language, on)
    return choice(ranking(session, facts.language), facts, on=on, trial=trial)


def for_article(session: Session, facts: ArticleFacts, *, on: date) -> Appeal | None:
    """The appeal that stands under an article on a day of the newsroom; None where nobody is asked."""
    return choose(session, facts, on=on).appeal


def fitting(session: Session, facts: ArticleFacts) -> list[Appeal]:
    """Every appeal that is on and may stand under an article on some day, the highest first."""
    return [one for one in ranking(session, facts.language) if fits(one, facts)]


def ranking(session: Session, language: str) -> Sequence[Appeal]:
    """The appeals of a language that are on, in the order in which they are asked: by priority, then the older."""
    found = select(Appeal).where(Appeal.is_on, Appeal.language == language)
    return session.scalars(found.order_by(Appeal.priority.desc(), Appeal.id)).all()


def _folded(tags: Iterable[str]) -> set[str]:
    return {tag.strip().casefold() for tag in tags}
