"""Reads of patrons: by account, for the wall, for staff."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from membership import secrets
from membership.accounts import enrolling
from membership.accounts.models import Account
from membership.patrons import standing
from membership.patrons.models import Coverage, NameWord, Patron, Visibility
from membership.web.emails import AddressError

MOST_FOUND = 50


def of_account(session: Session, account_id: int) -> Patron | None:
    """The patron that an account is, if any."""
    return session.scalars(select(Patron).filter_by(account_id=account_id)).one_or_none()


def by_public_id(session: Session, public_id: str) -> Patron | None:
    """The patron of a public id, with the account."""
    return session.scalars(
        select(Patron).filter_by(public_id=public_id).options(joinedload(Patron.account))
    ).one_or_none()


def coverages_of(session: Session, patron_id: int) -> Sequence[Coverage]:
    """All stretches that cover or covered a patron, the last first."""
    found = select(Coverage).filter_by(patron_id=patron_id).order_by(Coverage.starts_at.desc())
    return session.scalars(found).all()


def count_active(session: Session, at: datetime) -> int:
    """How many patrons are active at an instant."""
    return session.scalar(select(func.count()).select_from(Patron).where(standing.is_active(at))) or 0


def active_addresses(session: Session, addresses: Collection[str], at: datetime) -> set[str]:
    """Which of some addresses (canonical) belong to patrons who are active at an instant; two queries for hundreds."""
    account_ids = enrolling.ids_by_address(session, list(addresses))
    query = select(Patron.account_id).where(
        Patron.account_id.in_(account_ids.values()), standing.is_active(at)
    )
    active = set(session.scalars(query))
    return {address for address, account_id in account_ids.items() if account_id in active}


def waiting_for_wall(session: Session) -> Sequence[Patron]:
    """Patrons whose chosen name waits for staff to approve it."""
    return session.scalars(
        select(Patron)
        .where(
            Patron.visibility == Visibility.PUBLIC,
            Patron.wall_name != "",
            Patron.wall_approved_at.is_(None),
            Patron.wall_declined_at.is_(None),
        )
        .options(joinedload(Patron.account))
        .order_by(Patron.id)
        .limit(MOST_FOUND)
    ).all()


def search(session: Session, words: str, *, patron_ids: Iterable[int] = ()) -> list[Patron]:
    """Patrons by exact e-mail address or by whole words of the name; and those whose ids were found elsewhere.

    Hidden patrons are not found by name: a search must not tell that somebody of that name supports us.
    """
    ids = set(patron_ids)
    if "@" in words:
        ids |= _by_email(session, words)
    elif words.strip():
        ids |= _by_name(session, words)
    found = session.scalars(
        select(Patron)
        .where(Patron.id.in_(ids))
        .options(joinedload(Patron.account))
        .order_by(Patron.id.desc())
        .limit(MOST_FOUND)
    )
    return list(found)


def latest(session: Session) -> list[Patron]:
    """The newest patrons."""
    found = select(Patron).options(joinedload(Patron.account)).order_by(Patron.id.desc()).limit(20)
    return list(session.scalars(found))


def account_of(session: Session, patron: Patron) -> Account | None:
    """The account of a patron, if the patron has one."""
    return session.get(Account, patron.account_id) if patron.account_id is not None else None


def _by_email(session: Session, typed: str) -> set[int]:
    try:
        account = enrolling.by_email(session, typed)
    except AddressError:
        return set()
    patron = of_account(session, account.id) if account is not None else None
    return {patron.id} if patron is not None else set()


def _by_name(session: Session, typed: str) -> set[int]:
    """Patrons who have every word in their name."""
    found: set[int] | None = None
    for word in typed.split()[:6]:
        indexes = secrets.blind_indexes(word.casefold())
        having = set(
            session.scalars(
                select(NameWord.patron_id)
                .join(Patron, Patron.id == NameWord.patron_id)
                .where(NameWord.word_index.in_(indexes), Patron.visibility != Visibility.SECRET)
            )
        )
        found = having if found is None else found & having
    return found or set()
