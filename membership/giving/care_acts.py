"""What a care link does: one act on one gift, that makes it smaller, later, ends it or lets it go on; or undoes one.

Each is done by giving.changing like the acts of a patron who has signed in. The link is used up and the act written
down in the transaction that commits before Stripe is called: of two requests at the same time, one acts.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from membership.db import JsonDict
from membership.gateway.client import Gateway
from membership.gateway.errors import GatewayRefused, GatewayUnavailable
from membership.giving import care_links, care_records, changing, ending, pausing, restoring, skipping
from membership.giving.care_links import UsedCareLinkError
from membership.giving.gifts import Gift
from membership.giving.mail import card_page_opened
from membership.giving.models import CareAct, CareActKind, CareLink, CarePurpose, Subscription
from membership.money import Money
from membership.newsroom.settings_rows import NewsroomSettings
from membership.patrons.models import Patron

_ONLY = {
    CarePurpose.CARD: CareActKind.CARD,
    CarePurpose.CANCEL: CareActKind.CANCEL,
    CarePurpose.RESUME: CareActKind.RESUME,
    CarePurpose.UNDO: CareActKind.UNDO,
}


class NothingToDoError(Exception):
    """The gift is not, or no longer, such that this can be done to it."""


def possible(session: Session, link: CareLink, gift: Gift, newsroom: NewsroomSettings) -> list[CareActKind]:
    """What a link may do to its gift as the gift is now; nothing if all is done. Reads only."""
    kinds = _fitting(gift, newsroom)
    if link.purpose is CarePurpose.UNDO:
        act = undone_by(session, link)
        return [CareActKind.UNDO] if act is not None and care_records.is_as_left(act, gift) else []
    only = _ONLY.get(link.purpose)
    return kinds if only is None else [kind for kind in kinds if kind is only]


def _fitting(gift: Gift, newsroom: NewsroomSettings) -> list[CareActKind]:
    """What fits the state of a gift, the gentlest first."""
    if gift.has_ended:
        return []
    if gift.ends_at is not None:
        return [CareActKind.RESUME]
    if gift.is_failing:
        return [CareActKind.CARD, CareActKind.CANCEL]
    fits = {
        CareActKind.RESUME: gift.skips_at is not None or _goes_on_at(gift) is not None,
        CareActKind.SKIP: gift.can_skip,
        CareActKind.LOWER: gift.can_change
        and gift.money.amount > newsroom.smallest(gift.money.currency, gift.interval),
        CareActKind.PAUSE: gift.can_move,
        CareActKind.CARD: True,
        CareActKind.CANCEL: True,
    }
    return [kind for kind, does_fit in fits.items() if does_fit]


def _goes_on_at(gift: Gift) -> datetime | None:
    """When a paused gift is charged if it goes on now; None where that would be at once: not without signing in."""
    return pausing.charge_on_resuming(gift) if gift.is_paused and gift.resumes_at is not None else None


def undone_by(session: Session, link: CareLink) -> CareAct | None:
    """The act that a link puts back, or None for a link that does something else. Reads only."""
    return session.get(CareAct, link.undoes_id) if link.undoes_id is not None else None


def lower(session: Session, gateway: Gateway, link: CareLink, gift: Gift, money: Money) -> None:
    """Charge less from the next renewal on: `money` is all that is charged, no fee is added. Commits.

    Raises:
        NothingToDoError: it is not less.
        UsedCareLinkError: another request has used the link.
        GatewayUnavailable: no usable answer; the link can be used again, at once or in two minutes.
        GatewayRefused: Stripe does not take it; the link can be used again.
    """
    if not money < gift.money:
        raise NothingToDoError
    changes = {"amount": money.amount, "covered_fee": 0}
    _do(
        session,
        link,
        _begin(session, link, gift, CareActKind.LOWER, changes),
        lambda: changing.change_amount(session, gateway, gift, money, covered_fee=0),
    )


def cancel(session: Session, gateway: Gateway, link: CareLink, gift: Gift, *, feedback: str) -> None:
    """Let a gift end with what is paid; one whose renewal is failing ends now. Commits. Raises as `lower` does."""
    end = gift.next_charge_at.isoformat() if gift.next_charge_at is not None else "at the end of what is paid"
    _do(
        session,
        link,
        _begin(session, link, gift, CareActKind.CANCEL, {"ends_at": end, "next_charge_at": None}),
        lambda: (
            ending.end_now(session, gateway, gift.id, feedback=feedback)
            if gift.is_failing
            else changing.cancel(session, gateway, gift, feedback=feedback)
        ),
    )


def pause(session: Session, gateway: Gateway, link: CareLink, gift: Gift, *, months: int) -> None:
    """Let a gift rest for so many months (1 to resting.MOST_MONTHS). Commits. Raises as `lower` does."""
    if not gift.can_move:
        raise NothingToDoError
    resumes_at = care_records.written(pausing.charge_after(gift, months))
    changes = {"is_paused": True, "resumes_at": resumes_at, "next_charge_at": None}
    _do(
        session,
        link,
        _begin(session, link, gift, CareActKind.PAUSE, changes),
        lambda: pausing.pause(session, gateway, gift, months=months),
    )


def skip(session: Session, gateway: Gateway, link: CareLink, gift: Gift) -> None:
    """Leave out the next payment of a monthly gift. Commits. Raises as `lower` does."""
    if not gift.can_skip:
        raise NothingToDoError
    changes = {
        "skips_at": care_records.written(gift.next_charge_at),
        "next_charge_at": care_records.written(skipping.charge_after(gift)),
    }
    _do(
        session,
        link,
        _begin(session, link, gift, CareActKind.SKIP, changes),
        lambda: skipping.skip(session, gateway, gift),
    )


def resume(session: Session, gateway: Gateway, link: CareLink, gift: Gift) -> None:
    """Let a gift go on that is set to end, is paused or skips a payment. Commits. Raises as `lower` does.

    A pause that would be charged at once is left to whoever signs in (NothingToDoError).
    """
    changes, ask = _going_on(session, gateway, gift)
    _do(session, link, _begin(session, link, gift, CareActKind.RESUME, changes), ask)


def _going_on(session: Session, gateway: Gateway, gift: Gift) -> tuple[JsonDict, Callable[[], None]]:
    """What changes when a gift goes on, and what lets it."""
    changes: JsonDict
    if gift.ends_at is not None:
        next_at = None if gift.is_paused else gift.goes_on_at
        changes = {"ends_at": None, "next_charge_at": care_records.written(next_at)}
        return changes, lambda: changing.resume(session, gateway, gift)
    charge_at = _goes_on_at(gift)
    if charge_at is not None:
        next_charge = care_records.written(charge_at)
        changes = {"is_paused": False, "resumes_at": None, "next_charge_at": next_charge}
        return changes, lambda: pausing.lift(session, gateway, gift, charge_at=charge_at)
    if gift.skips_at is None:
        raise NothingToDoError
    changes = {"skips_at": None, "next_charge_at": care_records.written(gift.skips_at)}
    return changes, lambda: skipping.undo(session, gateway, gift)


def undo(session: Session, gateway: Gateway, link: CareLink, gift: Gift) -> None:
    """Put back exactly what the act of this link changed. Commits. Raises as `lower` does.

    Raises:
        NothingToDoError: the gift is no longer as that act left it.
    """
    act = undone_by(session, link)
    if act is None or not care_records.is_as_left(act, gift):
        raise NothingToDoError
    target = {field: act.before[field] for field in care_records.changed_fields(act)}
    _do(
        session,
        link,
        _begin(session, link, gift, CareActKind.UNDO, target, undoes_id=act.id),
        lambda: restoring.restore(session, gateway, gift, target),
    )


def open_card_page(
    session: Session, gateway: Gateway, link: CareLink, gift: Gift, *, return_url: str, language: str
) -> str:
    """The address of Stripe's page for the card, on which nothing else can be done. Commits. Raises as `lower` does."""
    pages: list[str] = []

    def ask() -> None:
        pages.append(changing.card_page(session, gateway, gift, return_url=return_url, language=language))

    account_id, subscription_id = link.account_id, gift.id
    _do(session, link, _begin(session, link, gift, CareActKind.CARD, {}), ask)
    patron = session.query(Patron).filter_by(account_id=account_id).one()
    card_page_opened(session, patron=patron, subscription=session.get_one(Subscription, subscription_id))
    session.commit()
    return pages[0]


def _begin(
    session: Session,
    link: CareLink,
    gift: Gift,
    kind: CareActKind,
    changes: JsonDict,
    *,
    undoes_id: int | None = None,
) -> CareAct:
    if not care_links.claim(session, link):
        raise UsedCareLinkError(link)
    return care_records.begin(session, gift, kind, changes, link_hash=link.token_hash, undoes_id=undoes_id)


def _do(session: Session, link: CareLink, act: CareAct, ask: Callable[[], None]) -> None:
    """Act, and say on the link's row what is known of it."""
    link_hash, act_id = link.token_hash, act.id
    try:
        ask()
    except (GatewayRefused, GatewayUnavailable) as error:
        session.rollback()
        if isinstance(error, GatewayRefused) or not error.is_unknown:
            session.delete(session.get_one(CareAct, act_id))
            care_links.release(session, link_hash)
            session.commit()
        raise
    care_links.close(session, link_hash)
    session.commit()
