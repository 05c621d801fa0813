"""Reports ask the replica that the operator has named, and it alone; all else asks the database."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from membership.db import Base
from tests.reports import books

AT = datetime(2026, 11, 3, 9, tzinfo=UTC)


@pytest.fixture
def replica(settings_env: dict[str, str], tmp_path: Path) -> Path:
    """A database of its own, named as the replica before the app is made."""
    file = tmp_path / "replica.db"
    settings_env["MEMBERSHIP_REPORTS_DATABASE_URL"] = f"sqlite:///{file}"
    return file


def test_figures_are_the_replicas_while_who_reads_them_is_known_to_the_database(
    replica: Path, app: Flask, session: Session, ben, as_
):
    del app
    cleo = books.a_patron(session, at=AT)
    books.a_payment(session, cleo, 500, at=AT)
    session.commit()
    engine = create_engine(f"sqlite:///{replica}")
    Base.metadata.create_all(engine)
    with Session(engine) as at_replica:
        books.a_payment(at_replica, books.a_patron(at_replica, at=AT), 70_000, at=AT)
        at_replica.commit()
    engine.dispose()

    staff = as_(ben)

    assert "€700.00" in staff.get("/staff/reports/income").text
    assert "2026-11,eur,700.00" in staff.get("/staff/reports/income.csv").text
    assert "€500.00" not in staff.get("/staff").text
    assert "€700.00" not in staff.get("/staff").text  # the next request asks the database again


def test_a_replica_that_is_gone_is_said_kindly_and_stops_reports_alone(replica: Path, app: Flask, ben, as_):
    del app
    replica.mkdir()  # no file can be opened there

    staff = as_(ben)

    assert staff.get("/staff/reports/income").status_code == 503
    assert staff.get("/staff").status_code == 200
