"""Limits on what costs money, mail or trust; kept in the database, shared by all machines, and closed on failure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from membership import clock
from membership.newsroom.models import Budget


@dataclass(frozen=True)
class Limit:
    """At most `most` uses of `name` for one key within a window of `seconds`."""

    name: str
    most: int
    seconds: int


class BudgetSpentError(Exception):
    """A limit is reached; `retry_after` is in seconds."""

    def __init__(self, limit: Limit, retry_after: int) -> None:
        super().__init__(limit.name)
        self.limit = limit
        self.retry_after = retry_after


def spend(session: Session, limit: Limit, key: str) -> None:
    """Use one of a budget. The caller commits, also when refused, so that tries are counted.

    `key` is a blind index or a network, never an address in clear.

    Raises:
        BudgetSpentError: the window's uses are gone.
    """
    window = _window(limit)
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {"name": limit.name, "key": key[:80], "window_starts_at": window}
    session.execute(insert(Budget).values(**values, used=0).on_conflict_do_nothing())
    used = session.execute(
        update(Budget)
        .filter_by(**values)
        .where(Budget.used < limit.most)
        .values(used=Budget.used + 1)
        .returning(Budget.used)
    ).scalar_one_or_none()
    if used is None:
        ends = window + timedelta(seconds=limit.seconds)
        raise BudgetSpentError(limit, max(1, int((ends - clock.now()).total_seconds())))


def spend_asking(session: Session, network: str, *, overall: Limit, per_network: Limit) -> None:
    """Use one of what anybody may ask for: of everybody's budget, and of the asking browser's network.

    The caller commits, also when refused.

    Raises:
        BudgetSpentError: too many askings from this network, or from everywhere.
    """
    spend(session, overall, "all")
    spend(session, per_network, network)


def may_spend(session: Session, key: str, *limits: Limit) -> bool:
    """Use one of each limit of a key; whether all had one left. The caller commits, also when refused."""
    try:
        for limit in limits:
            spend(session, limit, key)
    except BudgetSpentError:
        return False
    return True


def count(session: Session, name: str, key: str, *, seconds: int) -> int:
    """Count one more of something that is watched, not limited; how many in the present window. The caller commits."""
    window = _window(Limit(name, 0, seconds))
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    added = insert(Budget).values(name=name, key=key[:80], window_starts_at=window, used=1)
    return session.execute(
        added.on_conflict_do_update(
            index_elements=["name", "key", "window_starts_at"], set_={"used": Budget.used + 1}
        ).returning(Budget.used)
    ).scalar_one()


def counted(session: Session, name: str, key: str, *, seconds: int) -> int:
    """How many were counted in the present window and the one before it."""
    window = _window(Limit(name, 0, seconds))
    since = window - timedelta(seconds=seconds)
    used = select(func.coalesce(func.sum(Budget.used), 0)).filter_by(name=name, key=key[:80])
    return int(session.scalar(used.where(Budget.window_starts_at >= since)) or 0)


def block(session: Session, limit: Limit, key: str) -> None:
    """Refuse all uses of a budget for one key from now on, for the length of its window. The caller commits."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {"name": limit.name, "key": key[:80], "window_starts_at": clock.now(), "used": 1}
    session.execute(insert(Budget).values(**values).on_conflict_do_nothing())


def refuse_blocked(session: Session, limit: Limit, key: str) -> None:
    """Go on only where no `block` stands.

    Raises:
        BudgetSpentError: one does; `retry_after` says for how long.
    """
    length = timedelta(seconds=limit.seconds)
    query = select(func.max(Budget.window_starts_at)).filter_by(name=limit.name, key=key[:80])
    since = session.scalar(query.where(Budget.window_starts_at > clock.now() - length))
    if since is not None:
        raise BudgetSpentError(limit, max(1, int((since + length - clock.now()).total_seconds())))


def left(session: Session, limit: Limit, key: str) -> int:
    """How many uses are left in the present window."""
    used = session.scalars(
        select(Budget.used).filter_by(name=limit.name, key=key[:80], window_starts_at=_window(limit))
    ).one_or_none()
    return limit.most - (used or 0)


def forget_old(session: Session) -> None:
    """Delete windows that ended over a month ago. The caller commits."""
    session.execute(delete(Budget).where(Budget.window_starts_at < clock.now() - timedelta(days=31)))


def _window(limit: Limit) -> datetime:
    seconds = int(clock.now().timestamp())
    return datetime.fromtimestamp(seconds - seconds % limit.seconds, UTC)
