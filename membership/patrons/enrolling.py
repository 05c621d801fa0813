"""The patron behind a gift: found by the address, made where there is none, with the account to sign in by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from membership import secrets
from membership.accounts import enrolling as accounts
from membership.accounts.models import Account
from membership.patrons.models import NameWord, Patron, Visibility
from membership.web.emails import AddressError, canonical


def find_or_make(
    session: Session, *, email: str | None, name: str, language: str, at: datetime, note: str = ""
) -> Patron:
    """The patron of an address, made (with the account) if there is none. The caller commits.

    Without an address, or with one that is none, it is a new patron without account. `at` is when the gift was made.
    A patron that exists keeps name and note; an empty name is filled.
    """
    newcomer = Newcomer(email=email, name=name, language=language, at=at, note=note)
    return session.get_one(Patron, make_many(session, [newcomer])[0])


def adopt_address(session: Session, patron: Patron, *, email: str, name: str, language: str) -> Patron:
    """The patron of an address that became known after the patron: another one that has it, or this one with it.

    The caller moves to the one given back whatever belonged to the other.
    """
    account = _account(session, email, name, language)
    if account is None or patron.account_id is not None:
        return patron
    other = session.scalars(select(Patron).filter_by(account_id=account.id)).one_or_none()
    if other is not None:
        return other
    patron.account = account
    if name and not patron.name:
        patron.name = name
        index_name(session, patron)
    session.flush()
    return patron


def _account(session: Session, email: str | None, name: str, language: str) -> Account | None:
    if not email:
        return None
    try:
        return accounts.find_or_make(session, canonical(email), name=name, language=language)
    except AddressError:
        return None


def index_name(session: Session, patron: Patron) -> None:
    """Let staff find a patron by whole words of the name. The caller commits."""
    session.execute(delete(NameWord).filter_by(patron_id=patron.id))
    words = {secrets.blind_index(word.casefold()) for word in patron.name.split()}
    if words:
        session.execute(
            insert(NameWord), [{"patron_id": patron.id, "word_index": word} for word in sorted(words)]
        )


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """Somebody of a history that is loaded at once. `email` is None where no address is known."""

    email: str | None
    name: str
    language: str
    at: datetime
    note: str = ""


def make_many(session: Session, newcomers: Sequence[Newcomer]) -> list[int]:
    """Find or make the patrons of many newcomers at once; their ids, in the same order. The caller commits.

    A patron that exists keeps name and note; an empty name is filled.
    """
    accounts_by_email = accounts.make_many(
        session, [(n.email, n.name, n.language, n.at) for n in newcomers if n.email]
    )
    account_ids = [accounts_by_email.get(n.email) if n.email else None for n in newcomers]
    known = _patrons_of(session, [account_id for account_id in account_ids if account_id is not None])
    _fill_names(
        session, {known[a]: n.name for n, a in zip(newcomers, account_ids, strict=True) if a in known}
    )
    rows: dict[int | str, dict[str, Any]] = {}  # by account, where there is one
    keys: list[int | str] = []
    for newcomer, account_id in zip(newcomers, account_ids, strict=True):
        row = _row(newcomer, account_id)
        keys.append(account_id if account_id is not None else str(row["public_id"]))
        if keys[-1] not in known:
            rows.setdefault(keys[-1], row)
    made = known | _insert(session, rows)
    return [made[key] for key in keys]


def _fill_names(session: Session, names: dict[int, str]) -> None:
    ids = sorted(patron_id for patron_id, name in names.items() if name)
    for start in range(0, len(ids), 500):
        query = select(Patron).where(Patron.id.in_(ids[start : start + 500])).with_for_update()
        for patron in session.scalars(query):
            if not patron.name:
                patron.name = names[patron.id]
                index_name(session, patron)


def _row(newcomer: Newcomer, account_id: int | None) -> dict[str, Any]:
    return {
        "public_id": secrets.new_public_id(),
        "created_at": newcomer.at,
        "account_id": account_id,
        "name": newcomer.name,
        "language": newcomer.language,
        "visibility": Visibility.STAFF_ONLY,
        "wall_name": "",
        "wants_topic_mail": True,
        "wants_round_mail": False,
        "note": newcomer.note,
    }


def _insert(session: Session, rows: dict[int | str, dict[str, Any]]) -> dict[int | str, int]:
    """Add patrons with the words of their names; the ids by account or public id, also of those others just made."""
    if not rows:
        return {}
    upsert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(upsert(Patron).on_conflict_do_nothing(index_elements=["account_id"]), list(rows.values()))
    found = _patrons_of(session, [key for key in rows if isinstance(key, int)])
    public_ids = {str(row["public_id"]): key for key, row in rows.items()}
    words = []
    for public_id, patron_id in _by_public_id(session, list(public_ids)):
        key = public_ids[public_id]
        found[key] = patron_id
        folded = {word.casefold() for word in rows[key]["name"].split()}
        words += [
            {"patron_id": patron_id, "word_index": index}
            for index in sorted(map(secrets.blind_index, folded))
        ]
    if words:
        session.execute(insert(NameWord), words)
    return found


def _by_public_id(session: Session, public_ids: list[str]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for start in range(0, len(public_ids), 500):
        query = select(Patron.public_id, Patron.id).where(
            Patron.public_id.in_(public_ids[start : start + 500])
        )
        found += [(row.public_id, row.id) for row in session.execute(query)]
    return found


def _patrons_of(session: Session, account_ids: list[int]) -> dict[int | str, int]:
    found: dict[int | str, int] = {}
    for start in range(0, len(account_ids), 500):
        query = select(Patron.account_id, Patron.id).where(
            Patron.account_id.in_(account_ids[start : start + 500])
        )
        found |= {account_id: patron_id for account_id, patron_id in session.execute(query) if account_id}
    return found
