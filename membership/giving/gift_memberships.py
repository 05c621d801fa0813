"""Memberships bought for somebody else: prepared with a checkout, claimed once with a code, by whom the code reaches.

Whether one is paid for is told by Stripe's facts; what it covers follows from them and from the claim by the same pure
core as everything else (giving.gathering_own). The code is random, stored encrypted and found by its hash.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from membership import clock, secrets
from membership.giving import gathering_own
from membership.giving.errors import NotClaimableError
from membership.giving.gathering_own import Paid
from membership.giving.models import Checkout, GiftMembership, Owner, Payment, StripeCustomer
from membership.money import Money
from membership.newsroom import budgets, due, settings_rows
from membership.newsroom.budgets import Limit
from membership.newsroom.settings_rows import NewsroomSettings
from membership.patrons.models import Patron

TO_CLAIM = timedelta(days=365)
MAILED_AT = time(9)
"""When, in the newsroom's time zone, a mail goes out on its day."""
REMIND_BEFORE = timedelta(days=30)
CORRECTIONS = Limit("gift_corrections", 5, 86_400)
_PURPOSE = "gift membership"
_CODE_BITS = 80
_ALIKE = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})
_PAID = (
    select(Payment.id)
    .join(Checkout, Checkout.public_id == Payment.checkout_public_id)
    .where(Checkout.id == GiftMembership.checkout_id, Payment.owner == Owner.OURS)
)


class GiftState(StrEnum):
    """How a membership for somebody else stands at an instant."""

    UNPAID = "unpaid"  # not paid for, or its payment has not settled
    READY = "ready"
    CLAIMED = "claimed"
    ENDED = "ended"  # its payment went back, or is disputed
    TOO_LATE = "too_late"  # nobody claimed it in time


@dataclass(frozen=True, kw_only=True)
class Details:
    """For whom, as the giver typed it, checked. `recipient_email` is canonical, or "" for a card handed over."""

    months: int
    recipient_name: str
    recipient_email: str
    giver_name: str
    message: str
    mail_on: date | None
    language: str


def price(months: int, currency: str, newsroom: NewsroomSettings) -> Money:
    """The least that so many months cost: as often the smallest monthly gift."""
    return Money(newsroom.smallest(currency, "month") * months, currency)


def prepare(session: Session, checkout: Checkout, details: Details) -> GiftMembership:
    """Write down for whom a checkout pays; a form sent again before it is paid changes that. The caller commits."""
    newsroom = settings_rows.current(session)
    gift = session.scalars(
        select(GiftMembership).filter_by(checkout_id=checkout.id).with_for_update()
    ).one_or_none()
    if gift is None:
        code = secrets.new_public_id(_CODE_BITS)
        gift = GiftMembership(
            public_id=secrets.new_public_id(),
            checkout_id=checkout.id,
            months=details.months,
            code=code,
            code_hash=hash_of(code),
            claim_before=clock.now(),
            language=details.language,
        )
        session.add(gift)
    elif session.scalars(_PAID.where(GiftMembership.id == gift.id)).first() is not None:
        return gift  # what is paid for is changed on the giver's page alone
    gift.recipient_name, gift.recipient_email = details.recipient_name, details.recipient_email
    gift.giver_name, gift.message = details.giver_name, details.message
    gift.mail_on, gift.language = details.mail_on, details.language
    gift.claim_before = max(clock.now(), mail_instant(gift, newsroom)) + TO_CLAIM
    session.flush()
    return gift


def mail_instant(gift: GiftMembership, newsroom: NewsroomSettings) -> datetime:
    """When its mail is to go out: on the morning of its day, or as soon as it is paid for."""
    if gift.mail_on is None:
        return clock.now()
    morning = datetime.combine(gift.mail_on, MAILED_AT, tzinfo=newsroom.zone)
    return max(clock.now(), morning.astimezone(clock.now().tzinfo))


def hash_of(code: str) -> str:
    """What a code is found by, however it was typed: hyphens, capitals and look-alike letters do not matter."""
    return secrets.hash_token(code.strip().lower().translate(_ALIKE), _PURPOSE)


def spelled(code: str) -> str:
    """A code as it is printed: in groups of four."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4)).upper()


def by_code(session: Session, code: str) -> GiftMembership | None:
    """The membership that a code claims; None for a code that was never given out, or was replaced."""
    if not 0 < len(code) <= 64:
        return None
    return session.scalars(select(GiftMembership).filter_by(code_hash=hash_of(code))).one_or_none()


def state_of(session: Session, gift: GiftMembership) -> GiftState:
    """How a membership stands now, by the facts about its payment."""
    return states_of(session, [gift])[0]


def states_of(session: Session, gifts: Sequence[GiftMembership]) -> list[GiftState]:
    """How some memberships stand now, in the same order."""
    now = clock.now()
    paid = gathering_own.payments_for(session, {gift.checkout_id for gift in gifts})
    return [_state(gift, paid.get(gift.checkout_id, []), now) for gift in gifts]


def _state(gift: GiftMembership, paid: list[Paid], now: datetime) -> GiftState:
    if not paid:
        return GiftState.UNPAID
    if all(any(hole.holds_at(now) for hole in payment.holes) for payment in paid):
        return GiftState.ENDED
    if gift.claimed_at is not None:
        return GiftState.CLAIMED
    return GiftState.READY if now < gift.claim_before else GiftState.TOO_LATE


def correct(session: Session, gift: GiftMembership, email: str) -> bool:
    """Let an unclaimed membership go to another (canonical) address; whether it gets a new code. The caller commits.

    If the mail has left already, the old code ends with it, so that the wrong mailbox cannot claim.

    Raises:
        NotClaimableError: it is claimed, too late, or its payment went back.
        BudgetSpentError: it was corrected too often; commit all the same.
    """
    session.refresh(gift, with_for_update=True)
    state = state_of(session, gift)
    if state not in {GiftState.READY, GiftState.UNPAID}:
        raise NotClaimableError(state)
    if email == gift.recipient_email:
        return False
    budgets.spend(session, CORRECTIONS, gift.public_id)
    was_mailed, gift.recipient_email = gift.mailed_at is not None, email
    if was_mailed:
        gift.code = secrets.new_public_id(_CODE_BITS)
        gift.code_hash = hash_of(gift.code)
        gift.mailed_at = None
    session.flush()
    if state is GiftState.READY:
        schedule(session, gift)
    return was_mailed


def schedule(session: Session, gift: GiftMembership) -> None:
    """Let the mail go out on its day, and a reminder before it is too late. The caller commits."""
    newsroom = settings_rows.current(session)
    if gift.claimed_at is not None:
        return
    if gift.recipient_email and gift.mailed_at is None:
        due.at(session, mail_instant(gift, newsroom), kind="giving.gift_mail", key=gift.public_id)
    due.at(session, gift.claim_before - REMIND_BEFORE, kind="giving.gift_unclaimed", key=gift.public_id)


def of_checkout(session: Session, checkout_public_id: str) -> GiftMembership | None:
    """The membership for somebody else that a checkout is for, if it is for one."""
    query = select(GiftMembership).join(Checkout, Checkout.id == GiftMembership.checkout_id)
    return session.scalars(query.where(Checkout.public_id == checkout_public_id)).one_or_none()


def of_giver(session: Session, patron_id: int) -> Sequence[GiftMembership]:
    """The memberships that a patron has paid for, the last first."""
    return session.scalars(_given_by(patron_id).order_by(GiftMembership.id.desc())).all()


def stated_of_giver(session: Session, patron_id: int) -> list[tuple[GiftMembership, str]]:
    """The memberships that a patron has paid for, each with how it stands."""
    given = of_giver(session, patron_id)
    return [(gift, state.value) for gift, state in zip(given, states_of(session, given), strict=True)]


def one_of_giver(session: Session, patron_id: int, public_id: str) -> GiftMembership | None:
    """One of the memberships that a patron has paid for."""
    return session.scalars(_given_by(patron_id).where(GiftMembership.public_id == public_id)).one_or_none()


def _given_by(patron_id: int) -> Select[GiftMembership]:
    paid = (
        _PAID.join(StripeCustomer, StripeCustomer.id == Payment.customer_id)
        .where(StripeCustomer.patron_id == patron_id)
        .correlate(GiftMembership)
    )
    return select(GiftMembership).where(paid.exists())


def giver_of(session: Session, gift: GiftMembership) -> Patron | None:
    """The patron who has paid for a membership, once the payment has settled."""
    query = (
        select(Patron)
        .join(StripeCustomer, StripeCustomer.patron_id == Patron.id)
        .join(Payment, Payment.customer_id == StripeCustomer.id)
        .join(Checkout, Checkout.public_id == Payment.checkout_public_id)
        .where(Checkout.id == gift.checkout_id, Payment.owner == Owner.OURS)
        .order_by(Payment.charged_at)
        .limit(1)
    )
    return session.scalars(query).one_or_none()
