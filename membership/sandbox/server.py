"""The sandbox as a WSGI app, and as a server on this machine."""

import json
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from membership.sandbox import answering, every_operation, views
from membership.sandbox.account import Account
from membership.sandbox.control import Control
from membership.sandbox.deliveries import Deliveries, Sender
from membership.sandbox.errors import ApiError
from membership.sandbox.faults import Fault
from membership.sandbox.idempotency import Answer
from membership.sandbox.objects import API_VERSION
from membership.sandbox.rules import DEFAULT_SECRET_KEY, DEFAULT_WEBHOOK_SECRET, Rules

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

DEFAULT_PORT = 12111


class LiveKeyError(ValueError):
    """The key is a live one; the sandbox touches no real money and takes none."""


class NotLoopbackError(ValueError):
    """The address can be reached from other machines."""


class Sandbox(Control):
    """A stand-in for one Stripe account: a WSGI app, and the levers to control it from Python."""

    def __init__(
        self,
        *,
        secret_key: str = DEFAULT_SECRET_KEY,
        webhook_secret: str = DEFAULT_WEBHOOK_SECRET,
        webhook_url: str | None = None,
        sender: Sender | None = None,
        store: str | None = None,
        seed: int | None = None,
        rules: Rules | None = None,
        clock_file: Path | None = None,
    ) -> None:
        """Set up an account.

        Raises:
            LiveKeyError: `secret_key` is not a test key.
        """
        if not secret_key.startswith(("sk_test_", "rk_test_")):
            raise LiveKeyError(secret_key[:8])
        every_operation.load()
        account = Account(store=store, seed=seed, rules=rules, clock_file=clock_file)
        super().__init__(account, Deliveries(account, secret=webhook_secret, url=webhook_url, sender=sender))
        self.deliveries.before_each = self._tick
        self.secret_key = secret_key
        self.webhook_secret = webhook_secret
        self.url = ""

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        request.max_content_length = (
            256 * 1024 * 1024 if request.path.startswith("/_sandbox/") else 4 * 1024 * 1024
        )
        if request.path.startswith("/v1/"):
            response = self._api(request)
        else:
            try:
                response = views.answer(self, request)
            except HTTPException as error:
                response = views.error_page(error)
            except ApiError as error:
                response = views.refusal(error)
            self.deliveries.wake()
        response.headers["Date"] = formatdate(self.now(), usegmt=True)
        return response(environ, start_response)

    def _tick(self) -> None:
        with self.account.lock:
            self.catch_up()

    def _api(self, request: Request) -> Response:
        fault = self.faults.take(request.method, request.path)
        if fault is not None:
            response = self._trouble(request, fault)
            if response is not None:
                return response
        response = self.answer_call(request)
        if fault is not None and fault.kind == "cut_after":
            return _cut(request)
        if fault is not None and fault.kind == "half":
            response.set_data(response.get_data()[: len(response.get_data()) // 2])
        return response

    def _trouble(self, request: Request, fault: Fault) -> Response | None:
        if fault.kind == "slow":
            time.sleep(fault.seconds)
        elif fault.kind == "cut_before":
            return _cut(request)
        elif fault.kind == "error":
            if fault.is_remembered:
                self._remember_failure(request)
            return _failure(500, "An unknown error occurred.", "api_error")
        elif fault.kind == "busy":
            response = _failure(
                429, "Too many requests in a short time.", "invalid_request_error", "rate_limit"
            )
            response.headers["Retry-After"] = str(int(fault.seconds))
            return response
        elif fault.kind == "revoked":
            return _failure(401, "Expired API Key provided: sk_test_********", "invalid_request_error")
        elif fault.kind == "html":
            return Response("<html><body><h1>502 Bad Gateway</h1></body></html>", 502, mimetype="text/html")
        return None

    def _remember_failure(self, request: Request) -> None:
        asked = self._asked(request)
        with self.account.lock:
            answering.remember(
                self.account,
                asked,
                Answer(500, ApiError("An unknown error occurred.", kind="api_error").body),
            )

    def _asked(self, request: Request) -> answering.Request:
        return answering.Request(
            method=request.method,
            path=request.path,
            form=request.get_data(as_text=True) if request.method == "POST" else _query(request),
            authorization=request.headers.get("Authorization", ""),
            version=request.headers.get("Stripe-Version", ""),
            idempotency_key=request.headers.get("Idempotency-Key", ""),
            id=self.account.ids.new("request"),
        )

    def answer_call(self, request: Request) -> Response:
        """Answer one call of the API."""
        with self.account.lock:
            self.catch_up()
            asked = self._asked(request)
            try:
                answering.check_key(asked, self.secret_key)
                given, is_replayed = answering.answer(self.account, asked)
            except ApiError as error:
                given, is_replayed = Answer(error.status, error.body), False
        self.deliveries.wake()
        response = Response(json.dumps(given.body), given.status, mimetype="application/json")
        response.headers["Request-Id"] = asked.id
        response.headers["Stripe-Version"] = API_VERSION
        if asked.idempotency_key:
            response.headers["Idempotency-Key"] = asked.idempotency_key
        if is_replayed:
            response.headers["Idempotent-Replayed"] = "true"
        return response


def _query(request: Request) -> str:
    return request.query_string.decode("ascii", errors="replace")


def _failure(status: int, message: str, kind: str, code: str | None = None) -> Response:
    body = ApiError(message, status=status, kind=kind, code=code).body
    return Response(json.dumps(body, indent=2), status, mimetype="application/json")


def _cut(request: Request) -> Response:
    """Close the connection under the answer; without a connection (a test client), answer with nothing."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    return Response(b"", 502)


class _Quiet(WSGIRequestHandler):
    """A request handler that writes no log: the index page shows what happened."""

    protocol_version = "HTTP/1.1"

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begin an answer without the machine's own date: the sandbox's stands in its headers already."""
        self.send_response_only(code, message)

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the base's own name
        """Write nothing."""


def serve(sandbox: Sandbox, *, host: str = "127.0.0.1", port: int = DEFAULT_PORT) -> BaseWSGIServer:
    """Bind a server for a sandbox to this machine alone; port 0 takes any free one.

    Raises:
        NotLoopbackError: `host` is not a loopback address.
        OSError: The port is taken.
    """
    try:
        is_loopback = ip_address(host).is_loopback
    except ValueError:
        is_loopback = False  # a name: where it leads is not known
    if not is_loopback:
        raise NotLoopbackError(host)
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.listen(128)
        bound = taken.getsockname()[1]
        server = make_server(host, bound, sandbox, threaded=True, request_handler=_Quiet, fd=taken.fileno())
    finally:
        taken.close()
    sandbox.url = f"http://{host}:{bound}"
    sandbox.account.store.remember("base_url", sandbox.url)
    return server


@contextmanager
def running_sandbox(
    *, port: int = 0, background: bool = False, kind: type[Sandbox] = Sandbox, **settings: object
) -> Iterator[Sandbox]:
    """Run a sandbox on this machine for the length of a block; see the package's own page for the levers.

    `settings` are those of `Sandbox`. With `background`, events are sent as they happen; without, they wait for
    `sandbox.deliveries.deliver_all()`.
    """
    sandbox = kind(**settings)  # type: ignore[arg-type]  # the class names and checks them
    server = serve(sandbox, port=port)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="sandbox", daemon=True)
    thread.start()
    if background:
        sandbox.deliveries.start()
    try:
        yield sandbox
    finally:
        if background:
            sandbox.deliveries.stop()
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
        sandbox.account.store.connection.close()
