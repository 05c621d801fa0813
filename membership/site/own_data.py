"""Everything that is kept about one patron, for that patron alone: plain data, for a JSON file."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts.models import Account
from membership.giving import departing, gifts, history
from membership.giving.models import (
    Checkout,
    GiftMembership,
    OfflineGift,
    Receipt,
    StripeCustomer,
)
from membership.mail.models import OutgoingMail
from membership.money import Money
from membership.patrons import queries as patrons
from membership.patrons.models import Patron
from membership.topics import queries as topics

Data = dict[str, Any]


def of(session: Session, account: Account, patron: Patron) -> Data:
    """What is kept of a patron. Instants are ISO 8601 in UTC, amounts decimals as text with their currency."""
    customers = session.execute(
        select(StripeCustomer.id, StripeCustomer.email, StripeCustomer.name).filter_by(patron_id=patron.id)
    )
    return {
        "made_at": _at(clock.now()),
        "account": {
            "email": account.email,
            "name": account.name,
            "language": account.language,
            "since": _at(account.created_at),
        },
        "patron": _patron(patron),
        "at_stripe": [{"customer": id_, "email": email, "name": name} for id_, email, name in customers],
        "covered": [
            {"by": row.source.value, "from": _at(row.starts_at), "until": _at(row.ends_at)}
            for row in patrons.coverages_of(session, patron.id)
        ],
        **_gifts(session, patron),
        "votes": _votes(session, patron),
        "proposals": [
            {"topic": topic.public_id, "title": topic.title, "text": topic.text, "at": _at(topic.proposed_at)}
            for topic in topics.proposals_of(session, patron.id)
        ],
        "mails": [
            {"about": mail.kind, "subject": mail.subject, "at": _at(mail.queued_at)}
            for mail in session.scalars(select(OutgoingMail).filter_by(account_id=account.id))
        ],
    }


def _patron(patron: Patron) -> Data:
    return {
        "id": patron.public_id,
        "since": _at(patron.created_at),
        "name": patron.name,
        "language": patron.language,
        "who_may_know": patron.visibility.value,
        "name_on_the_wall": patron.wall_name,
        "mails_of_stories": patron.wants_topic_mail,
        "mails_of_rounds": patron.wants_round_mail,
        "note": patron.note,
    }


def _gifts(session: Session, patron: Patron) -> Data:
    receipts = session.scalars(select(Receipt).filter_by(patron_id=patron.id).order_by(Receipt.id))
    offline = session.scalars(select(OfflineGift).filter_by(patron_id=patron.id).order_by(OfflineGift.id))
    sent = departing.checkouts_of(session, patron)
    checkouts = session.scalars(select(Checkout).where(Checkout.id.in_(sent)).order_by(Checkout.id))
    given = select(GiftMembership).where(GiftMembership.checkout_id.in_(sent))
    return {
        "gifts_that_renew": [
            {
                "subscription": gift.id,
                **_money(gift.money),
                "interval": gift.interval.value,
                "since": _at(gift.since),
                "next_charge": _at(gift.next_charge_at or gift.resumes_at),
                "ends": _at(gift.ends_at),
            }
            for gift in gifts.of_patron(session, patron.id)
        ],
        "payments": [
            {
                "payment": line.id,
                **_money(line.money),
                "refunded": line.refunded.plain(),
                "at": _at(line.settled_at),
                "method": line.method,
                "card_ends_in": line.card_last4,
            }
            for line in history.of_patron(session, patron.id)
        ],
        "gifts_outside_of_stripe": [
            {**_money(row.money), "on": row.received_on.isoformat(), "payer": row.payer} for row in offline
        ],
        "receipts": [
            {"number": row.label, "name": row.name, **_money(Money(row.amount, row.currency))}
            for row in receipts
        ],
        "forms_sent": [
            {"email": row.email, "name": row.name, "note": row.note, "at": _at(row.created_at)}
            for row in checkouts
        ],
        "memberships_given": [
            {"months": row.months, "from": row.giver_name, "message": row.message}
            for row in session.scalars(given)
        ],
    }


def _votes(session: Session, patron: Patron) -> list[Data]:
    return [
        {
            "round": voted.round.public_id,
            "receipt": voted.receipt,
            "topics": [topic.topic.public_id for topic in voted.topics],
        }
        for voted in topics.votes_of(session, patron.id, patron.language)
    ]


def _money(money: Money) -> Data:
    return {"amount": money.plain(), "currency": money.currency}


def _at(at: Any) -> str | None:  # noqa: ANN401 - an instant or none
    return at.isoformat() if at is not None else None
