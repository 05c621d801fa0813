"""Gifts that came outside of Stripe: entered once, booked at once, corrected only by an entry that reverses them.

What an offline gift covers follows from its row by the same pure core as payments do. Nothing here is known to Stripe,
so comparing the books with Stripe's leaves it alone.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.giving import booking, following, measuring, posting, receipts, storing
from membership.giving.errors import AlreadyReversedError, ReferenceTakenError
from membership.giving.models import Interval, OfflineGift, ReceiptSource
from membership.giving.offline_words import reference_key
from membership.giving.receipts import Given
from membership.money import Money
from membership.newsroom import settings_rows
from membership.newsroom.settings_rows import NewsroomSettings
from membership.patrons import enrolling
from membership.patrons.models import Patron


@dataclass(frozen=True, kw_only=True)
class Wish:
    """An offline gift as staff enter it, checked. `email` is canonical or ""; without a patron it finds one."""

    form_key: str  # random, of the form or the file's row: sent twice it is one gift
    received_on: date
    money: Money
    fee: int
    payer: str
    reference: str = ""
    email: str = ""
    note: str = ""
    patron_id: int | None = None


def enter(session: Session, wish: Wish, *, entered_by_id: int, derive: bool = True) -> OfflineGift:
    """Write down a gift with its ledger entry, its receipt and what it covers. The caller commits.

    A form sent twice gives the gift of the first. With `derive=False` the caller brings the patron's coverage up to
    date (`following.rederive_patron`) once it has entered all.

    Raises:
        ReferenceTakenError: a gift with this bank reference stands already; nothing is written.
    """
    newsroom = settings_rows.current(session)
    known = session.scalars(select(OfflineGift).filter_by(form_key=_hash(wish.form_key))).one_or_none()
    if known is not None:
        return known
    _refuse_taken(session, wish.reference)
    try:
        with session.begin_nested():
            gift = _row(session, wish, newsroom, entered_by_id)
            session.add(gift)
    except IntegrityError:
        return _won_by_another(session, wish)
    posting.post(session, [booking.entry_of_offline(gift)], posting.calendar(session, newsroom.zone))
    given = Given(
        source=ReceiptSource.OFFLINE,
        source_key=gift.public_id,
        given_on=gift.received_on,
        money=gift.money,
    )
    receipts.issue(session, session.get_one(Patron, gift.patron_id), [given], newsroom)
    if derive:
        following.rederive_patron(session, gift.patron_id, newsroom)
    return gift


def _won_by_another(session: Session, wish: Wish) -> OfflineGift:
    """What stands in the way of a row: the same form sent twice, or another gift with the bank reference."""
    same = session.scalars(select(OfflineGift).filter_by(form_key=_hash(wish.form_key))).one_or_none()
    if same is not None:
        return same
    _refuse_taken(session, wish.reference)
    raise AssertionError("unreachable: a row is refused for its form or its reference alone")


def _refuse_taken(session: Session, reference: str) -> None:
    key = reference_key(reference)
    if key is None:
        return
    taken = session.scalars(select(OfflineGift).filter_by(reference_key=key)).one_or_none()
    if taken is not None:
        raise ReferenceTakenError(taken.public_id, taken.received_on)


def _hash(form_key: str) -> str:
    return secrets.hash_token(form_key, "offline gift")


def _row(session: Session, wish: Wish, newsroom: NewsroomSettings, entered_by_id: int) -> OfflineGift:
    at = beginning_of(wish.received_on, newsroom)
    money = wish.money
    return OfflineGift(
        public_id=secrets.new_public_id(),
        form_key=_hash(wish.form_key),
        entered_at=clock.now(),
        entered_by_id=entered_by_id,
        received_on=wish.received_on,
        at=at,
        amount=money.amount,
        currency=money.currency,
        fee=wish.fee,
        months=months_of(money, newsroom),
        patron_id=_patron_id(session, wish, newsroom, at),
        payer=wish.payer,
        payer_index=payer_index(wish.payer),
        reference=wish.reference,
        reference_key=reference_key(wish.reference),
        note=wish.note,
    )


def beginning_of(day: date, newsroom: NewsroomSettings) -> datetime:
    """The instant at which a day begins in the newsroom's time zone: a bank tells no hour."""
    return datetime.combine(day, time(0), tzinfo=newsroom.zone).astimezone(clock.now().tzinfo)


def months_of(money: Money, newsroom: NewsroomSettings) -> int:
    """The months that an amount covers by today's smallest monthly gift of its currency: 1 to 12."""
    return measuring.months_for(money.amount, newsroom.smallest(money.currency, Interval.MONTH))


def payer_index(payer: str) -> str:
    """What a payer's name is found by."""
    return secrets.blind_index(" ".join(payer.casefold().split()))


def _patron_id(session: Session, wish: Wish, newsroom: NewsroomSettings, at: datetime) -> int:
    """Whose gift it is: the patron named, the owner of the address, or who gave under this name before."""
    if wish.patron_id is not None:
        return wish.patron_id
    if wish.email:
        storing.lock(session, [f"address:{wish.email}"])
    else:
        storing.lock(session, [f"payer:{payer_index(wish.payer)}"])
        known = _known_payer(session, wish.payer)
        if known is not None:
            return known
    newcomer = enrolling.Newcomer(
        email=wish.email or None, name=wish.payer, language=newsroom.default_language, at=at
    )
    return enrolling.make_many(session, [newcomer])[0]


def _known_payer(session: Session, payer: str) -> int | None:
    """The patron without account who gave under this name before: a standing order without address is one person."""
    indexes = secrets.blind_indexes(" ".join(payer.casefold().split()))
    return session.scalars(
        select(OfflineGift.patron_id)
        .join(Patron, Patron.id == OfflineGift.patron_id)
        .where(OfflineGift.payer_index.in_(indexes), Patron.account_id.is_(None))
        .order_by(OfflineGift.id)
        .limit(1)
    ).one_or_none()


def reverse(session: Session, gift: OfflineGift, *, reason: str, reversed_by_id: int) -> None:
    """Take a gift back by an entry dated now; what it covered ends, its receipt is canceled. The caller commits.

    The bank's reference is free again, so that the right gift can be entered under it.

    Raises:
        AlreadyReversedError: it has been taken back before.
    """
    newsroom = settings_rows.current(session)
    session.refresh(gift, with_for_update=True)
    if gift.reversed_at is not None:
        raise AlreadyReversedError
    gift.reversed_at, gift.reversed_by_id, gift.reversal_reason = clock.now(), reversed_by_id, reason
    gift.reference_key = None
    session.flush()
    entry = booking.reversal_of_offline(gift, gift.reversed_at)
    posting.post(session, [entry], posting.calendar(session, newsroom.zone))
    receipt = receipts.standing(session, ReceiptSource.OFFLINE, gift.public_id)
    if receipt is not None:
        receipts.cancel(session, receipt, reason="The offline gift was taken back.")
    following.rederive_patron(session, gift.patron_id, newsroom)


def by_references(session: Session, references: Collection[str]) -> dict[str, OfflineGift]:
    """The gifts, standing or reversed, that have these bank references, by `reference_key`."""
    keys = {key for reference in references if (key := reference_key(reference))}
    if not keys:
        return {}
    standing = session.scalars(select(OfflineGift).where(OfflineGift.reference_key.in_(keys)))
    found = {str(gift.reference_key): gift for gift in standing}
    reversed_before = select(OfflineGift).where(
        OfflineGift.reversed_at.is_not(None), OfflineGift.reference.in_(list(references))
    )
    for gift in session.scalars(reversed_before):
        found.setdefault(reference_key(gift.reference) or "", gift)
    return found
