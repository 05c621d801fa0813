"""The way to Stripe: one client, pinned to one API version, with bounds on how long and how much of us it may hold.

Connecting may take 3 s, waiting for bytes 10 s, a call with its repeats 15 s in all, also where the answer trickles.
At most MOST_CALLS_AT_ONCE run at a time, which is half of what a web worker serves at once (cli.granian.OPTIONS): when
a slow Stripe holds them all, further calls fail at once and the other half serves the rest of the site. No transaction
may be open during a call.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

import stripe
import structlog

from membership import clock
from membership.gateway.errors import API_KEY, STRIPES_OWN, GatewayRefused, GatewayUnavailable
from membership.settings import Settings

log = structlog.get_logger(__name__)

API_VERSION = "2026-10-28.endive"
"""The version every call speaks and every webhook endpoint must be made with."""

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 10
DEADLINE_S = 15
REPEATS = 2
MOST_CALLS_AT_ONCE = 4

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What Stripe said: the object as plain JSON, and the second of its Date header."""

    body: Json
    as_of: datetime

    @property
    def id(self) -> str:
        """The object's id."""
        return str(self.body["id"])


class Gateway:
    """Calls to one Stripe account, real or sandbox. The modules beside this one take it as first argument."""

    def __init__(self, settings: Settings, *, deadline_s: float = DEADLINE_S) -> None:
        self.is_live = settings.is_live
        self.known_products: set[str] = set()  # by products.ensure: asked about once a process
        self._deadline_s = deadline_s
        self._pool = ThreadPoolExecutor(MOST_CALLS_AT_ONCE, thread_name_prefix="stripe")
        self._free = threading.BoundedSemaphore(MOST_CALLS_AT_ONCE)
        addresses: Json = {"api": settings.stripe_api_base} if settings.stripe_api_base else {}
        self._client = stripe.StripeClient(
            settings.stripe_secret_key,
            stripe_version=API_VERSION,
            base_addresses=cast("Any", addresses),
            max_network_retries=REPEATS,
            http_client=stripe.RequestsClient(timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S)),
        )

    def call(self, ask: Callable[[stripe.StripeClient], Any]) -> Answer:
        """Let `ask` make one call with the client, and give the answer.

        Raises:
            GatewayUnavailable: no usable answer within the deadline.
            GatewayRefused: Stripe said no.
        """
        answer = self._within_deadline(ask)
        response = answer.last_response
        return Answer(body=dict(response.data), as_of=_date_of(response.headers))

    def _within_deadline(self, ask: Callable[[stripe.StripeClient], Any]) -> Any:  # noqa: ANN401 - any of Stripe's classes
        if not self._free.acquire(blocking=False):
            raise GatewayUnavailable("busy", is_unknown=False)
        try:
            running = self._pool.submit(self._ask, ask)
        except BaseException:
            self._free.release()
            raise
        try:
            return running.result(timeout=self._deadline_s)
        except TimeoutError:
            log.warning("stripe_too_slow", deadline_s=self._deadline_s)
            raise GatewayUnavailable("deadline", is_unknown=True) from None
        except stripe.StripeError as error:
            raise _in_our_words(error) from None

    def _ask(self, ask: Callable[[stripe.StripeClient], Any]) -> Any:  # noqa: ANN401 - any of Stripe's classes
        try:
            return ask(self._client)
        finally:  # before anybody has the answer, so that whoever asks next finds the place free
            self._free.release()


def _in_our_words(error: stripe.StripeError) -> GatewayUnavailable | GatewayRefused:
    code = error.code or ""
    status = error.http_status or 0
    log.warning("stripe_error", kind=type(error).__name__, code=code, status=status, request=error.request_id)
    if isinstance(error, stripe.RateLimitError):
        return GatewayUnavailable("rate_limit", is_unknown=False)
    if status >= 500 and error.json_body:
        return GatewayUnavailable(STRIPES_OWN, is_unknown=True)
    if isinstance(error, (stripe.APIConnectionError, stripe.APIError)) or status >= 500:
        return GatewayUnavailable(code or type(error).__name__, is_unknown=True)
    if isinstance(error, (stripe.AuthenticationError, stripe.PermissionError)):
        return GatewayRefused(code if code.startswith(API_KEY) else API_KEY, is_ours=True)
    if isinstance(error, stripe.IdempotencyError):
        return GatewayRefused("idempotency_error", is_ours=True)
    return GatewayRefused(code or type(error).__name__, param=getattr(error, "param", None) or "")


def _date_of(headers: Any) -> datetime:  # noqa: ANN401 - a mapping of requests' own
    """The second at which Stripe answered; ours if it did not say."""
    told = headers.get("Date")
    try:
        return parsedate_to_datetime(told).astimezone(UTC) if told else clock.now().replace(microsecond=0)
    except ValueError:
        return clock.now().replace(microsecond=0)


@dataclass
class _Current:
    gateway: Gateway | None = None


_current = _Current()


def configure(settings: Settings) -> None:
    """Call Stripe with these settings from now on (the factory calls it)."""
    _current.gateway = Gateway(settings)


def current() -> Gateway:
    """The gateway of this process."""
    if _current.gateway is None:
        raise RuntimeError("gateway.client.configure has not been called")
    return _current.gateway
