"""Errors reach the Sentry that the operator has named: what failed and where, and nothing that names somebody."""

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import brotli
import pytest
import sentry_sdk
import structlog
from flask import Flask

from membership.settings import Settings, SettingsError
from membership.web import access

EVE = "eve@example.org"
UNPACKED = {"gzip": gzip.decompress, "br": brotli.decompress, None: bytes}


@pytest.fixture
def reports(settings_env: dict[str, str]) -> Iterator[list[str]]:
    """What a stand-in for Sentry on loopback has been sent; the app is told of it before it is made."""
    sent: list[str] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sent.append(UNPACKED[self.headers["Content-Encoding"]](body).decode())
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings_env["MEMBERSHIP_SENTRY_DSN"] = f"http://key@127.0.0.1:{server.server_port}/1"
    yield sent
    sentry_sdk.get_client().close(timeout=5)
    sentry_sdk.get_global_scope().set_client(None)
    server.shutdown()
    server.server_close()


def _fails() -> str:
    who = EVE
    raise ValueError(f"no such reader: {who}")


def test_a_view_that_fails_is_reported_without_anybody_in_it(reports: list[str], app: Flask):
    app.config["TESTING"] = app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/fails/<token>", "fails", access.public(lambda **_token: _fails()), methods=["POST"])
    client = app.test_client()

    answer = client.post(
        f"/fails/{EVE}?of={EVE}",
        data={"email": EVE},
        headers={"Cookie": f"c={EVE}", "Origin": "http://localhost"},
    )
    sentry_sdk.flush(timeout=10)

    assert answer.status_code == 500
    (report,) = reports
    assert "ValueError" in report
    assert "_fails" in report
    assert '"endpoint":"fails"' in report.replace('": "', '":"')
    assert EVE not in report


def test_what_is_logged_as_an_error_is_reported_by_its_name(reports: list[str], app: Flask):
    del app
    log = structlog.get_logger("test")

    log.error("protected_mode_begins", why=EVE)
    log.info("mail_sent", about=EVE)
    try:
        _fails()
    except ValueError:
        log.exception("task_failed", task=EVE)
    sentry_sdk.flush(timeout=10)

    assert len(reports) == 2
    assert "protected_mode_begins" in reports[0]
    assert "task_failed" in reports[1]
    assert "ValueError" in reports[1]
    assert EVE not in "".join(reports)


def test_without_a_dsn_nothing_is_sent(app: Flask):
    del app

    assert not sentry_sdk.get_client().is_active()


def test_a_dsn_that_is_none_is_a_fault(settings_env: dict[str, str]):
    with pytest.raises(SettingsError, match="MEMBERSHIP_SENTRY_DSN must be like"):
        Settings.from_environment(settings_env | {"MEMBERSHIP_SENTRY_DSN": "errors.example"})
