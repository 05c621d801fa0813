"""Floods: so many requests a minute from one network.

Budgets of money, sign-in and mail are rows (newsroom.budgets); these only keep a flood from reaching them.
"""

import ipaddress

from flask import Flask, request
from flask_limiter import Limiter
from werkzeug.middleware.proxy_fix import ProxyFix


def client_network() -> str:
    """The network a request comes from: /24 of an IPv4 address, /48 of an IPv6 one, never the whole address."""
    return network_of(request.remote_addr or "")


def network_of(address: str) -> str:
    """The /24 or /48 of an address ("" if it is none); IPv4 written as IPv6 counts as IPv4."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    prefix = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network((parsed, prefix), strict=False))


limiter = Limiter(key_func=client_network, default_limits=["1200 per minute"], headers_enabled=False)
"""`@limiter.limit("30 per minute")` on a view; every view has the default of 1200 a minute a network."""


def init_app(app: Flask) -> None:
    """Believe as many proxies as the settings say about the client's address, and limit floods."""
    trusted = app.config["TRUSTED_PROXIES"]
    if trusted:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted, x_proto=trusted)  # type: ignore[method-assign]  # as documented
    app.config["RATELIMIT_STORAGE_URI"] = app.config["LIMITS_URL"]
    app.config["RATELIMIT_SWALLOW_ERRORS"] = True  # a flood limit may fail open; the budgets do not
    limiter.init_app(app)
