"""Protected mode: while somebody tries out stolen cards here, a stranger proves to be a person before paying.

One row among the settings, so that every machine sees it at once. Put up by hand it stands until it is taken down; put
up by itself it comes down after QUIET without another reason. When it begins by itself the log says so as an error, on
which operators hang their alarm.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from membership import clock
from membership.newsroom.models import Setting

log = structlog.get_logger(__name__)

NAME = "shield"
QUIET = timedelta(minutes=30)


class Why(StrEnum):
    """What put it up."""

    STAFF = "staff"
    FAILURES = "failures"  # payments of strangers fail in a burst
    CROWD = "crowd"  # more payments are begun than the site takes


@dataclass(frozen=True)
class Shield:
    """Protected mode as it stands: since when, until when (None: until it is taken down), and why."""

    since: datetime
    until: datetime | None
    why: Why


def current(session: Session) -> Shield | None:
    """Protected mode, or None while it is off. Reads only."""
    value = session.scalars(select(Setting.value).filter_by(name=NAME)).one_or_none()
    if value is None:
        return None
    until = datetime.fromisoformat(value["until"]) if value["until"] else None
    if until is not None and until <= clock.now():
        return None
    return Shield(datetime.fromisoformat(value["since"]), until, Why(value["why"]))


def put_up(session: Session, why: Why) -> None:
    """Begin protected mode, or let it last on from now. What staff put up stays theirs. The caller commits."""
    now, standing = clock.now(), current(session)
    if standing is not None and standing.why is Why.STAFF and why is not Why.STAFF:
        return
    if standing is None and why is not Why.STAFF:
        log.error("protected_mode_begins", why=why.value)
    value = {
        "why": why.value,
        "since": (standing.since if standing is not None else now).isoformat(),
        "until": None if why is Why.STAFF else (now + QUIET).isoformat(),
    }
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    added = insert(Setting).values(name=NAME, value=value)
    session.execute(added.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def take_down(session: Session) -> bool:
    """End protected mode; whether it was on. The caller commits."""
    was_on = current(session) is not None
    session.execute(delete(Setting).where(Setting.name == NAME))
    return was_on
