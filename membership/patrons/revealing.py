"""How a patron is called on staff pages: by name, or masked where the patron asked to be hidden."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from membership import secrets
from membership.accounts.models import Account
from membership.patrons.models import Patron, Visibility


@dataclass(frozen=True)
class Label:
    """What staff see of a patron in a list."""

    public_id: str
    name: str
    email: str
    is_hidden: bool


def hidden_name() -> str:
    """What stands where the name of a hidden patron would."""
    return str(_("Hidden patron"))


def label_of(patron: Patron) -> Label:
    """The label of a patron whose account has been loaded."""
    if patron.visibility is Visibility.SECRET:
        return Label(patron.public_id, hidden_name(), "", is_hidden=True)
    if patron.deleted_at is not None:
        return Label(patron.public_id, _("Deleted patron"), "", is_hidden=False)
    email = patron.account.email if patron.account is not None else ""
    return Label(patron.public_id, patron.name or email or _("Without a name"), email, is_hidden=False)


def labels(session: Session, patron_ids: Iterable[int | None]) -> dict[int, Label]:
    """The labels of some patrons; one query."""
    wanted = {patron_id for patron_id in patron_ids if patron_id is not None}
    found = session.scalars(select(Patron).where(Patron.id.in_(wanted)).options(joinedload(Patron.account)))
    return {patron.id: label_of(patron) for patron in found}


def hidden_addresses(session: Session, addresses: Iterable[str]) -> set[str]:
    """Those of some addresses that belong to hidden patrons; one query."""
    by_index = {index: address for address in addresses for index in secrets.blind_indexes(address)}
    found = session.scalars(
        select(Account.email_index)
        .join(Patron, Patron.account_id == Account.id)
        .where(Account.email_index.in_(by_index), Patron.visibility == Visibility.SECRET)
    )
    return {by_index[index] for index in found}
