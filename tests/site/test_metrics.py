"""/metrics: what waits and what was given up, for a program on this machine; it names nobody."""

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from membership.giving.models import ReconcileRun
from membership.mail.models import MailState, OutgoingMail
from membership.newsroom import shield
from membership.newsroom.models import DueRow, DueState
from membership.newsroom.shield import Why
from tests.conftest import NOON


def a_mail(session, number, *, state, not_before):
    session.add(
        OutgoingMail(
            dedupe_key=f"test:{number}",
            kind="giving/receipt",
            recipient="eve@example.org",
            language="en",
            subject="Thank you, Eve",
            text="Thank you",
            html="",
            message_id=f"<{number}@example.org>",
            queued_at=NOON - timedelta(hours=1),
            not_before=not_before,
            state=state,
        )
    )


def figures(answer):
    return {
        (sample.name, sample.labels.get("queue")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_it_tells_what_waits_for_how_long_and_what_was_given_up(session, client):
    a_mail(session, 1, state=MailState.QUEUED, not_before=NOON - timedelta(minutes=7))
    a_mail(session, 2, state=MailState.QUEUED, not_before=NOON + timedelta(days=1))  # not yet
    a_mail(session, 3, state=MailState.DEAD, not_before=NOON)
    a_mail(session, 4, state=MailState.SENT, not_before=NOON)
    session.add(DueRow(at=NOON - timedelta(seconds=30), kind="test", key="1"))
    session.add(DueRow(at=NOON, kind="test", key="2", state=DueState.FAILED))
    session.add(ReconcileRun(started_at=NOON, finished_at=NOON, differences={"rows": [], "count": 3}))
    shield.put_up(session, Why.STAFF)
    session.commit()

    answer = client.get("/metrics")
    told = figures(answer)

    assert answer.status_code == 200
    assert told["membership_waiting", "mails"] == 1
    assert told["membership_oldest_waiting_seconds", "mails"] == 7 * 60
    assert told["membership_given_up", "mails"] == 1
    assert told["membership_oldest_waiting_seconds", "due"] == 30
    assert told["membership_given_up", "due"] == 1
    assert told["membership_waiting", "events"] == told["membership_given_up", "calls"] == 0
    assert told["membership_protected_mode", None] == 1
    assert told["membership_reconcile_differences", None] == 3
    assert told["membership_reconciled_timestamp_seconds", None] == NOON.timestamp()
    assert "Eve" not in answer.text
    assert "example.org" not in answer.text


@pytest.mark.parametrize("header", ["Forwarded", "Via", "X-Forwarded-For", "X-Real-IP"])
def test_through_a_proxy_there_is_no_such_page(session, client, header):
    del session

    assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 404


def test_from_another_machine_there_is_no_such_page(session, client):
    del session

    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 404
