"""Why a charge was refused, in plain words for staff, from Stripe's codes.

Source: https://docs.stripe.com/declines/codes. Words for what a bank tells in confidence (lost, stolen) are for staff
only, and never stand in a mail.
"""

from collections.abc import Callable

from flask_babel import gettext as _

_SENTENCES: dict[str, Callable[[], str]] = {
    "account_closed": lambda: _("The bank account is closed."),
    "authentication_required": lambda: _("The bank wants to ask the patron first."),
    "card_not_supported": lambda: _("The card does not take such payments."),
    "card_velocity_exceeded": lambda: _("The card's limit was reached."),
    "currency_not_supported": lambda: _("The card does not take this currency."),
    "debit_not_authorized": lambda: _("The bank account was not cleared for debits."),
    "do_not_honor": lambda: _("The bank said no, and not why."),
    "expired_card": lambda: _("The card has run out."),
    "fraudulent": lambda: _("The bank suspects fraud."),
    "generic_decline": lambda: _("The bank said no, and not why."),
    "incorrect_cvc": lambda: _("The card's check digits were wrong."),
    "insufficient_funds": lambda: _("There was not enough money."),
    "issuer_not_available": lambda: _("The bank could not be reached."),
    "lost_card": lambda: _("The card was reported lost."),
    "no_account": lambda: _("There is no such bank account."),
    "pickup_card": lambda: _("The bank has blocked the card."),
    "processing_error": lambda: _("Something went wrong between the banks."),
    "stolen_card": lambda: _("The card was reported stolen."),
    "withdrawal_count_limit_exceeded": lambda: _("The card's limit was reached."),
}


def reason(code: str, decline_code: str) -> str:
    """One sentence for a refused charge: by the bank's own reason, else by Stripe's code."""
    for known in (decline_code, code):
        if known in _SENTENCES:
            return str(_SENTENCES[known]())
    told = decline_code or code
    return str(_("The bank said no (%(code)s).", code=told) if told else _("The bank said no, and not why."))
