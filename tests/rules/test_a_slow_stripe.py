"""However many calls to Stripe hang, half of the requests that a web worker serves at once are left for readers."""

from membership.cli import granian
from membership.gateway import client

OPTION = "--blocking-threads="


def test_c25_calls_to_stripe_hold_at_most_half_of_a_workers_requests() -> None:
    (told,) = [word.removeprefix(OPTION) for word in granian.OPTIONS if word.startswith(OPTION)]

    assert int(told) >= 2 * client.MOST_CALLS_AT_ONCE
