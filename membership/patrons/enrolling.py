"""The patron behind a gift: found by the address, made where there is none, with the account to sign in by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, delete, insert, select
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
    account = _account(session, email, name, language)
    patron = None
    if account is not None:
        patron = session.scalars(
            select(Patron).filter_by(account_id=account.id).with_for_update()
        ).one_or_none()
    if patron is None:
        patron = Patron(
            public_id=secrets.new_public_id(),
            created_at=at,
            account=account,
            name=name,
            language=language,
            note=note,
        )
        session.add(patron)
        session.flush()
        index_name(session, patron)
    elif name and not patron.name:
        patron.name = name
        index_name(session, patron)
    return patron


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
    """Find or make the patrons of many newcomers at once; their ids, in the same order. The caller commits."""
    accounts_by_email = accounts.make_many(
        session, [(n.email, n.name, n.language, n.at) for n in newcomers if n.email]
    )
    account_ids = [accounts_by_email.get(n.email) if n.email else None for n in newcomers]
    known = _patrons_of(session, [account_id for account_id in account_ids if account_id is not None])
    rows: list[dict[str, Any]] = []
    row_of: dict[int, int] = {}  # account → row to be
    places: list[int] = []
    for newcomer, account_id in zip(newcomers, account_ids, strict=True):
        if account_id is not None and account_id in known:
            places.append(-known[account_id])
            continue
        if account_id is None or account_id not in row_of:
            if account_id is not None:
                row_of[account_id] = len(rows)
            rows.append(_row(newcomer, account_id))
            places.append(len(rows) - 1)
        else:
            places.append(row_of[account_id])
    made = _insert(session, rows)
    return [-place if place < 0 else made[place] for place in places]


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


def _insert(session: Session, rows: list[dict[str, Any]]) -> list[int]:
    if not rows:
        return []
    table = cast("Table", Patron.__table__)
    made = list(
        session.connection()
        .execute(insert(table).returning(table.c.id, sort_by_parameter_order=True), rows)
        .scalars()
    )
    words = [
        {"patron_id": patron_id, "word_index": word}
        for patron_id, row in zip(made, rows, strict=True)
        for word in sorted({secrets.blind_index(word.casefold()) for word in row["name"].split()})
    ]
    if words:
        session.connection().execute(insert(cast("Table", NameWord.__table__)), words)
    return made


def _patrons_of(session: Session, account_ids: list[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for start in range(0, len(account_ids), 500):
        query = select(Patron.account_id, Patron.id).where(
            Patron.account_id.in_(account_ids[start : start + 500])
        )
        found |= {account_id: patron_id for account_id, patron_id in session.execute(query) if account_id}
    return found
