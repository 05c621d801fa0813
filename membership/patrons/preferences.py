"""What a patron decides about being seen and being written to."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.newsroom import page_changes
from membership.patrons import enrolling, walls
from membership.patrons.models import Patron, Visibility


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """All of it, as the form says it."""

    name: str
    visibility: Visibility
    wall_name: str
    wants_topic_mail: bool
    wants_round_mail: bool
    language: str


def change(session: Session, patron: Patron, account: Account, wanted: Preferences) -> None:
    """Write down what a patron wants. A new name for the wall waits for staff again. The caller commits."""
    if (wanted.visibility, wanted.wall_name) != (patron.visibility, patron.wall_name):
        patron.wall_approved_at = patron.wall_declined_at = None
        page_changes.record(session, walls.WALL)
    if wanted.name != patron.name:
        patron.name = account.name = wanted.name
        enrolling.index_name(session, patron)
    patron.visibility = wanted.visibility
    patron.wall_name = wanted.wall_name
    patron.wants_topic_mail = wanted.wants_topic_mail
    patron.wants_round_mail = wanted.wants_round_mail
    patron.language = account.language = wanted.language
