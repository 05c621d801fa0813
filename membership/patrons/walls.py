"""The wall of patrons who wish to be named: who stands on it, and when its stored page must be made anew.

A name stands there while its patron supports us, wants to be named, and staff have read the name. No amount is
near it, and the order is that of the alphabet.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.newsroom import due, page_changes
from membership.patrons import standing
from membership.patrons.models import Coverage, Patron, Visibility

WALL = "/patrons"
KIND = "patrons.wall"
_ALPHABET = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"
_PLACES = {letter: chr(0xE000 + place) for place, letter in enumerate(_ALPHABET)}
"""Ukrainian letters in the order of their alphabet, which is not that of their code points; behind Latin ones."""


def names(session: Session, at: datetime) -> list[str]:
    """The names on the wall at an instant, in alphabetical order."""
    found = session.scalars(
        select(Patron.wall_name).where(
            Patron.visibility == Visibility.PUBLIC,
            Patron.wall_approved_at.is_not(None),
            Patron.wall_name != "",
            standing.is_active(at),
        )
    )
    return sorted(found, key=in_order)


def in_order(name: str) -> tuple[str, str]:
    """The place of a name in alphabetical order, Latin before Cyrillic."""
    return "".join(_PLACES.get(letter, letter) for letter in name.casefold()), name


def approve(session: Session, patron: Patron) -> None:
    """Let a patron's chosen name stand on the wall. The caller commits and audits."""
    patron.wall_approved_at, patron.wall_declined_at = clock.now(), None
    session.flush()
    follow(session, [patron.id])


def decline(session: Session, patron: Patron) -> None:
    """Ask a patron for another name; the preferences say so. The caller commits and audits."""
    patron.wall_approved_at, patron.wall_declined_at = None, clock.now()
    page_changes.record(session, WALL)


def follow(session: Session, patron_ids: Iterable[int]) -> None:
    """Make the wall anew if one of these stands on it, and come back when the coverage ends. The caller commits.

    Called whenever the coverage of patrons has changed; one query where none of them is on the wall.
    """
    wanted = select(Patron.id).where(
        Patron.id.in_(list(patron_ids)),
        Patron.visibility == Visibility.PUBLIC,
        Patron.wall_approved_at.is_not(None),
    )
    for patron_id in session.scalars(wanted).all():
        page_changes.record(session, WALL)
        covered = session.scalars(select(Coverage).filter_by(patron_id=patron_id)).all()
        ends = standing.active_until(covered, clock.now())
        if ends is not None:
            due.at(session, ends, kind=KIND, key=str(patron_id))


@due.handler(KIND)
def coverage_ended(session: Session, key: str, _at: datetime) -> None:
    """Look again whether somebody still stands on the wall. The caller commits."""
    follow(session, [int(key)])
