"""Taking events in and applying them asks by index alone, so that a million patrons make it no slower."""

import json
from typing import Any

import pytest
from sqlalchemy import event as listening

from membership.db import db
from membership.giving import applying
from tests.giving.conftest import signed
from tests.giving.stripe_words import Life, monthly, once

pytestmark = pytest.mark.one_engine  # SQLite tells its plan whatever stands in the tables
SMALL = ("SCAN setting", "SCAN sealed_month ", "SCAN campaign ", "SCAN CONSTANT ROW")
"""A few rows of what the newsroom has decided, one for each month or campaign, and no table."""


def test_no_statement_reads_a_table_whole_or_sorts_what_waits(app, session, client):
    app.extensions["membership_door"]._pace.is_a_burst = lambda: True
    seen: dict[str, Any] = {}

    def note(_connection, _cursor, statement, parameters, _context, many) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            seen.setdefault(statement, parameters[0] if many else parameters)

    lives = [Life(f"plan{number}") for number in range(4)]
    for life in lives:
        (once if life is lives[0] else monthly)(life)
    session.rollback()
    listening.listen(db.engine, "before_cursor_execute", note)
    for event in [event for life in lives for event in life.events] + lives[0].events:
        body = json.dumps(event).encode()
        assert client.post("/stripe/events", data=body, headers=signed(body)).status_code == 200
    assert applying.apply_all(session) > 10
    listening.remove(db.engine, "before_cursor_execute", note)

    assert len(seen) > 40
    with db.engine.connect() as connection:
        for statement, parameters in seen.items():
            plan = {
                row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            }
            whole = [step for step in plan if step.startswith("SCAN") and not step.startswith(SMALL)]
            assert not whole, f"{whole}: {statement}"
            if " FROM event " in statement.replace("\n", ""):
                assert not [step for step in plan if "TEMP B-TREE" in step], statement
