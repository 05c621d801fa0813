"""What our own rows say of a patron beside Stripe's facts: offline gifts, and memberships that others have paid for."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar, cast

from sqlalchemy import BindParameter, Table, bindparam, literal, null, select, union_all
from sqlalchemy.orm import Session

from membership.giving import facts, storing
from membership.giving.models import Checkout, GiftMembership, Owner
from membership.giving.models import OfflineGift as OfflineRow
from membership.giving.story import GivenMembership, Hole, OfflineGift, PatronFacts

FactT = TypeVar("FactT", bound=facts.Fact)
OFFLINE = cast("Table", OfflineRow.__table__)
GIVEN = cast("Table", GiftMembership.__table__)
CHECKOUTS = cast("Table", Checkout.__table__)
PAYMENTS = storing.table_of(facts.Payment)
REFUNDS = storing.table_of(facts.Refund)
DISPUTES = storing.table_of(facts.Dispute)


@dataclass
class Own:
    """What our own rows say of one patron."""

    offline: list[OfflineGift] = field(default_factory=list)
    given: list[GivenMembership] = field(default_factory=list)

    def beside(self, known: PatronFacts) -> PatronFacts:
        """Stripe's facts about the same patron, with these beside them."""
        if not self.offline and not self.given:
            return known
        return replace(known, offline=tuple(self.offline), given=tuple(self.given))


_IDS: BindParameter[list[int]] = bindparam("ids", expanding=True)
_FOUND = union_all(
    select(
        OFFLINE.c.patron_id.label("patron_id"),
        OFFLINE.c.public_id.label("key"),
        OFFLINE.c.at.label("at"),
        OFFLINE.c.months.label("months"),
        OFFLINE.c.reversed_at.label("reversed_at"),
        literal("").label("payment_id"),
    ).where(OFFLINE.c.patron_id.in_(_IDS)),
    select(
        GIVEN.c.claimed_by_id,
        GIVEN.c.public_id,
        GIVEN.c.claimed_at,
        GIVEN.c.months,
        null(),
        PAYMENTS.c.id,
    )
    .join(CHECKOUTS, CHECKOUTS.c.id == GIVEN.c.checkout_id)
    .join(PAYMENTS, PAYMENTS.c.checkout_public_id == CHECKOUTS.c.public_id)
    .where(GIVEN.c.claimed_by_id.in_(_IDS), PAYMENTS.c.owner == Owner.OURS),
)


def of_patrons(session: Session, patron_ids: Collection[int]) -> dict[int, Own]:
    """What our own rows say of some patrons; only of those of whom they say anything. One query for most."""
    found: dict[int, Own] = defaultdict(Own)
    if not patron_ids:
        return found
    rows = session.connection().execute(_FOUND, {"ids": list(patron_ids)}).all()
    bought = {row.payment_id: row for row in rows if row.payment_id}
    for row in rows:
        if not row.payment_id:
            gift = OfflineGift(key=row.key, at=row.at, months=row.months, reversed_at=row.reversed_at)
            found[row.patron_id].offline.append(gift)
    # Should one checkout have been paid twice, the payment that stands counts, else the first.
    paid = sorted(_holes(session, list(bought)), key=lambda p: (bool(p.holes), p.charged_at, p.id))
    for payment in paid:
        row = bought[payment.id]
        if all(each.key != row.key for each in found[row.patron_id].given):
            found[row.patron_id].given.append(
                GivenMembership(key=row.key, claimed_at=row.at, months=row.months, holes=payment.holes)
            )
    return found


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment for a membership, with the stretches in which it does not count."""

    id: str
    charged_at: datetime
    holes: tuple[Hole, ...]


def payments_for(session: Session, checkout_ids: Collection[int]) -> dict[int, list[Paid]]:
    """The payments of ours for some checkouts, with what became of each; only of those that have any. Four queries."""
    query = (
        select(PAYMENTS.c.id, CHECKOUTS.c.id.label("checkout_id"))
        .join(CHECKOUTS, CHECKOUTS.c.public_id == PAYMENTS.c.checkout_public_id)
        .where(CHECKOUTS.c.id.in_(checkout_ids), PAYMENTS.c.owner == Owner.OURS)
    )
    checkouts = {row.id: row.checkout_id for row in session.connection().execute(query)}
    found: dict[int, list[Paid]] = defaultdict(list)
    for paid in _holes(session, list(checkouts)):
        found[checkouts[paid.id]].append(paid)
    return found


def _holes(session: Session, payment_ids: list[str]) -> list[Paid]:
    """What became of some payments; three queries, none where there are none."""
    if not payment_ids:
        return []
    payments = _read(session, facts.Payment, PAYMENTS.c.id, payment_ids)
    known = PatronFacts(
        payments=tuple(payments),
        refunds=tuple(_read(session, facts.Refund, REFUNDS.c.charge_id, payment_ids)),
        disputes=tuple(_read(session, facts.Dispute, DISPUTES.c.charge_id, payment_ids)),
    )
    return [Paid(p.id, p.charged_at, tuple(known.holes_of(p))) for p in payments]


def _read(session: Session, kind: type[FactT], column: Any, values: list[str]) -> list[FactT]:  # noqa: ANN401 - a column
    return storing.read(session, kind, storing.selection(kind).where(column.in_(values)))


def recipients(session: Session, told: Iterable[facts.Fact]) -> set[int]:
    """The patrons who have claimed a membership of whose payment some facts tell; one query, mostly none."""
    payment_ids = {payment_id for fact in told if (payment_id := _paying_for_another(fact))}
    if not payment_ids:
        return set()
    query = (
        select(GIVEN.c.claimed_by_id)
        .join(CHECKOUTS, CHECKOUTS.c.id == GIVEN.c.checkout_id)
        .join(PAYMENTS, PAYMENTS.c.checkout_public_id == CHECKOUTS.c.public_id)
        .where(PAYMENTS.c.id.in_(payment_ids), GIVEN.c.claimed_by_id.is_not(None))
    )
    return set(session.connection().execute(query).scalars())


def _paying_for_another(fact: facts.Fact) -> str:
    """The payment that a fact is about if it may have paid for somebody else's membership; else ""."""
    match fact:
        case facts.Payment(id=payment_id, gift_months=months) if months:
            return payment_id
        case facts.Refund(charge_id=charge_id) | facts.Dispute(charge_id=charge_id):
            return charge_id
        case _:
            return ""
