"""The pages of campaigns for staff, below /staff/appeals/campaigns: their goals, words and ends."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from membership import clock
from membership.accounts.session import signed_in_account
from membership.appeals import campaigning, metering, queries
from membership.appeals.campaign_forms import CampaignForm, campaign_form, new_campaign_form
from membership.appeals.campaigning import By
from membership.appeals.errors import CampaignEndedError, SlugTakenError
from membership.appeals.models import Campaign
from membership.db import db
from membership.money import Money
from membership.newsroom import present
from membership.web import access
from membership.web.forms import SignedInForm

bp = Blueprint("campaigns", __name__, url_prefix="/campaigns")


@bp.get("")
@access.staff("editor")
def index() -> ResponseReturnValue:
    """List the campaigns, the one that ends last first."""
    views = [_view(campaign) for campaign in queries.campaigns(db.session())]
    return render_template("appeals/staff/campaigns/index.html", campaigns=views)


@bp.get("/new")
@access.staff("editor")
def new() -> ResponseReturnValue:
    """Show the form of a new campaign."""
    return _page(new_campaign_form(present.newsroom()), None)


@bp.post("/new")
@access.staff("editor")
def create() -> ResponseReturnValue:
    """Begin a campaign."""
    newsroom = present.newsroom()
    form = new_campaign_form(newsroom)
    if not form.validate():
        return _page(form, None), 422
    try:
        campaign = campaigning.begin(db.session(), form.slug.data, form.plan(newsroom), by=_by())
    except SlugTakenError:
        db.session.rollback()
        form.slug.errors = [_("Another campaign has this word. Choose another one.")]
        return _page(form, None), 422
    db.session.commit()
    flash(_("Saved. The pages of readers follow within seconds."), "success")
    return redirect(url_for("staff.appeals.campaigns.edit", slug=campaign.slug), 303)


@bp.get("/<slug>")
@access.staff("editor")
def edit(slug: str) -> ResponseReturnValue:
    """Show a campaign."""
    campaign = _campaign(slug)
    return _page(campaign_form(present.newsroom(), campaign), campaign)


@bp.post("/<slug>")
@access.staff("editor")
def update(slug: str) -> ResponseReturnValue:
    """Change a campaign."""
    campaign, newsroom = _campaign(slug), present.newsroom()
    form = campaign_form(newsroom, campaign)
    if not form.validate():
        return _page(form, campaign), 422
    campaigning.change(db.session(), campaign, form.plan(newsroom), by=_by())
    db.session.commit()
    flash(_("Saved. The pages of readers follow within seconds."), "success")
    return redirect(url_for("staff.appeals.campaigns.edit", slug=slug), 303)


@bp.get("/<slug>/end")
@access.staff("editor")
def new_end(slug: str) -> ResponseReturnValue:
    """Ask before a campaign is ended."""
    return render_template(
        "appeals/staff/campaigns/end.html", campaign=_view(_campaign(slug)), act=SignedInForm()
    )


@bp.post("/<slug>/end")
@access.staff("editor")
def end(slug: str) -> ResponseReturnValue:
    """End a campaign now."""
    campaign = _campaign(slug)
    if not SignedInForm().validate():
        abort(400)
    try:
        campaigning.end(db.session(), campaign, by=_by())
    except CampaignEndedError:
        db.session.rollback()
        flash(_("It does not run now, so there was nothing to end."), "info")
    else:
        db.session.commit()
        flash(_("Ended. What comes in from now on does not count."), "success")
    return redirect(url_for("staff.appeals.campaigns.index"), 303)


def _campaign(slug: str) -> Campaign:
    found = queries.campaign_by_slug(db.session(), slug)
    if found is None:
        abort(404)
    return found


def _by() -> By:
    account = signed_in_account()
    return By(account.id, account.public_id)


def _view(campaign: Campaign) -> dict[str, Any]:
    """A campaign as the list shows it, with its exact sum."""
    now = clock.now()
    goal = Money(campaign.goal, campaign.currency)
    meter = metering.meter(campaign, present.newsroom(), next(iter(campaign.words)))
    return {
        "campaign": campaign,
        "raised": Money(campaign.raised, campaign.currency),
        "goal": goal,
        "percent": max(0, campaign.raised * 100 // campaign.goal),
        "last_day": meter.last_day,
        "languages": sorted(campaign.words),
        "is_running": campaign.starts_at <= now < campaign.ends_at,
        "is_ahead": now < campaign.starts_at,
    }


def _page(form: CampaignForm, campaign: Campaign | None) -> str:
    link = ""
    if campaign is not None:
        link = current_app.config["BASE_URL"] + "/support?" + urlencode({"campaign": campaign.slug})
    return render_template(
        "appeals/staff/campaigns/edit.html",
        form=form,
        campaign=_view(campaign) if campaign is not None else None,
        link=link,
    )
