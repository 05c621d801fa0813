"""The desk: what waits today. Also tells every staff page its ways."""

from flask import Blueprint, current_app, render_template, request, url_for
from flask_babel import gettext as _

from membership import clock
from membership.accounts.guards import admits
from membership.accounts.models import Account
from membership.accounts.session import current_account, signed_in_account
from membership.db import db
from membership.newsroom.present import newsroom
from membership.reports import income, recurring, supporters
from membership.reports.pages.parts import Amounts, Twelfths
from membership.reports.periods import last_months
from membership.staff import desk, tasks  # noqa: F401 - tasks puts the features' providers on the desk
from membership.staff.navigation import staff_nav
from membership.web import access
from membership.web.access import Entry
from membership.web.filters import number

bp = Blueprint("desk", __name__)


@bp.get("")
@access.staff("staff")
def index() -> str:
    """Show what waits."""
    account = signed_in_account()
    return render_template(
        "staff/desk/index.html",
        tasks=desk.waiting(db.session(), account),
        figures=_figures(),
        shortcuts=_shortcuts(account),
    )


@bp.app_context_processor
def _ways() -> dict[str, object]:
    declared = access.of(current_app.view_functions.get(request.endpoint or "")) if request else None
    account = current_account() if declared is not None and declared.entry is Entry.STAFF else None
    return {"staff_nav": staff_nav(account)} if account is not None else {}


def _figures() -> list[dict[str, str]]:
    """The month so far in four figures, each leading to its report."""
    currency, zone = newsroom().default_currency, newsroom().zone
    months = last_months(2, clock.today(zone))
    income_now = income.by_month(db.session(), currency, months)[1]
    bridge_now = recurring.bridge(db.session(), currency, months)[1]
    patrons_now = supporters.by_month(db.session(), months, zone, now=clock.now())[1]
    money, exact = Amounts(currency), Twelfths(currency)
    return [
        _figure(_("Gross this month"), money(income_now.gross), "show_income"),
        _figure(_("Recurring a month"), exact(bridge_now.end), "show_recurring"),
        _figure(_("Patrons"), number(patrons_now.end), "patrons.show"),
        _figure(_("At risk: a renewal has failed"), number(patrons_now.at_risk), "patrons.show"),
    ]


def _figure(label: str, value: str, report: str) -> dict[str, str]:
    return {"label": label, "value": value, "url": url_for(f"staff.reports.{report}")}


def _shortcuts(account: Account) -> list[tuple[str, str]]:
    """What is done most often, as far as this account may: (label, url)."""
    known = (
        ("staff.articles.new", _("Write an article")),
        ("staff.appeals.new", _("Write an appeal")),
        ("staff.topics.new_round", _("Prepare a round of voting")),
        ("staff.reports.show_income", _("See what came in")),
        ("staff.reports.stories.show", _("See which stories bring patrons")),
        ("staff.giving.other_ways.index", _("Edit the other ways to support")),
        ("staff.people.new", _("Let somebody work here")),
    )
    views = current_app.view_functions
    return [(label, url_for(name)) for name, label in known if admits(account, access.of(views.get(name)))]
