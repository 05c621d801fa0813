"""Trials: which appeals are tried out on which days in a language, what each article shows then, what came of it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from membership.appeals.assigning import Plan
from membership.appeals.models import Appeal
from membership.db import Base, JsonDict, PublicId, RowId

OPEN = "ended_at IS NULL"
SETTLING = timedelta(days=1)
"""How long after its last day payments are waited for, before the figures are taken."""


class TrialState(StrEnum):
    """Where a trial is in its life."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    ENDED = "ended"


class Trial(Base):
    """Two or more appeals of a language that take turns under its articles, from a first to a fixed last day.

    One of each language is open at a time. Nothing of it changes but that it ends; `result` is what
    `concluding.conclude_all` found, once.
    """

    __tablename__ = "trial"
    __table_args__ = (
        CheckConstraint("last_day >= first_day", name="ends_after_its_beginning"),
        CheckConstraint("hold_back BETWEEN 0 AND 50", name="hold_back_is_a_share"),
        Index(
            "uq_trial_open",
            "language",
            unique=True,
            sqlite_where=text(OPEN),
            postgresql_where=text(OPEN),
        ),
    )

    id: Mapped[RowId] = mapped_column(init=False)
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(120))
    language: Mapped[str] = mapped_column(String(2))
    first_day: Mapped[date] = mapped_column(Date)  # of the newsroom, as the last one
    last_day: Mapped[date] = mapped_column(Date)
    hold_back: Mapped[int] = mapped_column(SmallInteger)  # percent of the days on which nobody is asked
    seed: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_early: Mapped[bool] = mapped_column(default=False)  # by hand, before its last day was over
    concluded_at: Mapped[datetime | None] = mapped_column(default=None)
    result: Mapped[JsonDict] = mapped_column(default_factory=dict)
    variants: Mapped[list["TrialVariant"]] = relationship(
        default_factory=list,
        order_by="TrialVariant.position",
        lazy="raise_on_sql",
        cascade="all, delete-orphan",
    )

    @property
    def plan(self) -> Plan:
        """All that the assignment depends on."""
        return Plan(self.seed, self.first_day, len(self.variants), self.hold_back)

    @property
    def days(self) -> int:
        """How many days it lasts."""
        return (self.last_day - self.first_day).days + 1

    def needs(self, appeal: Appeal) -> bool:
        """Whether an appeal is among those that take turns."""
        return any(variant.appeal_id == appeal.id for variant in self.variants)

    def runs(self, on: date) -> bool:
        """Whether it decides what articles show on a day of the newsroom."""
        return self.ended_at is None and self.first_day <= on <= self.last_day

    def state(self, on: date) -> TrialState:
        """Where it is on a day of the newsroom."""
        if self.ended_at is not None or on > self.last_day:
            return TrialState.ENDED
        return TrialState.RUNNING if self.first_day <= on else TrialState.SCHEDULED


class TrialVariant(Base):
    """An appeal that is tried out; the others are compared with that at position 0."""

    __tablename__ = "trial_variant"
    __table_args__ = (UniqueConstraint("trial_id", "appeal_id"),)

    trial_id: Mapped[int] = mapped_column(ForeignKey("trial.id"), primary_key=True, init=False)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    appeal_id: Mapped[int] = mapped_column(ForeignKey("appeal.id"), init=False)
    appeal: Mapped[Appeal] = relationship(lazy="raise_on_sql")


_WHOLE = joinedload(Trial.variants).joinedload(TrialVariant.appeal)


def open_in(session: Session, language: str) -> Trial | None:
    """The trial of a language that has not ended, with its appeals."""
    found = select(Trial).options(_WHOLE).where(Trial.language == language, Trial.ended_at.is_(None))
    return session.scalars(found).unique().one_or_none()


def running(session: Session, language: str, on: date) -> Trial | None:
    """The trial that decides what the articles of a language show on a day of the newsroom, with its appeals."""
    found = open_in(session, language)
    return found if found is not None and found.runs(on) else None


def by_public_id(session: Session, public_id: str) -> Trial | None:
    """A trial by its public id, with its appeals."""
    found = select(Trial).options(_WHOLE).filter_by(public_id=public_id[:32])
    return session.scalars(found).unique().one_or_none()


def all_of_them(session: Session) -> Sequence[Trial]:
    """Every trial with its appeals, the one that begins last first."""
    found = select(Trial).options(_WHOLE).order_by(Trial.first_day.desc(), Trial.id.desc())
    return session.scalars(found).unique().all()


def is_tried_out(session: Session, appeal: Appeal) -> bool:
    """Whether an open trial needs an appeal as it is."""
    found = (
        select(Trial.id)
        .join(TrialVariant)
        .where(TrialVariant.appeal_id == appeal.id, Trial.ended_at.is_(None))
    )
    return session.scalar(select(found.exists())) or False
