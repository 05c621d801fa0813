"""What the mails of a test say."""

import re

from sqlalchemy.orm import Session

from membership.mail.models import OutgoingMail


def mails(session: Session, kind: str = "") -> list[OutgoingMail]:
    """The mails in the outbox, oldest first."""
    query = session.query(OutgoingMail).order_by(OutgoingMail.id)
    return query.filter_by(kind=kind).all() if kind else query.all()


def newest(session: Session) -> OutgoingMail:
    """The mail that was queued last."""
    return mails(session)[-1]


def link_in(mail: OutgoingMail) -> str:
    """The path of the sign-in link in a mail."""
    found = re.search(r"http://localhost(\S*/sign-in/\S+)", mail.text)
    assert found is not None
    return found.group(1)


def code_in(mail: OutgoingMail) -> str:
    """The six digits in a mail."""
    found = re.search(r"^(\d{6})$", mail.text, re.MULTILINE)
    assert found is not None
    return found.group(1)
