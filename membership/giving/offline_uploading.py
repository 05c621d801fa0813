"""A bank's file of gifts: looked at first, taken only after that, row by row by its references; never twice.

The file stands encrypted in a row of ours between the look and the decision, one day at most.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.accounts import enrolling as accounts
from membership.giving import following, offline_csv, offline_gifts
from membership.giving.errors import ReferenceTakenError
from membership.giving.models import OfflineGift, OfflineUpload
from membership.giving.offline_csv import Row
from membership.giving.offline_gifts import Wish
from membership.giving.offline_words import reference_key
from membership.money import Money
from membership.newsroom import settings_rows

KEPT = timedelta(days=1)


@dataclass(kw_only=True)
class Look:
    """What a file would bring: the rows to be taken, those known already (with the gift), those not understood."""

    good: list[Row] = field(default_factory=list)
    known: list[tuple[Row, OfflineGift]] = field(default_factory=list)
    bad: list[Row] = field(default_factory=list)
    months: dict[int, int] = field(default_factory=dict)  # line → what it would cover

    @property
    def totals(self) -> list[Money]:
        """What the good rows add up to, one sum a currency."""
        sums: dict[str, Money] = {}
        for row in self.good:
            if row.money is not None:
                before = sums.get(row.money.currency, Money(0, row.money.currency))
                sums[row.money.currency] = before + row.money
        return [sums[currency] for currency in sorted(sums)]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What taking a file came to."""

    gifts: list[OfflineGift]
    left: int  # rows that were not taken


def keep(session: Session, text: str, *, uploaded_by_id: int) -> OfflineUpload:
    """Keep a file until it is decided on; older ones are let go. The caller commits."""
    old = OfflineUpload.uploaded_at < clock.now() - KEPT
    session.execute(update(OfflineUpload).where(old, OfflineUpload.confirmed_at.is_(None)).values(content=""))
    upload = OfflineUpload(
        public_id=secrets.new_public_id(),
        uploaded_at=clock.now(),
        uploaded_by_id=uploaded_by_id,
        content=text,
    )
    session.add(upload)
    session.flush()
    return upload


def find(session: Session, public_id: str) -> OfflineUpload | None:
    """A file that can still be looked at and decided on; None if it is too old, or decided."""
    return session.scalars(
        select(OfflineUpload).where(
            OfflineUpload.public_id == public_id,
            OfflineUpload.confirmed_at.is_(None),
            OfflineUpload.uploaded_at >= clock.now() - KEPT,
        )
    ).one_or_none()


def look(session: Session, text: str) -> Look:
    """What a file would bring now; writes nothing.

    Raises:
        FileError: the file cannot be read.
    """
    newsroom = settings_rows.current(session)
    rows = offline_csv.read(text, currencies=newsroom.currencies, today=clock.today(newsroom.zone))
    known = offline_gifts.by_references(session, [row.reference for row in rows if row.is_good])
    found = Look()
    for row in rows:
        gift = known.get(reference_key(row.reference) or "")
        if not row.is_good:
            found.bad.append(row)
        elif gift is not None:
            found.known.append((row, gift))
        else:
            found.good.append(row)
            assert row.money is not None  # noqa: S101 - a good row has one
            found.months[row.line] = offline_gifts.months_of(row.money, newsroom)
    return found


def known_addresses(session: Session, rows: Collection[Row]) -> set[str]:
    """Which of the rows' addresses have an account already."""
    return {row.email for row in rows if row.email and accounts.by_email(session, row.email) is not None}


def take(session: Session, upload: OfflineUpload, *, taken_by_id: int) -> Taken:
    """Enter the rows of a file that can be taken, all in the caller's transaction. The caller commits.

    A row whose reference somebody has entered since the look is left. A file taken before gives nothing more.

    Raises:
        FileError: the file cannot be read any more.
    """
    session.refresh(upload, with_for_update=True)
    if upload.confirmed_at is not None:
        return Taken(gifts=[], left=0)
    found = look(session, upload.content)
    gifts, late = [], 0
    for row in found.good:
        try:
            gifts.append(_enter(session, upload, row, taken_by_id))
        except ReferenceTakenError:
            late += 1
    newsroom = settings_rows.current(session)
    for patron_id in sorted({gift.patron_id for gift in gifts}):
        following.rederive_patron(session, patron_id, newsroom)
    upload.confirmed_at, upload.content = clock.now(), ""
    return Taken(gifts=gifts, left=late + len(found.known) + len(found.bad))


def _enter(session: Session, upload: OfflineUpload, row: Row, entered_by_id: int) -> OfflineGift:
    assert row.received_on is not None and row.money is not None  # noqa: S101, PT018 - a good row has both
    wish = Wish(
        form_key=f"{upload.public_id}:{row.line}",
        received_on=row.received_on,
        money=row.money,
        fee=row.fee,
        payer=row.payer,
        reference=row.reference,
        email=row.email,
    )
    return offline_gifts.enter(session, wish, entered_by_id=entered_by_id, derive=False)
