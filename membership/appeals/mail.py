"""The mails of appeals: each queued in the transaction of its cause."""

from datetime import datetime

from sqlalchemy.orm import Session

from membership import clock
from membership.appeals import attribution, placing
from membership.appeals.models import Placement, Reminder
from membership.mail import outbox
from membership.mail.models import Priority
from membership.web import languages


def subject_key(reminder: Reminder) -> str:
    """By what the mails about a reminder are taken back and emptied."""
    return f"reminder:{reminder.public_id}"


def confirm_reminder(
    session: Session,
    reminder: Reminder,
    to: str,
    article: Placement | None,
    *,
    token: str,
    until: datetime,
) -> None:
    """Ask a mailbox whether it wants to be reminded; without its answer nothing more is sent."""
    outbox.queue(
        session,
        kind="appeals/confirm_reminder",
        to=to,
        language=reminder.language,
        dedupe_key=f"confirm_reminder:{reminder.public_id}",
        context={
            "headline": article.headline if article is not None else "",
            "path": _localized(reminder, f"/appeal/remind/{token}"),
            "until": until,
            "remind_at": clock.add_months(reminder.asked_at, 1),
        },
        subject_key=subject_key(reminder),
        priority=Priority.SIGN_IN,
        expires_at=until,
    )


def reminder(session: Session, reminder: Reminder, to: str, article: Placement | None, *, token: str) -> None:
    """Remind somebody, once: the story, the way to support, and one link to be forgotten at once."""
    asked_under = article.article_id if article is not None else 0
    slot = attribution.slot_of(session, asked_under, None)
    support = f"/support?article={article.slug}&appeal={slot}" if article is not None else "/support"
    outbox.queue(
        session,
        kind="appeals/reminder",
        to=to,
        language=reminder.language,
        dedupe_key=f"reminder:{reminder.public_id}",
        context={
            "headline": article.headline if article is not None else "",
            "article_path": placing.page_of(article) if article is not None else _localized(reminder, "/"),
            "support_path": _localized(reminder, support),
            "forget_path": _localized(reminder, f"/appeal/remind/{token}/forget"),
            "asked_at": reminder.asked_at,
        },
        subject_key=subject_key(reminder),
        priority=Priority.BULK,
    )


def _localized(reminder: Reminder, path: str) -> str:
    return languages.localized_path(path, reminder.language)
