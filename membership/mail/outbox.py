"""The outbox: a mail is a row in the transaction of its cause, and leaves after the commit.

`queue` writes it, once for each cause; `cancel` takes back what has not left; `send_all` hands over what is due,
at least once each, always with the same Message-ID. `configure` is called by the factory.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from membership import clock, jobs, secrets
from membership.mail import footing, rendering, sending, transport
from membership.mail.models import MailState, OutgoingMail, Priority
from membership.newsroom import settings_rows
from membership.newsroom.settings_rows import NewsroomSettings
from membership.settings import Settings
from membership.web import emails


@dataclass
class _Post:
    base_url: str = "http://127.0.0.1:8000"
    domain: str = "localhost"


_post = _Post()


def configure(settings: Settings) -> None:
    """Write links to this site, and hand mails over as the settings say, from now on (the factory calls it).

    Raises:
        SettingsError: a demo or test would mail to the outside.
    """
    _post.base_url = settings.base_url
    _post.domain = urlsplit(settings.base_url).hostname or "localhost"
    transport.configure(settings)


def queue(  # noqa: PLR0913 - one call for every mail of every feature; all but four have defaults
    session: Session,
    *,
    kind: str,
    to: str,
    language: str,
    dedupe_key: str,
    context: dict[str, object],
    subject_key: str = "",
    priority: Priority = Priority.NORMAL,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
    account_id: int | None = None,
    care_for: int | None = None,
    care_about: Sequence[str] = (),
) -> OutgoingMail | None:
    """Write a mail for the worker to send once the caller has committed; None if this cause was queued before.

    `kind` is the template's path below mail/, `subject_key` what it is about (to cancel by). Templates also get
    `newsroom`, `base_url`, `front` (of the language), `language` and `care`: what stands under it for a patron whose
    account is `care_for` (`care_about`: gifts it is about; see footing).

    Raises:
        AddressError: `to` is not one plain address.
        TemplateError: the English template is missing or reads a name that `context` has not.
    """
    if session.scalar(select(OutgoingMail.id).filter_by(dedupe_key=dedupe_key)) is not None:
        return None
    newsroom = settings_rows.current(session)
    names = {
        "newsroom": newsroom,
        "base_url": _post.base_url,
        "front": _front(newsroom, language),
        "care": footing.of_account(session, care_for, care_about),
        "care_prefix": "" if language == newsroom.default_language else f"/{language}",
        **context,
    }
    rendered = rendering.render(kind, language, names)
    now = clock.now()
    values = {
        "dedupe_key": dedupe_key,
        "kind": kind,
        "recipient": emails.canonical(to),
        "language": rendered.language,
        "subject": rendered.subject,
        "text": rendered.text,
        "html": rendered.html,
        "message_id": f"<{secrets.new_public_id(120)}@{_post.domain}>",
        "queued_at": now,
        "not_before": not_before or now,
        "priority": priority,
        "expires_at": expires_at,
        "subject_key": subject_key,
        "account_id": account_id,
        "state": MailState.QUEUED,
        "tries": 0,
        "error": "",
    }
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(OutgoingMail).values(**values).on_conflict_do_nothing(index_elements=["dedupe_key"])
    row_id = session.scalars(statement.returning(OutgoingMail.id)).one_or_none()
    if row_id is None:
        return None
    jobs.wake(session, "mail")
    return session.get_one(OutgoingMail, row_id)


def _front(newsroom: NewsroomSettings, language: str) -> str:
    """The address of the front page in a language; the plain one where that is not offered (any more)."""
    is_other = language in newsroom.languages and language != newsroom.default_language
    return f"{_post.base_url}/{language}/" if is_other else f"{_post.base_url}/"


def cancel(session: Session, subject_key: str, kinds: Collection[str] | None = None) -> int:
    """Take back what has not left about `subject_key` (all kinds, or these); how many. The caller commits."""
    waiting = select(OutgoingMail.id).where(
        OutgoingMail.subject_key == subject_key, OutgoingMail.state == MailState.QUEUED
    )
    if kinds is not None:
        waiting = waiting.where(OutgoingMail.kind.in_(kinds))
    canceled = session.scalars(
        update(OutgoingMail)
        .where(OutgoingMail.id.in_(waiting))
        .values(state=MailState.CANCELED)
        .returning(OutgoingMail.id)
    ).all()
    return len(canceled)


def forget(session: Session, subject_key: str) -> None:
    """Take back what has not left about `subject_key`, and keep nothing of the rest but that it was. Callers commit."""
    cancel(session, subject_key)
    sending.empty(session, subject_key)


def send_all(session: Session, *, until: Callable[[], bool] = lambda: False) -> int:
    """Hand over everything that is due, sign-in mails first; how many were taken. Commits for each mail.

    Ends early, between two mails, once `until` is true.
    """
    sent = sending.send_due(session, transport.current(), until=until)
    sending.empty_old(session)
    return sent
