"""Test clocks, the account's own clock, and the file the app reads it from."""

import json
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests
import stripe

from membership.sandbox.server import Sandbox, running_sandbox
from membership.sandbox.steps import UnclearStepError, after
from tests.sandbox import person
from tests.sandbox.person import DAY, HOUR


def test_a_customer_of_a_test_clock_lives_by_it(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    frozen = sandbox.now() + 100 * DAY
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": frozen})

    begun = person.subscribe(client, person.patron(client, test_clock=clock.id))

    assert begun.created == frozen
    assert begun.test_clock == clock.id
    assert sandbox.all("charge")[0]["created"] == frozen


def test_advancing_a_clock_renews_its_customers_only(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": sandbox.now()})
    person.subscribe(client, person.patron(client, test_clock=clock.id))
    other = person.subscribe(client, person.patron(client))

    moved = client.v1.test_helpers.test_clocks.advance(
        clock.id, {"frozen_time": clock.frozen_time + 32 * DAY}
    )

    assert moved.status == "advancing"
    assert client.v1.test_helpers.test_clocks.retrieve(clock.id).status == "ready"
    assert len(sandbox.all("charge")) == 3
    assert len(sandbox.all("charge", customer=str(other.customer))) == 1
    assert person.told(sandbox)[-1] == "test_helpers.test_clock.ready"


def test_a_clock_goes_forward_and_two_intervals_at_most(client: stripe.StripeClient) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": int(time.time())})
    person.subscribe(client, person.patron(client, test_clock=clock.id))

    for target in (clock.frozen_time - 1, clock.frozen_time + 90 * DAY):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": target})


def test_a_deleted_clock_takes_its_customers_with_it(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": sandbox.now()})
    customer = person.patron(client, test_clock=clock.id)

    client.v1.test_helpers.test_clocks.delete(clock.id)

    assert sandbox.get(customer)["deleted"] is True


def test_the_date_of_an_answer_is_the_sandboxs(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    sandbox.advance("1 year")

    answer = client.v1.customers.list().last_response

    assert answer
    said = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert abs(said - sandbox.now()) <= 2
    assert said - time.time() > 360 * DAY


def test_the_clock_file_follows(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    with running_sandbox(clock_file=file) as sandbox:
        sandbox.advance("3 days")

        assert json.loads(file.read_text(encoding="utf-8")) == {"offset_seconds": 3 * DAY}


def test_an_account_in_memory_goes_on_where_the_clock_file_is(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    file.write_text('{"offset_seconds": 86400}', encoding="utf-8")

    with running_sandbox(clock_file=file) as sandbox:
        assert sandbox.clock.offset == DAY


def test_advancing_over_http_from_the_page_and_from_a_program(sandbox: Sandbox) -> None:
    before = sandbox.now()

    told = requests.post(f"{sandbox.url}/_sandbox/advance", data={"step": "1 day"}, timeout=10)
    page = requests.post(f"{sandbox.url}/_sandbox/advance", data={"step": "1 hour", "back": "1"}, timeout=10)

    assert told.json()["offset_seconds"] == DAY
    assert page.history[0].status_code == 303
    assert 0 <= sandbox.now() - before - DAY - HOUR <= 5


def test_a_page_of_another_site_moves_nothing(sandbox: Sandbox) -> None:
    answer = requests.post(
        f"{sandbox.url}/_sandbox/advance",
        data={"step": "1 day"},
        headers={"Sec-Fetch-Site": "cross-site"},
        timeout=10,
    )

    assert answer.status_code == 400
    assert sandbox.clock.offset == 0


@pytest.mark.parametrize("step", ["", "soon", "1", "-1 day", "1 fortnight", "١ day"])
def test_an_unclear_step_is_refused(sandbox: Sandbox, step: str) -> None:
    with pytest.raises(UnclearStepError):
        sandbox.advance(step)


def test_a_month_is_the_calendars() -> None:
    assert after(1_769_860_800, "1 month") == 1_772_280_000  # 31 January 2026 12:00 to 28 February
    assert after(0, "1year") == 365 * DAY
    assert after(5, 10) == 15
