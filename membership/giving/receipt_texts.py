"""The words that receipts are issued under: the newsroom's name and legal text, kept in versions."""

import hashlib

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership import clock
from membership.giving.models import Receipt, ReceiptText
from membership.newsroom.settings_rows import NewsroomSettings


def current(session: Session, newsroom: NewsroomSettings, language: str) -> int:
    """The id of the version in force in a language, written the first time it is needed. The caller commits.

    A language without a legal text of its own has that of the newsroom's default language.
    """
    issuer = newsroom.in_language(language).name
    words = newsroom.receipt_text.get(language) or newsroom.receipt_text.get(newsroom.default_language, "")
    digest = hashlib.sha256(f"{issuer}\0{words}".encode()).hexdigest()
    known = _id_of(session, language, digest)
    if known is not None:
        return known
    last = session.scalar(select(func.max(ReceiptText.version)).filter_by(language=language))
    row = ReceiptText(
        language=language,
        version=(last or 0) + 1,
        issuer=issuer,
        text=words,
        digest=digest,
        since=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # another process has just written it, or another version at the same time
        return _id_of(session, language, digest) or current(session, newsroom, language)
    return row.id


def _id_of(session: Session, language: str, digest: str) -> int | None:
    found = select(ReceiptText.id).filter_by(language=language, digest=digest)
    return session.scalars(found).one_or_none()


def versions(session: Session) -> list[ReceiptText]:
    """All versions, the last first in each language."""
    found = select(ReceiptText).order_by(ReceiptText.language, ReceiptText.version.desc())
    return list(session.scalars(found))


def counts(session: Session) -> dict[int, int]:
    """How many receipts were issued under each version, by its id."""
    rows = session.execute(select(Receipt.text_id, func.count()).group_by(Receipt.text_id))
    return {text_id: count for text_id, count in rows}  # noqa: C416 - rows, not pairs
