"""The Checkout page: reading what was typed, paying, and leading on."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from membership.sandbox import completing, methods, pages
from membership.sandbox.account import Account
from membership.sandbox.cards import IBANS, card_for
from membership.sandbox.clock import month_number
from membership.sandbox.completing import Payer
from membership.sandbox.objects import Object, id_of

if TYPE_CHECKING:
    from membership.sandbox.control import Control

_VERBS = {"donate": "Donate", "book": "Book", "subscribe": "Subscribe"}
_EXPIRY = re.compile(r"\s*([0-9]{1,2})\s*/?\s*(?:20)?([0-9]{2})\s*")


@dataclass
class Typed:
    """What came with the form, and what is wrong with it, by field."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def need(self, name: str, message: str) -> str:
        """Give what was typed into a field, noting the message when it is nothing."""
        value = self.values.get(name, "").strip()
        if not value:
            self.errors[name] = message
        return value


def show(control: "Control", _request: Request, wanted: str) -> Response:
    """Show the page of a session, or say that it is over."""
    with control.account.lock:
        control.catch_up()
        session = control.account.get(wanted, "checkout.session")
        return _page(control.account, session, Typed({}))


def pay(control: "Control", request: Request, wanted: str) -> Response:
    """Take the form, try to pay, and lead on."""
    account = control.account
    with account.lock, _by_browser(account):
        control.catch_up()
        session = account.get(wanted, "checkout.session")
        if session["status"] != "open":
            return _page(account, session, Typed({}))
        typed = Typed({name: str(value) for name, value in request.form.items()})
        with account.store.transaction(), account.clock.standing_at(_instant(account, session)):
            payer = _payer(account, session, typed)
            method = read_method(account, typed, payer)
            if method is None:
                return _page(account, session, typed, status=422)
            result, message = completing.pay(account, session, method, payer)
        if result == "authenticate":
            return redirect(f"/c/pay/{wanted}/authenticate", 303)
        return _page(account, session, typed, message=message, status=402 if result == "declined" else 200)


def ask(control: "Control", _request: Request, wanted: str) -> Response:
    """Show the bank's own page."""
    with control.account.lock:
        session = control.account.get(wanted, "checkout.session")
        amount = pages.amount_written(session["amount_total"], session["currency"])
        return pages.page("authenticate", amount=amount)


def answer(control: "Control", request: Request, wanted: str) -> Response:
    """Take the holder's answer to the bank, and lead on."""
    account = control.account
    with account.lock, _by_browser(account):
        session = account.get(wanted, "checkout.session")
        with account.store.transaction(), account.clock.standing_at(_instant(account, session)):
            passed = request.form.get("answer") == "complete"
            result, message = completing.after_authentication(account, session, passed=passed)
        return _page(
            account, session, Typed({}), message=message, status=402 if result == "declined" else 200
        )


def read_method(account: Account, typed: Typed, payer: Payer) -> Object | None:
    """Give a new payment method from what was typed, or nothing when something is wrong with it."""
    if typed.values.get("way") == "debit":
        iban = typed.need("iban", "Enter an IBAN.").replace(" ", "").upper()
        if iban and iban not in IBANS:
            typed.errors["iban"] = "Use one of the test accounts named below."
        return None if typed.errors else methods.new_debit(account, iban, payer.billing_details)
    card = card_for(typed.need("number", "Enter a card number."))
    if card is None:
        typed.errors.setdefault("number", "This is not a card number.")
    expiry = _EXPIRY.fullmatch(typed.need("expiry", "Enter the expiry date."))
    month, year = (int(expiry[1]), 2000 + int(expiry[2])) if expiry else (0, 0)
    if expiry is None or not 1 <= month <= 12:
        typed.errors.setdefault("expiry", "Enter month and year, as 12 / 34.")
    elif year * 12 + month < month_number(account.now()):
        typed.errors["expiry"] = "This card has expired."
    if not re.fullmatch(r"[0-9]{3,4}", typed.need("cvc", "Enter the security code.")):
        typed.errors.setdefault("cvc", "The security code has three or four digits.")
    if typed.errors or card is None:
        return None
    return methods.new_card(account, card, expiry=(month, year), details=payer.billing_details)


def _payer(account: Account, session: Object, typed: Typed) -> Payer:
    email = _fixed_email(account, session) or typed.need("email", "Enter your e-mail address.")
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        typed.errors["email"] = "This is not an e-mail address."
    return Payer(email, typed.need("name", "Enter the name."), typed.values.get("country") or None)


def _fixed_email(account: Account, session: Object) -> str | None:
    customer = account.find(id_of(session["customer"])) or {}
    return customer.get("email") or session.get("customer_email")


def _instant(account: Account, session: Object) -> int:
    clock = account.find(account.clock_of(session))
    return int(clock["frozen_time"]) if clock else account.clock.present()


def _page(
    account: Account, session: Object, typed: Typed, *, message: str = "", status: int = 200
) -> Response:
    if session["status"] == "complete":
        url = str(session.get("success_url") or "/").replace("{CHECKOUT_SESSION_ID}", session["id"])
        return redirect(url, 303)
    if session["status"] == "expired":
        return pages.message(
            "This page has expired",
            "Nothing was charged. Go back to where you came from to start again.",
            410,
            link=session.get("cancel_url") or "",
            link_text="Back",
        )
    items = [
        {**item, "amount": pages.amount_written(item["amount_total"], item["currency"])}
        for item in (session.get("line_items") or {}).get("data", [])
    ]
    amount = pages.amount_written(session["amount_total"], session["currency"])
    verb = _VERBS.get(
        session.get("submit_type") or "", "Subscribe" if session["mode"] == "subscription" else "Pay"
    )
    recurring = next((item["price"]["recurring"] for item in items if item["price"]["recurring"]), None)
    return pages.page(
        "checkout",
        status,
        session=session,
        items=items,
        amount=amount,
        interval=pages.interval_written(recurring),
        verb=verb,
        button=f"{verb} {amount}",
        fixed_email=_fixed_email(account, session),
        values=typed.values,
        errors=typed.errors,
        message=message,
    )


def _by_browser(account: Account) -> "_Browsing":
    return _Browsing(account)


class _Browsing:
    """Lets events of a block say that a page's own request caused them."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def __enter__(self) -> None:
        ids = self._account.ids
        self._account.request = {"id": ids.new("request"), "idempotency_key": f"page-{ids.token(20)}"}

    def __exit__(self, *_: object) -> None:
        self._account.request = {"id": None, "idempotency_key": None}
