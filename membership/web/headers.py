"""The security headers of every answer, and the default that nothing personal is kept by a cache."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request

CHECKOUT_HOSTS = ("https://checkout.stripe.com", "https://billing.stripe.com", "https://invoice.stripe.com")


def init_app(app: Flask) -> None:
    """Set the headers on every answer of `app`."""
    base = app.config["STRIPE_API_BASE"]
    # Chromium applies form-action to the redirect after a post too, so Stripe's pages must be named.
    hosts = CHECKOUT_HOSTS + ((base,) if base else ())
    app.config["CONTENT_SECURITY_POLICY"] = content_security_policy(form_hosts=hosts)
    app.after_request(_set)


def content_security_policy(*, form_hosts: tuple[str, ...], frame_ancestors: str = "'none'") -> str:
    """The policy: everything from this site, no inline script or style, no frames."""
    return "; ".join(
        (
            "default-src 'none'",
            "img-src 'self' data:",
            "style-src 'self'",
            "script-src 'self'",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            f"form-action 'self' {' '.join(form_hosts)}".rstrip(),
            f"frame-ancestors {frame_ancestors}",
        )
    )


def always(config: Mapping[str, Any]) -> dict[str, str]:
    """The headers that every answer has unless its view sets its own, whatever it is about."""
    found = {
        "Content-Security-Policy": config["CONTENT_SECURITY_POLICY"],
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "browsing-topics=(), camera=(), geolocation=(), microphone=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Frame-Options": "DENY",
    }
    if urlsplit(config["BASE_URL"]).scheme == "https":
        found["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    return found


OF_A_FONT = frozenset(
    {
        "Cross-Origin-Resource-Policy",
        "Strict-Transport-Security",
        "X-Content-Type-Options",
        "X-Frame-Options",
    }
)
"""What a font needs of them: it runs nothing, loads nothing and leads nowhere.

With all of them the face of Latin headlines, 13,960 bytes, would outgrow the ten segments that a server sends before
it waits for the first answer (RFC 6928), and come one turn later.
"""


def keep_to_itself(response: Response) -> Response:
    """For pages whose address may hold a way in, a token or a code: no store, no referrer, no search engine."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _set(response: Response) -> Response:
    headers = response.headers
    wanted = always(current_app.config)
    if "frame-ancestors 'none'" not in headers.get("Content-Security-Policy", "frame-ancestors 'none'"):
        del wanted["X-Frame-Options"]
    if (response.mimetype or "").startswith("font/"):
        wanted = {name: value for name, value in wanted.items() if name in OF_A_FONT}
    for name, value in wanted.items():
        headers.setdefault(name, value)
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
        if request.endpoint != "static":
            headers.add("Vary", "Cookie")
    return response
