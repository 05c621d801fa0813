"""Patrons who support the newsroom through another platform: marked so, and covered to the day they are paid to there.

Their money is the platform's to report: it is in no figure here. patrons.inviting asks them once to give directly.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.accounts.enrolling import ids_by_address
from membership.patrons import enrolling, granting
from membership.patrons.enrolling import Newcomer
from membership.patrons.models import Coverage, Grant, Patron, Source, SupportElsewhere
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
    known, giving = _known(session, patron_ids), _giving(session, patron_ids, now)
    outcomes: list[Outcome] = []
    granted: list[tuple[Supporter, Grant]] = []
    for patron_id, supporter in zip(patron_ids, supporters, strict=True):
        mark = known.get((patron_id, supporter.platform))
        if mark is None:
            granted.append((supporter, _grant(session, patron_id, supporter, now)))
            outcomes.append(Outcome.MADE)
        else:
            outcomes.append(_again(session, mark, supporter, now))
    session.flush()
    session.add_all(
        SupportElsewhere(
            patron_id=grant.patron_id,
            grant_id=grant.id,
            platform=supporter.platform,
            told_at=now,
            gave_here=grant.patron_id in giving,
        )
        for supporter, grant in granted
    )
    session.flush()
    return outcomes


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


def _again(session: Session, mark: SupportElsewhere, supporter: Supporter, now: datetime) -> Outcome:
    grant = session.get_one(Grant, mark.grant_id)
    outcome = _judged(grant, supporter)
    if outcome is not Outcome.PROLONGED:
        return outcome
    if grant.ends_at <= now:  # it had run out: what lies between stays uncovered
        made = _grant(session, mark.patron_id, supporter, now)
        session.flush()
        mark.grant_id = made.id
        return Outcome.PROLONGED
    grant.ends_at = supporter.paid_until
    session.execute(
        update(Coverage)
        .where(Coverage.source == Source.GRANT, Coverage.source_key == grant.public_id)
        .values(ends_at=supporter.paid_until)
    )
    return Outcome.PROLONGED


def _grant(session: Session, patron_id: int, supporter: Supporter, now: datetime) -> Grant:
    made = Grant(
        public_id=secrets.new_public_id(),
        patron_id=patron_id,
        starts_at=now,
        ends_at=supporter.paid_until,
        reason=supporter.platform,
    )
    session.add_all((made, granting.coverage_of(made)))
    return made


def marks_of(session: Session, patron_id: int) -> list[SupportElsewhere]:
    """The platforms through which a patron supports us, or did, by name."""
    found = select(SupportElsewhere).filter_by(patron_id=patron_id).order_by(SupportElsewhere.platform)
    return list(session.scalars(found))


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
