"""Rendering the sandbox's own pages: its templates, and amounts as people read them."""

from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from werkzeug.wrappers import Response

from membership.sandbox import balance, clock
from membership.sandbox.objects import Object

_FOLDER = Path(__file__).parent / "pages"
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
_SIGNS = {"eur": "€", "usd": "$", "gbp": "£", "uah": "₴", "pln": "zł", "jpy": "¥"}

_environment = Environment(
    loader=FileSystemLoader(_FOLDER),
    undefined=StrictUndefined,
    autoescape=select_autoescape(["html"]),
    trim_blocks=True,
    lstrip_blocks=True,
)


def amount_written(amount: int, currency: str) -> str:
    """Give an amount of minor units as it is read: `€5.00`."""
    places = balance.digits(currency)
    whole, rest = divmod(abs(amount), 10**places)
    number = f"{whole:,}" + (f".{rest:0{places}}" if places else "")
    sign = _SIGNS.get(currency)
    text = f"{sign}{number}" if sign else f"{number} {currency.upper()}"
    return f"−{text}" if amount < 0 else text


def interval_written(recurring: Object | None) -> str:
    """Give how often, as it is read: `every month`, `every 3 months`."""
    if not recurring:
        return ""
    count = recurring.get("interval_count") or 1
    return f"every {recurring['interval']}" if count == 1 else f"every {count} {recurring['interval']}s"


def to(*parts: str) -> str:
    """Give the path of one of the sandbox's own pages."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


_environment.globals["to"] = to
_environment.filters["time"] = clock.written
_environment.filters["day"] = clock.day_written
_environment.globals["amount_written"] = amount_written


def page(name: str, status: int = 200, **variables: object) -> Response:
    """Render a page."""
    text = _environment.get_template(f"{name}.html").render(**variables)
    response = Response(text, status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def message(heading: str, text: str, status: int = 200, *, link: str = "", link_text: str = "") -> Response:
    """Render a page that says one thing."""
    return page("message", status, heading=heading, text=text, link=link, link_text=link_text)


def file(name: str, mimetype: str) -> Response:
    """Give one of the files beside the pages."""
    response = Response((_FOLDER / name).read_bytes(), mimetype=mimetype)
    response.headers["Cache-Control"] = "max-age=3600"
    return response
