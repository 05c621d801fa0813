"""What `membership doctor` looks for in giving: the ledger, events, rights and our key (N20 to N65)."""

from collections import defaultdict
from datetime import timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from membership import clock
from membership.gateway.client import API_VERSION
from membership.gateway.errors import API_KEY
from membership.giving import (
    checking_campaigns,
    checking_money,
    checking_receipts,
    checking_slots,
    deriving,
    gathering,
    gathering_own,
)
from membership.giving.checking_money import WORK, amber, red, sums, unequal
from membership.giving.models import (
    CallState,
    CheckoutSession,
    Event,
    EventState,
    GiftMembership,
    Interval,
    ObjectToRead,
    OfflineGift,
    OutgoingCall,
    Owner,
    Payment,
    ReadingState,
    StripeCustomer,
    Subscription,
)
from membership.giving.movements import Movement
from membership.giving.recording import OF_STRIPE, OURS
from membership.newsroom import settings_rows
from membership.newsroom.findings import Check, Finding
from membership.patrons.models import Coverage, Grant, Source

AT_ONCE = 200
RETRY = "membership events retry"
RECONCILE = "membership reconcile"
NEW_KEY = "set MEMBERSHIP_STRIPE_SECRET_KEY to a key that holds"
PENDING_DAYS = 14
Rows = set[tuple[object, ...]]


def recurring_adds_up(session: Session) -> list[Finding]:
    """N20: the recurring sum by movements is that of the subscriptions that count."""
    twelfths = case(
        (Subscription.interval == Interval.YEAR, Subscription.amount), else_=Subscription.amount * 12
    )
    counted = (
        select(Movement.subscription_id)
        .group_by(Movement.subscription_id)
        .having(func.sum(Movement.twelfths) > 0)
    )
    of_counted = select(Subscription.currency, func.sum(twelfths)).where(Subscription.id.in_(counted))
    by_subscription = sums(session, of_counted.group_by(Subscription.currency))
    of_movements = select(Movement.currency, func.sum(Movement.twelfths))
    by_movement = sums(session, of_movements.group_by(Movement.currency))
    wrong = unequal(by_subscription, by_movement)
    return red("N20", "The recurring sum is not that of the subscriptions that count.", wrong)


def rows_follow_from_facts(session: Session) -> list[Finding]:
    """N24: every patron's coverage and movements follow from the facts."""
    grace_days = settings_rows.current(session).grace_days
    customers: dict[int, list[str]] = defaultdict(list)
    query = select(StripeCustomer.patron_id, StripeCustomer.id).where(StripeCustomer.patron_id.is_not(None))
    for row in session.execute(query):
        if row[0] is not None:
            customers[row[0]].append(row[1])
    for patron_id in _covered_by_own_rows(session):
        customers.setdefault(patron_id, [])
    patron_ids, wrong = sorted(customers), []
    for start in range(0, len(patron_ids), AT_ONCE):
        part = patron_ids[start : start + AT_ONCE]
        known = gathering.by_customer(session, [c for patron_id in part for c in customers[patron_id]])
        standing, own = _stored(session, part), gathering_own.of_patrons(session, part)
        for patron_id in part:
            whole = gathering.together([known[customer_id] for customer_id in customers[patron_id]])
            if patron_id in own:
                whole = own[patron_id].beside(whole)
            if _wanted(deriving.derive(whole, grace_days=grace_days)) != standing[patron_id]:
                wrong.append(patron_id)
    return red("N24", "What is stored of patrons does not follow from the facts.", wrong)


def _covered_by_own_rows(session: Session) -> set[int]:
    """The patrons of offline gifts and of memberships claimed; they may be no customers of Stripe's."""
    offline = select(OfflineGift.patron_id)
    claimed = select(GiftMembership.claimed_by_id).where(GiftMembership.claimed_by_id.is_not(None))
    found = {*session.scalars(offline), *session.scalars(claimed)}
    return {patron_id for patron_id in found if patron_id is not None}


def _wanted(derived: deriving.Derived) -> Rows:
    now = clock.now()
    rows: Rows = {(s.source, s.source_key, s.starts_at, s.ends_at, s.ended_by) for s in derived.coverage}
    for change in derived.movements:
        if change.at <= now and change.twelfths:
            rows.add((change.subscription_id, change.kind, change.at, change.currency, change.twelfths))
    return rows


def _stored(session: Session, patron_ids: list[int]) -> dict[int, Rows]:
    stored: dict[int, Rows] = defaultdict(set)
    covered = select(Coverage).where(Coverage.patron_id.in_(patron_ids), Coverage.source.in_(OURS))
    for row in session.scalars(covered):
        stored[row.patron_id].add((row.source, row.source_key, row.starts_at, row.ends_at, row.ended_by))
    key = (Movement.patron_id, Movement.subscription_id, Movement.kind, Movement.at, Movement.currency)
    moved = select(*key, func.sum(Movement.twelfths)).where(Movement.patron_id.in_(patron_ids)).group_by(*key)
    for patron_id, subscription_id, kind, at, currency, twelfths in session.execute(moved):
        if twelfths:
            stored[patron_id].add((subscription_id, kind, at, currency, int(twelfths)))
    return stored


def pending_is_settled(session: Session) -> list[Finding]:
    """N23: no bank has left a payment open for over 14 days."""
    long_ago = clock.now() - timedelta(days=PENDING_DAYS)
    query = select(CheckoutSession.id).where(
        CheckoutSession.status == "complete",
        CheckoutSession.payment_status == "unpaid",
        CheckoutSession.failed_at.is_(None),
        CheckoutSession.as_of < long_ago,
    )
    return amber(
        "N23", "Banks have not said what became of payments.", session.scalars(query).all(), RECONCILE
    )


def coverage_is_paid(session: Session) -> list[Finding]:
    """N26: nobody is covered by a payment that is not there or not ours, nor by a row of ours that is not."""
    ours = select(Payment.id).where(Payment.id == Coverage.source_key, Payment.owner == Owner.OURS)
    offline = select(OfflineGift.id).where(
        OfflineGift.public_id == Coverage.source_key, OfflineGift.patron_id == Coverage.patron_id
    )
    claimed = select(GiftMembership.id).where(
        GiftMembership.public_id == Coverage.source_key, GiftMembership.claimed_by_id == Coverage.patron_id
    )
    granted = select(Grant.id).where(
        Grant.public_id == Coverage.source_key, Grant.patron_id == Coverage.patron_id
    )
    by_source = [
        (Coverage.source.in_(OF_STRIPE), ours),
        (Coverage.source == Source.OFFLINE, offline),
        (Coverage.source == Source.GIFT, claimed),
        (Coverage.source == Source.GRANT, granted),
    ]
    wrong = [
        row_id
        for is_of_source, cause in by_source
        for row_id in session.scalars(select(Coverage.id).where(is_of_source, ~cause.exists()))
    ]
    return red("N26", "Patrons are covered by payments, gifts or grants that are not there.", wrong)


def events_are_settled(session: Session) -> list[Finding]:
    """N27: no event waits for over a minute, none failed or was given up, none came with two bodies."""
    late = clock.now() - timedelta(minutes=1)
    is_waiting = (Event.state == EventState.RECEIVED) & (Event.received_at < late)
    waiting = session.scalars(select(Event.id).where(is_waiting)).all()
    failed = session.scalars(select(Event.id).where(Event.state == EventState.FAILED)).all()
    dead = session.scalars(select(Event.id).where(Event.state == EventState.DEAD)).all()
    twice = session.scalars(select(Event.id).where(Event.has_conflict)).all()
    return [
        *amber("N27", "Events wait to be applied.", waiting, WORK),
        *amber("N27", "Events failed and will be tried again.", failed, RETRY),
        *red("N27", "Events were given up after eight tries.", dead, RETRY),
        *red("N27", "Events came twice with different, signed bodies.", twice),
    ]


def endpoint_speaks_our_version(session: Session) -> list[Finding]:
    """N65: what Stripe delivered of the last day was rendered by the API version that this release speaks.

    What came by a list is left out: Stripe renders that by the account's own version.
    """
    other = select(Event.id).where(
        Event.created > clock.now() - timedelta(days=1),
        Event.api_version != API_VERSION,
        Event.deliveries > 0,
    )
    sentence = f"Stripe delivers events of another API version: make its endpoint anew with {API_VERSION}."
    return amber("N65", sentence, session.scalars(other).all(), "")


def objects_are_read(session: Session) -> list[Finding]:
    """N28: what had to be read again at Stripe was, within six hours, and could be booked."""
    query = select(ObjectToRead.id).where(
        ObjectToRead.state == ReadingState.WAITING, ObjectToRead.asked_at < clock.now() - timedelta(hours=6)
    )
    dead = session.scalars(select(ObjectToRead.id).where(ObjectToRead.state == ReadingState.DEAD)).all()
    return [
        *amber("N28", "Objects could not be read at Stripe.", session.scalars(query).all(), WORK),
        *red("N28", "Objects that Stripe gave could not be booked.", dead, WORK),
    ]


def our_key_holds(session: Session) -> list[Finding]:
    """N37: Stripe has refused no write of the last day for our key, which may be revoked or have too few rights."""
    query = select(OutgoingCall.id).where(
        OutgoingCall.state == CallState.REFUSED,
        OutgoingCall.error.startswith(API_KEY),
        OutgoingCall.created_at > clock.now() - timedelta(days=1),
    )
    return red("N37", "Stripe refuses our key.", session.scalars(query).all(), NEW_KEY)


def one_renewing_gift_each(session: Session) -> list[Finding]:
    """N29: no patron has two live subscriptions unnoticed."""
    query = (
        select(StripeCustomer.patron_id)
        .join(Subscription, Subscription.customer_id == StripeCustomer.id)
        .where(Subscription.status.in_(("active", "past_due", "trialing")), Subscription.cancel_at.is_(None))
        .where(Subscription.is_ours, StripeCustomer.patron_id.is_not(None))
        .group_by(StripeCustomer.patron_id)
        .having(func.count() > 1)
    )
    return amber("N29", "Patrons have two gifts that renew.", session.scalars(query).all(), "")


CHECKS: tuple[Check, ...] = (
    *checking_money.CHECKS,
    *checking_receipts.CHECKS,
    *checking_campaigns.CHECKS,
    *checking_slots.CHECKS,
    recurring_adds_up,
    rows_follow_from_facts,
    pending_is_settled,
    coverage_is_paid,
    events_are_settled,
    endpoint_speaks_our_version,
    objects_are_read,
    our_key_holds,
    one_renewing_gift_each,
)
"""All checks of giving."""
