"""The cookie that asks us not to ask: `appeal=off`, the same for everybody who has it, without identity."""

from datetime import timedelta

from flask import Response, current_app

COOKIE = "appeal"
OFF = "off"


def asks_for_quiet(cookies: str) -> bool:
    """Whether a Cookie header holds exactly `appeal=off`."""
    wanted = f"{COOKIE}={OFF}"
    return wanted in cookies and any(part.strip() == wanted for part in cookies.split(";"))


def quiet(response: Response, *, days: int) -> None:
    """Let this browser be shown the quiet copies for so many days."""
    response.set_cookie(
        COOKIE,
        OFF,
        max_age=timedelta(days=days),
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        httponly=True,
        samesite="Lax",
        path="/",
    )
