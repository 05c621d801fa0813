"""What whoever is signed in does, written into the audit trail."""

from typing import Any

from membership.accounts.session import signed_in_account
from membership.db import db
from membership.newsroom import audit
from membership.newsroom.models import AuditEntry


def note(action: str, subject: str, **details: Any) -> AuditEntry:  # noqa: ANN401 - whatever JSON holds
    """Add an entry about a deed of the account that is signed in; the caller commits.

    `subject` is a kind and an id, like "payment:ch_1"; `details` takes ids, amounts, states and reasons, never an
    address or a name of a patron.

    Raises:
        RuntimeError: nobody is signed in.
    """
    me = signed_in_account()
    return audit.write(
        db.session(), action=action, subject=subject, actor_id=me.id, actor=me.public_id, details=details
    )
