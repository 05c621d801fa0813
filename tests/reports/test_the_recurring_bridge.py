"""The bridge: start + movements = end, exactly, in twelfths."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from membership.giving.movements import Movement, MovementKind
from membership.money import round_to_total
from membership.reports import recurring
from membership.reports.periods import Month, last_months
from tests.reports import books

BEGIN = datetime(2026, 8, 10, 9, tzinfo=UTC)
MONTHS = last_months(3, date(2026, 11, 22))


def test_each_month_begins_where_the_one_before_ended(session):
    cleo = books.a_patron(session, at=BEGIN)
    books.a_movement(session, cleo, MovementKind.NEW, 6000, at=BEGIN)
    books.a_movement(session, cleo, MovementKind.UP, 1200, at=BEGIN + timedelta(days=40))
    books.a_movement(session, cleo, MovementKind.LOST_FAILED, -7200, at=BEGIN + timedelta(days=90))

    september, october, november = recurring.bridge(session, "eur", MONTHS)

    assert (september.start, september.steps["up"], september.end) == (6000, 1200, 7200)
    assert (october.start, october.end) == (7200, 7200)
    assert (november.steps["lost_failed"], november.end) == (-7200, 0)


def test_the_sealed_view_uses_the_day_of_booking(session):
    cleo = books.a_patron(session, at=BEGIN)
    books.a_movement(session, cleo, MovementKind.NEW, 6000, at=datetime(2026, 9, 3, tzinfo=UTC))
    session.flush()
    movement = session.query(Movement).one()
    movement.booked_on = datetime(2026, 11, 1, tzinfo=UTC).date()
    session.flush()

    assert [row.end for row in recurring.bridge(session, "eur", MONTHS)] == [6000, 6000, 6000]
    assert [row.end for row in recurring.bridge(session, "eur", MONTHS, sealed=True)] == [0, 0, 6000]


@given(st.lists(st.integers(-100_000, 100_000), min_size=1, max_size=12))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_printed_cells_add_up_whatever_the_twelfths(twelfths):
    row = recurring.BridgeRow(Month(2026, 9), 5000, {str(i): t for i, t in enumerate(twelfths)}, 0)

    *parts, end = row.printed()

    assert sum(parts) == end
    assert abs(end * 12 - (5000 + sum(twelfths))) <= 6
    assert parts == round_to_total(parts)
