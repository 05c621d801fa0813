"""The staff's ways: the pages of the desk that an account may enter, by what each page itself declares."""

from flask import current_app, request, url_for
from flask_babel import gettext as _

from membership.accounts.guards import admits
from membership.accounts.models import Account
from membership.web import access

ENDPOINTS = (
    "staff.desk.index",
    "staff.reports.index",
    "staff.giving.index",
    "staff.patrons.index",
    "staff.articles.index",
    "staff.appeals.index",
    "staff.topics.index",
    "staff.people.index",
    "staff.settings.index",
    "staff.audit.index",
)


def staff_nav(account: Account) -> list[dict[str, object]]:
    """The pages at the side, as {label, url, current}; a page that an account may not enter is not named."""
    here = request.script_root + request.path
    items = [
        {"label": _label(endpoint), "url": url_for(endpoint)}
        for endpoint in ENDPOINTS
        if admits(account, access.of(current_app.view_functions.get(endpoint)))
    ]
    leading = [str(item["url"]) for item in items if _leads_to(str(item["url"]), here)]
    current = max(leading, key=len, default=None)
    return [{**item, "current": item["url"] == current} for item in items]


def _leads_to(url: str, here: str) -> bool:
    return here == url or here.startswith(url.rstrip("/") + "/")


def _label(endpoint: str) -> str:
    labels = {
        "staff.desk.index": _("Desk"),
        "staff.reports.index": _("Reports"),
        "staff.giving.index": _("Payments"),
        "staff.patrons.index": _("Patrons"),
        "staff.articles.index": _("Articles"),
        "staff.appeals.index": _("Appeals"),
        "staff.topics.index": _("Topics and rounds"),
        "staff.people.index": _("People"),
        "staff.settings.index": _("Settings"),
        "staff.audit.index": _("Audit trail"),
    }
    return str(labels[endpoint])
