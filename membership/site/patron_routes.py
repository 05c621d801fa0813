"""The patron's page: the gift, what is charged next, what came so far, votes and the stories they led to."""

from flask import render_template
from flask.typing import ResponseReturnValue

from membership import clock
from membership.accounts.session import current_account
from membership.db import db
from membership.giving import gift_memberships, gift_memberships_listed, gifts, history, receipts_shown
from membership.patrons import elsewhere, standing
from membership.patrons import queries as patrons
from membership.site.blueprint import bp
from membership.topics import queries as topics
from membership.web import access
from membership.web.languages import page_language


@bp.get("/patron")
@access.signed_in
def patron() -> ResponseReturnValue:
    """Show a patron everything about the support, or a reader with an account the way to begin."""
    session, now = db.session(), clock.now()
    account = current_account()
    known = patrons.of_account(session, account.id) if account is not None else None
    if known is None:
        return render_template("site/no_patron.html")
    covered = patrons.coverages_of(session, known.id)
    own = gifts.of_patron(session, known.id)
    until = standing.active_until(covered, now)
    payments = history.of_patron(session, known.id)
    return render_template(
        "site/patron.html",
        patron=known,
        gifts=own,
        is_running=any(gift.is_running for gift in own),
        has_two=sum(not (gift.has_ended or gift.ends_at) for gift in own) > 1,
        is_active=standing.at(covered, now) is standing.Standing.ACTIVE,
        active_until=standing.last_instant(until) if until is not None else None,
        elsewhere=elsewhere.supports_of(session, known.id, now),
        received=gift_memberships_listed.received_by(session, known.id),
        payments=payments,
        given=gift_memberships.stated_of_giver(session, known.id),
        receipts=receipts_shown.labels_of(session, [payment.id for payment in payments]),
        votes=topics.votes_of(session, known.id, page_language()),
        open_round=topics.open_round(session),
    )
