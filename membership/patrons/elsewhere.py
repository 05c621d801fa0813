"""Patrons who support the newsroom through another platform: marked so, and covered to the day they are paid to there.

Their money is the platform's to report: it is in no figure here. patrons.inviting asks them once to give directly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts.enrolling import ids_by_address
from membership.patrons import enrolling, granting, standing
from membership.patrons.enrolling import Newcomer
from membership.patrons.granting import Award
from membership.patrons.models import Coverage, Grant, Patron, SupportElsewhere
from membership.patrons.standing import PAYING, is_active


@dataclass(frozen=True, kw_only=True)
class Supporter:
    """Somebody in a platform's file of members, and until when it is paid there."""

    email: str  # canonical
    name: str
    language: str
    platform: str
    paid_until: datetime


class Outcome(StrEnum):
    """What became of a supporter of a file."""

    MADE = "made"  # marked and covered
    PROLONGED = "prolonged"  # known, and paid to a later day than was known
    UNCHANGED = "unchanged"
    REVOKED = "revoked"  # staff ended the grant, so it stays ended


def take(session: Session, supporters: Sequence[Supporter]) -> list[Outcome]:
    """Mark and cover supporters, each address once; what became of each, in order. No mail. The caller commits."""
    now = clock.now()
    newcomers = [Newcomer(email=s.email, name=s.name, language=s.language, at=now) for s in supporters]
    patron_ids = enrolling.make_many(session, newcomers)
    giving, known = _giving(session, patron_ids, now), _known(session, patron_ids)
    grants = {made.id: made for made in session.scalars(_grants(known.values()).with_for_update())}
    outcomes: list[Outcome] = []
    fresh: list[tuple[int, Supporter]] = []
    longer: dict[Grant, datetime] = {}
    for patron_id, supporter in zip(patron_ids, supporters, strict=True):
        mark = known.get((patron_id, supporter.platform))
        outcomes.append(Outcome.MADE if mark is None else _judged(grants[mark.grant_id], supporter))
        if outcomes[-1] not in {Outcome.MADE, Outcome.PROLONGED}:
            continue
        if mark is not None and grants[mark.grant_id].ends_at > now:
            longer[grants[mark.grant_id]] = supporter.paid_until
        else:  # new, or it had run out: what lies between stays uncovered
            fresh.append((patron_id, supporter))
    granting.prolong_many(session, longer)
    _cover(session, fresh, known, giving, now)
    return outcomes


def _cover(
    session: Session,
    fresh: list[tuple[int, Supporter]],
    known: Mapping[tuple[int, str], SupportElsewhere],
    giving: set[int],
    now: datetime,
) -> None:
    """Grant from now on; who was marked before is marked with the new grant."""
    awards = [
        Award(patron_id=patron_id, starts_at=now, ends_at=s.paid_until, reason=s.platform)
        for patron_id, s in fresh
    ]
    marks: list[dict[str, object]] = []
    for (patron_id, supporter), grant_id in zip(fresh, granting.make_many(session, awards), strict=True):
        mark = known.get((patron_id, supporter.platform))
        if mark is not None:
            mark.grant_id = grant_id
            continue
        marks.append(
            {
                "patron_id": patron_id,
                "grant_id": grant_id,
                "platform": supporter.platform,
                "told_at": now,
                "gave_here": patron_id in giving,
                "invited_at": None,
            }
        )
    if marks:
        session.execute(insert(SupportElsewhere), marks)
    session.flush()


def _known(session: Session, patron_ids: Sequence[int]) -> dict[tuple[int, str], SupportElsewhere]:
    found = session.scalars(select(SupportElsewhere).where(SupportElsewhere.patron_id.in_(patron_ids)))
    return {(mark.patron_id, mark.platform): mark for mark in found}


def _giving(session: Session, patron_ids: Sequence[int], now: datetime) -> set[int]:
    """Those who are covered by money of their own just now."""
    query = select(Coverage.patron_id).where(
        Coverage.patron_id.in_(patron_ids),
        Coverage.source.in_(PAYING),
        Coverage.starts_at <= now,
        Coverage.ends_at > now,
    )
    return set(session.scalars(query))


def _judged(grant: Grant, supporter: Supporter) -> Outcome:
    """What becomes of somebody who was marked before."""
    if grant.revoked_at is not None:
        return Outcome.REVOKED
    return Outcome.UNCHANGED if supporter.paid_until <= grant.ends_at else Outcome.PROLONGED


def marks_of(session: Session, patron_id: int) -> list[SupportElsewhere]:
    """The platforms through which a patron supports us, or did, by name."""
    found = select(SupportElsewhere).filter_by(patron_id=patron_id).order_by(SupportElsewhere.platform)
    return list(session.scalars(found))


@dataclass(frozen=True, kw_only=True)
class Support:
    """What a patron pays on another platform, as far as we know."""

    platform: str
    last_day: datetime  # an instant on the last day that is paid
    holds: bool  # it covers now


def supports_of(session: Session, patron_id: int, now: datetime) -> list[Support]:
    """What a patron pays elsewhere, by platform; without what staff ended."""
    query = (
        select(SupportElsewhere.platform, Grant.ends_at)
        .join(Grant, Grant.id == SupportElsewhere.grant_id)
        .where(SupportElsewhere.patron_id == patron_id, Grant.revoked_at.is_(None))
        .order_by(SupportElsewhere.platform)
    )
    return [
        Support(platform=row.platform, last_day=standing.last_instant(row.ends_at), holds=now < row.ends_at)
        for row in session.execute(query)
    ]


def count_covered(session: Session, now: datetime) -> int:
    """How many patrons are covered now by what they pay elsewhere."""
    query = (
        select(func.count(SupportElsewhere.patron_id.distinct()))
        .join(Grant, Grant.id == SupportElsewhere.grant_id)
        .where(Grant.starts_at <= now, Grant.ends_at > now, Grant.revoked_at.is_(None))
    )
    return session.scalar(query) or 0


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What `take` would do: the outcomes, in order, and how many would be active, and covered so, who are not now."""

    outcomes: list[Outcome]
    active: int
    elsewhere: int


def foresee(session: Session, supporters: Sequence[Supporter]) -> Foreseen:
    """What taking some supporters would come to. Reads only."""
    now = clock.now()
    accounts = ids_by_address(session, [supporter.email for supporter in supporters])
    query = select(Patron.account_id, Patron.id).where(Patron.account_id.in_(accounts.values()))
    patrons = {row.account_id: row.id for row in session.execute(query)}
    patron_of = {address: patrons.get(account_id) for address, account_id in accounts.items()}
    known = _known(session, list(patrons.values()))
    grants = {grant.id: grant for grant in session.scalars(_grants(known.values()))}
    active = set(session.scalars(select(Patron.id).where(Patron.id.in_(patrons.values()), is_active(now))))
    covered = {m.patron_id for m in known.values() if _holds(grants[m.grant_id], now)}
    outcomes: list[Outcome] = []
    new_active, new_elsewhere = 0, 0
    for supporter in supporters:
        patron_id = patron_of.get(supporter.email)
        mark = known.get((patron_id or 0, supporter.platform))
        outcomes.append(Outcome.MADE if mark is None else _judged(grants[mark.grant_id], supporter))
        if outcomes[-1] in {Outcome.MADE, Outcome.PROLONGED}:
            new_active += patron_id not in active
            new_elsewhere += patron_id not in covered
    return Foreseen(outcomes=outcomes, active=new_active, elsewhere=new_elsewhere)


def _grants(marks: Iterable[SupportElsewhere]) -> Select[Grant]:
    return select(Grant).where(Grant.id.in_([mark.grant_id for mark in marks]))


def _holds(grant: Grant, now: datetime) -> bool:
    return grant.revoked_at is None and grant.starts_at <= now < grant.ends_at
