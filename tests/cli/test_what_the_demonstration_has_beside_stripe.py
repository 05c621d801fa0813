"""The demonstration has offline gifts and grants to look at, and its books hold with them."""

from sqlalchemy import func, select

from membership.cli import demonstration, demonstration_gifts
from membership.db import Base
from membership.giving import checking
from membership.giving.models import OfflineGift
from membership.patrons.models import Coverage, Grant, Source


def _counts(session) -> dict[str, int | None]:
    tables = Base.metadata.sorted_tables
    return {table.name: session.scalar(select(func.count()).select_from(table)) for table in tables}


def test_offline_gifts_and_grants_are_there_and_every_check_of_the_books_holds(session):
    demonstration.set_up_newsroom(session)
    session.commit()

    demonstration_gifts.write(session)

    gifts = session.scalars(select(OfflineGift)).all()
    assert len(gifts) == len(demonstration.read("beside_stripe.json")["offline"])
    assert {gift.currency for gift in gifts} == {"eur", "uah"}
    assert [gift.reversal_reason for gift in gifts if gift.reversed_at] == [
        "One nought too many: it was 60.00."
    ]
    assert session.scalar(select(func.count()).select_from(Grant)) == 3
    covered = set(session.scalars(select(Coverage.source)))
    assert covered == {Source.OFFLINE, Source.GRANT}
    assert [finding for check in checking.CHECKS for finding in check(session)] == []
    before = _counts(session)
    demonstration_gifts.write(session)
    assert _counts(session) == before
