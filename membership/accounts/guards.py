"""The door of every route: what it declares with web.access is demanded before the view is entered.

A route that declares nothing is refused to all. Public routes load no account. Who has not signed in is sent to sign
in; who has, but may not know of the page, finds nothing there.
"""

import structlog
from flask import Flask, abort, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from membership.accounts import session
from membership.accounts.models import Account, Role
from membership.web import access
from membership.web.access import Access, Entry
from membership.web.units import SAFE

log = structlog.get_logger(__name__)


def init_app(app: Flask) -> None:
    """Guard every route of `app`, and tell the pages of signed-in people who they are."""
    access.public(app.view_functions["static"])
    app.before_request(_enforce)
    app.context_processor(_names)


def admits(account: Account, declared: Access | None) -> bool:
    """Whether a route lets this account in, apart from its second factor; for links that should not lead nowhere."""
    if declared is None:
        return False
    if declared.entry is not Entry.STAFF:
        return True
    if not account.may(Role(declared.role)):
        return False
    return account.sees_patrons or not declared.sees_patrons


def _enforce() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None  # no such address; Flask answers 404
    declared = access.of(current_app.view_functions.get(request.endpoint))
    if declared is None:
        log.error("route_without_access", endpoint=request.endpoint)
        abort(404)
    if declared.entry in {Entry.PUBLIC, Entry.MACHINE}:
        return None
    visitor = session.current_visitor()
    if visitor is None:
        return _to_sign_in(declared)
    session.note_visit(visitor)
    account = session.current_account()
    if account is None:
        return _to_sign_in(declared)
    _speak(account)
    return None if declared.entry is Entry.SIGNED_IN else _enforce_staff(account, declared)


def _enforce_staff(account: Account, declared: Access) -> ResponseReturnValue | None:
    if account.role is None:
        abort(404)
    visitor = session.current_visitor()
    if visitor is None or visitor.row.proven_second_factor_at is None:
        if _is_worth_showing_again(declared):
            return _shown_again()
        return redirect(url_for("accounts.second_factor.new_proof", next=_way_back()), 303)
    if not admits(account, declared):
        abort(403)
    return None


def _to_sign_in(declared: Access) -> ResponseReturnValue:
    session.forget_ended()
    if _is_worth_showing_again(declared):
        return _shown_again()
    return redirect(url_for("accounts.new_sign_in", next=_way_back()), 303)


def _is_worth_showing_again(declared: Access) -> bool:
    return declared.shows_again and bool(set(request.form) - {"csrf_token"})


def _shown_again() -> ResponseReturnValue:
    """What was sent, to be sent anew after signing in: nothing was saved, and nothing that was typed is lost.

    Only its own sender gets it: web.origin has refused what other sites send.
    """
    sent = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    has_files = any(file.filename for file in request.files.values())
    page = render_template("accounts/signed_out.html", sent=sent, has_files=has_files, action=request.path)
    return page, 403, {"Cache-Control": "no-store"}


def _way_back() -> str | None:
    """The page asked for, to come back to; nothing after a write, which nobody should repeat unseen."""
    if request.method not in SAFE:
        return None
    query = request.query_string.decode("ascii", "replace")
    return request.script_root + request.path + (f"?{query}" if query else "")


def _speak(account: Account) -> None:
    """Signed-in pages are in the account's language, unless the address names one."""
    if "membership.language" not in request.environ:
        g.language = account.language


def _names() -> dict[str, object]:
    declared = access.of(current_app.view_functions.get(request.endpoint or "")) if request else None
    if declared is None or declared.entry not in {Entry.SIGNED_IN, Entry.STAFF}:
        return {}
    return {"current_account": session.current_account()}
