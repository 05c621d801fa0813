"""Passkeys of staff: a second factor that a look-alike site cannot ask for.

They are made and used in `ceremonies`. The site's own address is what a passkey belongs to.
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from membership.accounts.errors import SecondFactorError
from membership.accounts.models import Account, Passkey


@dataclass(frozen=True)
class Site:
    """What passkeys belong to: this site's address and name."""

    base_url: str
    name: str

    @property
    def rp_id(self) -> str:
        """The host, as WebAuthn wants it."""
        return urlsplit(self.base_url).hostname or "localhost"


def of(session: Session, account: Account) -> list[Passkey]:
    """An account's passkeys, oldest first."""
    return list(session.scalars(select(Passkey).filter_by(account_id=account.id).order_by(Passkey.id)))


def any_of(session: Session, account: Account) -> bool:
    """Whether an account has a passkey."""
    return bool(session.scalar(select(exists().where(Passkey.account_id == account.id))))


def parse(body: bytes) -> dict[str, Any]:
    """What the browser sent: a JSON object with `credential`, and `name` for a new passkey.

    Raises:
        SecondFactorError: it is none.
    """
    try:
        sent = json.loads(body)
    except ValueError as error:
        raise SecondFactorError from error
    if not isinstance(sent, dict) or not isinstance(sent.get("credential"), dict):
        raise SecondFactorError
    return sent
