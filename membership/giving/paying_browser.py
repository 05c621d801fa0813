"""The browser that pays: a random cookie for 24 hours, so that the thank-you page knows to whom it may speak.

It is set when somebody goes on to payment, never by showing a page. It is the cookie that asking for a sign-in code
sets too (accounts.routes), so that the code in the welcome mail can be typed in the browser that paid. Its value
follows from the form's random key: a form sent twice at once still leaves one value.
"""

from datetime import timedelta

from flask import Response, current_app, request

from membership import secrets

COOKIE = "asking"
LIFE = timedelta(hours=24)
PURPOSE = "browser"


def read() -> str:
    """This browser's random value; "" if it has none."""
    return request.cookies.get(_name(), "")[:100]


def value_of(form_key: str) -> str:
    """The value for the browser that sends a form."""
    return secrets.hash_token(form_key, "paying browser")


def hash_of(value: str) -> str:
    """What is stored of it; "" of none."""
    return secrets.hash_token(value, PURPOSE) if value else ""


def is_this(stored_hash: str) -> bool:
    """Whether this browser is the one whose hash was stored."""
    value = read()
    return bool(value) and bool(stored_hash) and hash_of(value) == stored_hash


def keep(response: Response, value: str) -> None:
    """Let this browser be known by the value for 24 hours from now."""
    response.set_cookie(
        _name(),
        value,
        max_age=LIFE,
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        httponly=True,
        samesite="Lax",
        path="/",
    )


def _name() -> str:
    return f"__Host-{COOKIE}" if current_app.config["SESSION_COOKIE_SECURE"] else COOKIE
