"""Log lines: one JSON object each, with the request's id, and never a variable's value.

Tracebacks are written without local variables: an address or a name that a function holds must not reach a log.
"""

import logging
import secrets
import sys

import structlog
from flask import Flask, g

from membership.web import error_reports

FIELDS_THAT_NAME_PEOPLE = frozenset({"email", "name", "recipient", "address", "token", "code"})


def init_app(app: Flask, *, errors_to: str) -> None:
    """Write the log of `app` as JSON lines on standard error, and report its errors to a DSN of Sentry, if any."""
    error_reports.init_app(app, errors_to)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            leave_out_people,
            error_reports.report_logged,
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    app.before_request(_name_request)
    app.teardown_request(_forget_request)


def leave_out_people(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Drop fields that could say who somebody is, whoever put them there."""
    return {key: value for key, value in event.items() if key not in FIELDS_THAT_NAME_PEOPLE}


def _name_request() -> None:
    g.request_id = secrets.token_hex(8)
    structlog.contextvars.bind_contextvars(request=g.request_id)


def _forget_request(_error: BaseException | None) -> None:
    structlog.contextvars.unbind_contextvars("request")
