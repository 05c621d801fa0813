"""Signing in and out. What these pages answer never tells whether an address has an account."""

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from membership import secrets
from membership.accounts import (
    address_routes,
    demo_routes,
    passkey_routes,
    second_factor,
    second_factor_routes,
    session,
    signing_in,
)
from membership.accounts.errors import DeadCodeError, DeadLinkError, OtherBrowserError, WrongCodeError
from membership.accounts.forms import AskForm, CodeForm, LinkForm
from membership.accounts.models import Account, SignInToken
from membership.db import db
from membership.newsroom import refusing
from membership.newsroom.budgets import BudgetSpentError
from membership.web import access, emails, headers
from membership.web.forms import SignedInForm
from membership.web.languages import page_language
from membership.web.limits import client_network
from membership.web.redirects import safe_path

bp = Blueprint("accounts", __name__)
bp.register_blueprint(second_factor_routes.bp)
bp.register_blueprint(passkey_routes.bp)
bp.register_blueprint(demo_routes.bp)
bp.register_blueprint(address_routes.bp)


@bp.after_request
def _keep_to_itself(response: Response) -> Response:
    """As `headers.keep_to_itself`; but who searches for where to sign in may find the bare page."""
    response = headers.keep_to_itself(response)
    if request.endpoint == "accounts.new_sign_in" and not request.query_string:
        del response.headers["X-Robots-Tag"]
    return response


@bp.get("/sign-in")
@access.public
def new_sign_in() -> str:
    """Ask for the address."""
    form = AskForm(data={"next": safe_path(request.args.get("next"), default="")})
    return render_template("accounts/new_sign_in.html", form=form)


@bp.post("/sign-in")
@access.public
def create_sign_in() -> ResponseReturnValue:
    """Mail a link and a code, whoever it is."""
    form = AskForm()
    if not form.validate():
        return render_template("accounts/new_sign_in.html", form=form), 422
    browser = secrets.new_token()
    try:
        signing_in.ask(
            db.session(),
            form.email.data,
            browser=browser,
            network=client_network(),
            language=page_language(),
            next_path=safe_path(form.next.data, default=""),
        )
    except BudgetSpentError as spent:
        db.session.commit()
        return refusing.too_often(spent, "accounts/too_often.html")
    db.session.commit()
    answer = make_response(redirect(url_for(".new_code"), 303))
    remember_asking(answer, browser)
    return answer


@bp.get("/sign-in/code")
@access.public
def new_code() -> ResponseReturnValue:
    """Ask for the code that this browser awaits."""
    awaited = signing_in.awaited(db.session(), browser=_asking_browser())
    if awaited is None:
        return redirect(url_for(".new_sign_in"), 303)
    return _code_page(CodeForm(None), awaited)


@bp.post("/sign-in/code")
@access.public
def use_code() -> ResponseReturnValue:
    """Sign in with the code."""
    form = CodeForm()
    awaited = signing_in.awaited(db.session(), browser=_asking_browser())
    if awaited is None:
        return redirect(url_for(".new_sign_in"), 303)
    if not form.validate():
        return _code_page(form, awaited), 422
    try:
        row, account = signing_in.use_code(
            db.session(), form.code.data, browser=_asking_browser(), network=client_network()
        )
    except WrongCodeError as wrong:
        form.code.errors = [_wrong_code(wrong)]
    except DeadCodeError:
        form.code.errors = [_("This code no longer works. Ask for a new one.")]
    except BudgetSpentError as spent:
        db.session.commit()
        return refusing.too_often(spent, "accounts/too_often.html")
    else:
        return _let_in(row, account, goal=safe_path(form.next.data, default=""))
    db.session.commit()
    return _code_page(form, awaited), 422


@bp.get("/sign-in/<token>")
@access.public
def show_link(token: str) -> ResponseReturnValue:
    """Show whom a mailed link signs in; opening it uses nothing up."""
    try:
        row, account = signing_in.find_link(db.session(), token)
    except DeadLinkError:
        return render_template("accounts/dead_link.html"), 410
    return _link_page(token, row, account)


@bp.post("/sign-in/<token>")
@access.public
def use_link(token: str) -> ResponseReturnValue:
    """Sign in with a mailed link; a session of somebody else ends only if that was asked for."""
    there = session.current_account()
    try:
        row, account = signing_in.find_link(db.session(), token)
        if there is not None and there.id != account.id and LinkForm().switch.data != account.public_id:
            return _link_page(token, row, account, status=409)
        row, account = signing_in.use_link(db.session(), token, browser=_asking_browser())
    except DeadLinkError:
        return render_template("accounts/dead_link.html"), 410
    except OtherBrowserError:
        return render_template("accounts/other_browser.html"), 403
    return _let_in(row, account)


@bp.post("/sign-out")
@access.signed_in
def sign_out() -> ResponseReturnValue:
    """End this browser's session."""
    if SignedInForm().validate():
        session.sign_out()
        db.session.commit()
    return redirect(url_for("site.front"), 303)


@bp.post("/sign-out/everywhere")
@access.signed_in
def sign_out_everywhere() -> ResponseReturnValue:
    """End all sessions of this account."""
    account = session.current_account()
    if account is not None and SignedInForm().validate():
        session.sign_out_everywhere(account)
        db.session.commit()
    return redirect(url_for("site.front"), 303)


def _let_in(row: SignInToken, account: Account, *, goal: str = "") -> ResponseReturnValue:
    session.sign_in(account)
    if account.role is not None and account.totp_confirmed_at is None:
        second_factor.prepare(db.session(), account)
    goal = goal or row.next_path or _home_of(account)
    if account.role is not None:
        goal = url_for("accounts.second_factor.new_proof", next=goal)
    db.session.commit()
    answer = make_response(redirect(goal, 303))
    answer.delete_cookie(
        _asking_cookie(), path="/", secure=current_app.config["SESSION_COOKIE_SECURE"], httponly=True
    )
    return answer


def _home_of(account: Account) -> str:
    return url_for("staff.desk.index") if account.role is not None else url_for("site.patron")


def _link_page(token: str, row: SignInToken, account: Account, status: int = 200) -> ResponseReturnValue:
    there = session.current_account()
    if signing_in.is_bound_elsewhere(row, account, browser=_asking_browser()):
        return render_template("accounts/other_browser.html"), 403
    page = render_template(
        "accounts/show_link.html",
        token=token,
        address=emails.masked(account.email),
        account=account,
        other=emails.masked(there.email) if there is not None and there.id != account.id else None,
    )
    return page, status


def _code_page(form: CodeForm, awaited: SignInToken) -> str:
    return render_template(
        "accounts/new_code.html",
        form=form,
        address=awaited.address,
        used=awaited.used_at is not None,
        minutes=int(signing_in.LIFE.total_seconds() // 60),
    )


def _wrong_code(wrong: WrongCodeError) -> str:
    if not wrong.tries_left:
        return str(_("This is not the code in the mail, for the fifth time. Ask for a new one."))
    return str(
        ngettext(
            "This is not the code in the mail. You can try once more.",
            "This is not the code in the mail. You can try %(num)s more times.",
            wrong.tries_left,
        )
    )


def _asking_cookie() -> str:
    return "__Host-asking" if current_app.config["SESSION_COOKIE_SECURE"] else "asking"


def _asking_browser() -> str:
    return request.cookies.get(_asking_cookie(), "")[:100]


def remember_asking(answer: Response, browser: str) -> None:
    """Know this browser again for as long as the code lives, so that the code works nowhere else."""
    answer.set_cookie(
        _asking_cookie(),
        browser,
        max_age=int(signing_in.LIFE.total_seconds()),
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
        path="/",
    )
