"""Memberships that staff grant: with an end and a reason, covering from now on, revocable at any time."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.accounts.models import Account
from membership.mail import outbox
from membership.newsroom import settings_rows
from membership.newsroom.settings_rows import NewsroomSettings
from membership.patrons.models import Coverage, EndedBy, Grant, Patron, Source

MOST_AHEAD = timedelta(days=5 * 366)
"""A grant without an end in sight is no grant: it is looked at again at least every five years."""
AT_ONCE = 500
"""How many keys one statement asks for."""


class AlreadyRevokedError(Exception):
    """A grant was revoked before, or has ended by itself."""


def ends_with(day: date, newsroom: NewsroomSettings) -> datetime:
    """The instant at which a day ends in the newsroom's time zone."""
    return datetime.combine(day + timedelta(days=1), time(0), tzinfo=newsroom.zone).astimezone(
        clock.now().tzinfo
    )


def grant(session: Session, patron: Patron, *, last_day: date, reason: str, tell: bool) -> Grant:
    """Let a patron be covered from now to the end of a day in the newsroom's time zone. The caller commits, and audits.

    `tell`: whether the patron has a mail about it; one without an address has none.

    Raises:
        ValueError: that day is over, or too far ahead.
    """
    now, newsroom = clock.now(), settings_rows.current(session)
    ends_at = ends_with(last_day, newsroom)
    if not now < ends_at <= now + MOST_AHEAD:
        raise ValueError("a grant ends on a day to come, at most five years ahead")
    award = Award(patron_id=patron.id, starts_at=now, ends_at=ends_at, reason=reason)
    made = session.get_one(Grant, make_many(session, [award])[0])
    if tell:
        _tell(session, patron, made, last_day, newsroom)
    return made


@dataclass(frozen=True, kw_only=True, slots=True)
class Award:
    """A grant to be made."""

    patron_id: int
    starts_at: datetime
    ends_at: datetime
    reason: str


def make_many(session: Session, awards: Sequence[Award]) -> list[int]:
    """Make grants with what they cover, many at once; their ids, in the same order. The caller commits."""
    if not awards:
        return []
    keys = [secrets.new_public_id() for _award in awards]
    keyed = list(zip(keys, awards, strict=True))
    session.execute(
        insert(Grant), [{"public_id": key, **asdict(award), "revoked_at": None} for key, award in keyed]
    )
    session.execute(insert(Coverage), [_coverage_of(key, award) for key, award in keyed])
    ids: dict[str, int] = {}
    for start in range(0, len(keys), AT_ONCE):
        query = select(Grant.public_id, Grant.id).where(Grant.public_id.in_(keys[start : start + AT_ONCE]))
        ids |= {row.public_id: row.id for row in session.execute(query)}
    return [ids[key] for key in keys]


def _coverage_of(key: str, award: Award) -> dict[str, object]:
    """A grant covers from its beginning to its end."""
    return {
        "patron_id": award.patron_id,
        "source": Source.GRANT,
        "source_key": key,
        "starts_at": award.starts_at,
        "ends_at": award.ends_at,
        "ended_by": None,
    }


def prolong_many(session: Session, ends: Mapping[Grant, datetime]) -> None:
    """Let grants that are still running end later, and what they cover with them. The caller commits."""
    if not ends:
        return
    session.execute(update(Grant), [{"id": made.id, "ends_at": ends_at} for made, ends_at in ends.items()])
    table = cast("Table", Coverage.__table__)
    of_grant = (table.c.source == Source.GRANT, table.c.source_key == bindparam("key"))
    session.connection().execute(
        update(table).where(*of_grant).values(ends_at=bindparam("until")),
        [{"key": made.public_id, "until": ends_at} for made, ends_at in ends.items()],
    )


def _tell(session: Session, patron: Patron, made: Grant, last_day: date, newsroom: NewsroomSettings) -> None:
    account = session.get(Account, patron.account_id) if patron.account_id is not None else None
    if account is None:
        return
    prefix = "" if patron.language == newsroom.default_language else f"/{patron.language}"
    outbox.queue(
        session,
        kind="patrons/granted",
        to=account.email,
        language=patron.language,
        dedupe_key=f"granted:{made.public_id}",
        context={"name": patron.name, "last_day": last_day, "prefix": prefix},
        subject_key=f"grant:{made.public_id}",
        account_id=account.id,
    )


def revoke(session: Session, made: Grant) -> None:
    """End a grant now. The caller commits, and audits.

    Raises:
        AlreadyRevokedError: it has ended, by itself or by this.
    """
    session.refresh(made, with_for_update=True)
    now = clock.now()
    if made.revoked_at is not None or made.ends_at <= now:
        raise AlreadyRevokedError
    made.revoked_at = now
    of_grant = (Coverage.source == Source.GRANT, Coverage.source_key == made.public_id)
    # What was granted and revoked in one instant never covered anybody.
    session.execute(delete(Coverage).where(*of_grant, Coverage.starts_at >= now))
    session.execute(update(Coverage).where(*of_grant).values(ends_at=now, ended_by=EndedBy.STAFF))
    outbox.cancel(session, f"grant:{made.public_id}")
    session.flush()


def of_patron(session: Session, patron_id: int) -> list[Grant]:
    """All grants of a patron, the last first."""
    found = select(Grant).filter_by(patron_id=patron_id).order_by(Grant.starts_at.desc(), Grant.id.desc())
    return list(session.scalars(found))
