"""Memberships that staff grant: with an end and a reason, covering from now on, revocable at any time."""

from datetime import date, datetime, time, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.accounts.models import Account
from membership.mail import outbox
from membership.newsroom import settings_rows
from membership.newsroom.settings_rows import NewsroomSettings
from membership.patrons.models import Coverage, EndedBy, Grant, Patron, Source

MOST_AHEAD = timedelta(days=5 * 366)
"""A grant without an end in sight is no grant: it is looked at again at least every five years."""


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
    made = Grant(
        public_id=secrets.new_public_id(),
        patron_id=patron.id,
        starts_at=now,
        ends_at=ends_at,
        reason=reason,
    )
    session.add_all((made, coverage_of(made)))
    session.flush()
    if tell:
        _tell(session, patron, made, last_day, newsroom)
    return made


def coverage_of(made: Grant) -> Coverage:
    """What a new grant covers: from its beginning to its end."""
    return Coverage(
        patron_id=made.patron_id,
        source=Source.GRANT,
        source_key=made.public_id,
        starts_at=made.starts_at,
        ends_at=made.ends_at,
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
