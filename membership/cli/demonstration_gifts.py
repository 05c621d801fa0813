"""What the demonstration's newsroom has beside Stripe: offline gifts, one of them taken back, and grants.

Entered today, as by somebody who works through a pile of statements; each gift has the day on which it came.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.accounts.models import Account
from membership.cli import demonstration
from membership.giving import offline_gifts
from membership.giving.models import OfflineGift
from membership.giving.offline_gifts import Wish
from membership.money import Money
from membership.newsroom import audit, settings_rows
from membership.patrons import enrolling, granting
from membership.patrons.enrolling import Newcomer
from membership.patrons.granting import Award
from membership.patrons.models import Grant


def write(session: Session) -> None:
    """Write them down, unless they are there already. Commits."""
    told, by = demonstration.read("beside_stripe.json"), demonstration.hire(session)
    if session.scalars(select(OfflineGift.id).limit(1)).first() is None:
        for number, gift in enumerate(told["offline"]):
            _enter(session, gift, by, form_key=f"demonstration {number}")
    for grant in told["grants"]:
        _grant(session, grant, by)
    session.commit()


def _enter(session: Session, told: dict[str, Any], by: Account, *, form_key: str) -> None:
    zone = settings_rows.current(session).zone
    wish = Wish(
        form_key=form_key,
        received_on=clock.today(zone) - timedelta(days=told["days_ago"]),
        money=Money(told["amount"], told["currency"]),
        fee=told["fee"],
        payer=told["payer"],
        reference=told["reference"],
        email=told["email"],
        note=told["note"],
    )
    gift = offline_gifts.enter(session, wish, entered_by_id=by.id)
    _note(session, by, "offline_gift.entered", f"offline_gift:{gift.public_id}")
    if "taken_back" in told:
        offline_gifts.reverse(session, gift, reason=told["taken_back"], reversed_by_id=by.id)
        _note(session, by, "offline_gift.reversed", f"offline_gift:{gift.public_id}")


def _grant(session: Session, told: dict[str, Any], by: Account) -> None:
    newsroom = settings_rows.current(session)
    today = clock.today(newsroom.zone)
    starts_at = granting.ends_with(today + timedelta(days=told["first_day"] - 1), newsroom)
    newcomer = Newcomer(email=told["email"], name=told["name"], language=told["language"], at=starts_at)
    (patron_id,) = enrolling.make_many(session, [newcomer])
    if session.scalars(select(Grant.id).filter_by(patron_id=patron_id)).first() is not None:
        return
    ends_at = granting.ends_with(today + timedelta(days=told["last_day"]), newsroom)
    award = Award(patron_id=patron_id, starts_at=starts_at, ends_at=ends_at, reason=told["reason"])
    made = session.get_one(Grant, granting.make_many(session, [award])[0])
    _note(session, by, "grant.made", f"grant:{made.public_id}")


def _note(session: Session, by: Account, action: str, subject: str) -> None:
    audit.write(session, action=action, subject=subject, actor_id=by.id, actor=by.name)
