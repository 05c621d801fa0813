"""Errors on their way to Sentry, where the operator has named one: what failed and where, never who was there.

Sent are the kind of an error and its lines of code, and the names of what was logged as an error. Not sent are an
error's own words, values of variables, addresses, headers, forms and the machine's name: any of them could name
somebody. The SDK's own integrations, which gather such things, are off.
"""

import sys
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, got_request_exception, request

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

SENT = (
    "event_id",
    "timestamp",
    "platform",
    "level",
    "exception",
    "message",
    "release",
    "tags",
    "sdk",
    "contexts",
)
OF_CONTEXTS = ("trace",)


def init_app(app: Flask, dsn: str) -> None:
    """Report what goes wrong in `app` and in this process's log to `dsn`; nothing if that is empty."""
    if not dsn:
        return
    import sentry_sdk  # noqa: PLC0415 - an extra, and much to hold for who reports to nobody

    sentry_sdk.init(
        dsn=dsn,
        default_integrations=False,
        include_local_variables=False,
        include_source_context=True,
        max_breadcrumbs=0,
        server_name="",
        before_send=_without_people,
    )
    got_request_exception.connect(_failed, app)


def report_logged(
    _logger: object, method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Pass a line of the log on if it tells of an error; a processor of structlog, the line stays as it is."""
    if method not in {"error", "critical", "exception"} or "sentry_sdk" not in sys.modules:
        return event
    import sentry_sdk  # noqa: PLC0415 - it is there: somebody asked for it

    with sentry_sdk.new_scope() as scope:
        scope.set_tag("logged", str(event.get("event", "")))
        if event.get("exc_info") and (error := sys.exc_info()[1]) is not None:
            scope.capture_exception(error)
        else:
            scope.capture_message(str(event.get("event", "")), level="error")
    return event


def _failed(_app: Flask, exception: BaseException, **_more: object) -> None:
    import sentry_sdk  # noqa: PLC0415 - as above

    with sentry_sdk.new_scope() as scope:
        scope.set_tag("endpoint", request.endpoint or "")
        scope.set_tag("method", request.method)
        scope.capture_exception(exception)


def _without_people(event: "Event", _hint: "Hint") -> "Event":
    """What may leave: fields that are known to name nobody, and of an error its kind and place."""
    kept: dict[str, Any] = {name: value for name, value in event.items() if name in SENT}
    kept["contexts"] = {
        name: value for name, value in kept.get("contexts", {}).items() if name in OF_CONTEXTS
    }
    for one in kept.get("exception", {}).get("values", []):
        one["value"] = "(left out)"
    return kept  # type: ignore[return-value]  # a TypedDict of the SDK's, made of its own fields
