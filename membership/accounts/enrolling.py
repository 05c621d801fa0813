"""From an e-mail address to its account: found by the blind index, made where there is none."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.accounts.models import Account
from membership.web import emails


def by_email(session: Session, email: str) -> Account | None:
    """The account of an address, or None.

    Raises:
        AddressError: what was given is not one plain address.
    """
    indexes = secrets.blind_indexes(emails.canonical(email))
    found = session.scalars(select(Account).where(Account.email_index.in_(indexes))).all()
    return min(found, key=lambda account: indexes.index(account.email_index), default=None)


def find_or_make(session: Session, email: str, *, name: str = "", language: str) -> Account:
    """The account of an address, made if there is none. An account that exists is not changed. The caller commits.

    Two transactions that make the same account at the same time end with one row: the unique index decides.

    Raises:
        AddressError: what was given is not one plain address.
    """
    address = emails.canonical(email)
    account = by_email(session, address)
    if account is not None:
        return account
    upsert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(
        upsert(Account)
        .values(
            public_id=secrets.new_public_id(),
            email=address,
            email_index=secrets.blind_index(address),
            created_at=clock.now(),
            name=name,
            language=language,
            sees_patrons=False,
            security_stamp=1,
            totp_last_step=0,
        )
        .on_conflict_do_nothing(index_elements=["email_index"])
    )
    return session.scalars(select(Account).filter_by(email_index=secrets.blind_index(address))).one()


def end_sessions(session: Session, account: Account) -> None:
    """End every session and void every link of an account at once. The caller commits."""
    session.execute(
        update(Account).where(Account.id == account.id).values(security_stamp=Account.security_stamp + 1)
    )
    session.refresh(account, ["security_stamp"])


def make_many(session: Session, people: Sequence[tuple[str, str, str, datetime]]) -> dict[str, int]:
    """Find or make many accounts at once: (address, name, language, since when); ids by the addresses given.

    An address that is none is left out. The caller commits.
    """
    wanted: dict[str, tuple[str, str, str, datetime]] = {}  # blind index → who
    index_of: dict[str, str] = {}
    for email, name, language, at in people:
        try:
            address = emails.canonical(email)
        except emails.AddressError:
            continue
        index_of[email] = secrets.blind_index(address)
        wanted.setdefault(index_of[email], (address, name, language, at))
    known = _ids_by_index(session, list(wanted))
    rows = [_row(index, *who) for index, who in wanted.items() if index not in known]
    if rows:
        session.execute(insert(Account), rows)
        known |= _ids_by_index(session, [str(row["email_index"]) for row in rows])
    return {email: known[index] for email, index in index_of.items()}


def _row(index: str, address: str, name: str, language: str, at: datetime) -> dict[str, object]:
    return {
        "public_id": secrets.new_public_id(),
        "email": address,
        "email_index": index,
        "created_at": at,
        "name": name,
        "language": language,
        "sees_patrons": False,
        "security_stamp": 1,
        "totp_last_step": 0,
    }


def _ids_by_index(session: Session, indexes: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(indexes), 500):
        part = indexes[start : start + 500]
        query = select(Account.email_index, Account.id).where(Account.email_index.in_(part))
        found |= {row.email_index: row.id for row in session.execute(query)}
    return found
