"""What events leave open is read at Stripe again: later each time where it fails, and never in the way of the rest."""

from datetime import timedelta

from sqlalchemy import select

from membership.giving import checking, reading_again, reading_list
from membership.giving.facts import ToRead
from membership.giving.models import ObjectToRead, Payment, ReadingState
from membership.newsroom.findings import Severity
from tests.giving.sandboxed import account, hear

__all__ = ["account", "hear"]


def test_one_that_cannot_be_read_keeps_no_other_waiting_and_is_given_up_visibly(account, session, hear):
    for _gift in range(2):
        account.pay(account.customer("cleo@example.org"), 500)
    hear()
    broken, sound = session.scalars(select(Payment.id).order_by(Payment.id)).all()
    store = account.sandbox.account.store
    store.put(store.get(broken) | {"created": 10**15})
    for charge in (broken, sound):
        reading_list.add(session, ToRead(type="charge", id=charge, reason="stale"))
    session.commit()

    assert reading_again.read_all(session) == 1
    session.rollback()
    assert session.scalars(select(ObjectToRead.id)).all() == [broken]
    for _try in range(reading_again.MOST_TRIES):
        account.sandbox.advance("7 hours")
        reading_again.read_all(session)
    session.rollback()

    row = session.scalars(select(ObjectToRead)).one()
    assert (row.state, row.tries) == (ReadingState.DEAD, reading_again.MOST_TRIES)
    assert (Severity.RED, (broken,)) in [(f.severity, f.ids) for f in checking.objects_are_read(session)]
    assert row.next_try_at - row.asked_at > timedelta(hours=1)
