"""Patrons month by month: start + new + returned - lapsed - former = end."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from membership.patrons.models import Coverage, EndedBy, Source
from membership.reports import supporter_rows, supporters
from membership.reports.periods import Month, last_months
from membership.reports.supporters import PatronsRow, Stretch
from tests.reports import books

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONTHS = last_months(4, date(2026, 11, 22))


def covered(session, patron, source, begins, ends, ended_by=None):
    session.add(
        Coverage(
            patron_id=patron.id,
            source=source,
            source_key=f"{patron.id}{begins}",
            starts_at=begins,
            ends_at=ends,
            ended_by=ended_by,
        )
    )


def test_somebody_comes_leaves_by_choice_and_returns(session):
    cleo = books.a_patron(session, at=NOW)
    covered(
        session,
        cleo,
        Source.PAID,
        datetime(2026, 8, 5, tzinfo=UTC),
        datetime(2026, 9, 5, tzinfo=UTC),
        EndedBy.CANCEL,
    )
    covered(session, cleo, Source.ONCE, datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))

    august, september, october, november = supporters.by_month(session, MONTHS, KYIV, now=NOW)

    assert (august.new, august.end) == (1, 1)
    assert (september.former, september.lapsed, september.end) == (1, 0, 0)
    assert october.end == 0
    assert (november.returned, november.by_cover["once"], november.paying) == (1, 1, 1)


def test_a_grant_is_no_paying_patron_and_grace_is_at_risk(session):
    dov, cleo = books.a_patron(session, at=NOW), books.a_patron(session, at=NOW)
    covered(session, dov, Source.GRANT, datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    covered(
        session, cleo, Source.GRACE, datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC)
    )

    november = supporters.by_month(session, MONTHS, KYIV, now=NOW)[-1]

    assert (november.end, november.paying, november.at_risk) == (2, 1, 1)


def test_a_month_ends_at_midnight_in_the_newsrooms_zone():
    assert Month(2026, 10).ends_at(KYIV) == datetime(2026, 10, 31, 22, tzinfo=UTC)
    assert Month(2026, 6).ends_at(KYIV) == datetime(2026, 6, 30, 21, tzinfo=UTC)


stretches = st.builds(
    lambda day, length, source, ended_by: Stretch(
        1,
        source,
        str(day),
        datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=day),
        datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=day + length),
        ended_by,
    ),
    st.integers(0, 200),
    st.integers(1, 90),
    st.sampled_from(list(Source)),
    st.sampled_from([None, *EndedBy]),
)


@given(st.lists(stretches, max_size=6))
def test_the_counts_of_each_month_always_add_up(told):
    rows = [PatronsRow(month) for month in MONTHS]
    edges = [month.ends_at(KYIV) for month in (MONTHS[0].plus(-1), *MONTHS)]

    supporters._count(rows, edges, told)

    for row, edge in zip(rows, edges[1:], strict=True):
        assert row.end == sum(row.by_cover.values()) == bool(supporters.strongest(told, edge))
    assert [row.end for row in rows[:-1]] == [row.start for row in rows[1:]]


@given(st.lists(stretches, max_size=6))
def test_how_somebody_came_does_not_depend_on_where_the_report_begins(told):
    told = sorted(told, key=lambda stretch: stretch.starts_at)
    edges = [month.ends_at(KYIV) for month in (MONTHS[0].plus(-1), *MONTHS)]

    whole = list(supporters.seen(told, edges))

    for number, month in enumerate(whole):
        assert list(supporters.seen(told, edges[number : number + 2])) == [month]


def test_under_each_figure_stand_as_many_patrons_as_it_counts(session):
    ways: list[list[tuple[Source, int, int, EndedBy | None]]] = [
        [(Source.PAID, 8, 10, EndedBy.CANCEL), (Source.ONCE, 11, 1, None)],
        [(Source.PAID, 9, 11, None), (Source.GRACE, 11, 12, None)],
        [(Source.GRANT, 8, 1, None)],
        [(Source.OFFLINE, 10, 11, None)],
        [(Source.PAID, 8, 10, None), (Source.PAID, 10, 1, None)],
    ]
    for way in ways:
        patron = books.a_patron(session, at=NOW)
        for source, first, last, ended_by in way:
            ends = datetime(2026 + (last < first), last, 2, tzinfo=UTC)
            covered(session, patron, source, datetime(2026, first, 2, tzinfo=UTC), ends, ended_by)

    for row in supporters.by_month(session, MONTHS, KYIV, now=NOW):
        for figure in supporter_rows.FIGURES:
            found = supporter_rows.under(session, figure, row.month, KYIV, now=NOW, names=True, page=1)
            counted = row.by_cover[figure] if figure in row.by_cover else getattr(row, figure)
            assert len(found.rows) == found.count == counted, (row.month, figure)


def test_a_patron_under_a_figure_is_told_with_the_day_and_what_covered(session):
    cleo, dov = books.a_patron(session, name="Cleo", at=NOW), books.a_patron(session, name="Dov", at=NOW)
    covered(session, cleo, Source.PAID, datetime(2026, 9, 3, tzinfo=UTC), datetime(2026, 10, 3, tzinfo=UTC))
    covered(session, cleo, Source.PAID, datetime(2026, 10, 3, tzinfo=UTC), datetime(2026, 12, 3, tzinfo=UTC))
    covered(
        session, dov, Source.ONCE, datetime(2026, 9, 9, tzinfo=UTC), datetime(2026, 11, 9, 23, tzinfo=UTC)
    )

    def told(figure):
        found = supporter_rows.under(session, figure, MONTHS[-1], KYIV, now=NOW, names=True, page=1)
        return [(row.day, row.cover, row.name) for row in found.rows]

    assert told("end") == [(date(2026, 9, 3), "recurring", "Cleo")]
    assert told("lapsed") == [(date(2026, 11, 10), "once", "Dov")]  # the newsroom's day


def test_the_patrons_under_a_figure_are_named_only_to_who_may_see_them(session, ben, pia, as_):
    covered(
        session,
        books.a_patron(session, name="Cleo Visible", at=NOW),
        Source.PAID,
        datetime(2026, 11, 3, tzinfo=UTC),
        datetime(2026, 12, 3, tzinfo=UTC),
    )
    session.commit()
    address = "/staff/reports/patrons/rows?figure=new&month=2026-11"

    assert address in as_(ben).get("/staff/reports/patrons").text.replace("&amp;", "&")
    assert "Cleo Visible" not in as_(ben).get(address).text
    assert "Cleo Visible" in as_(pia).get(address).text
    assert "2026-11-03,recurring," in as_(ben).get(address.replace("/rows?", "/rows.csv?")).text
    assert as_(ben).get("/staff/reports/patrons/rows?figure=tall&month=2026-11").status_code == 404
