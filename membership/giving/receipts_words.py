"""How receipts and statements say things, the same on pages and on paper, in the language of the moment."""

from flask_babel import gettext as _

from membership.giving.models import Interval
from membership.giving.receipts_shown import ReceiptView
from membership.giving.statements import What


def gift_name(interval: Interval | None) -> str:
    """The kind of gift, to begin a line with."""
    names = {
        Interval.MONTH: _("Monthly gift"),
        Interval.YEAR: _("Yearly gift"),
        Interval.ONCE: _("One-time gift"),
        None: _("Gift by transfer or in cash"),
    }
    return str(names[interval])


def what_name(what: What) -> str:
    """What a row of a statement is."""
    names = {
        What.GIFT: _("Gift"),
        What.TAKEN_BACK: _("Entry taken back"),
        What.REFUND: _("Sent back to you"),
        What.REFUND_FAILED: _("What was sent back did not arrive"),
        What.DISPUTE: _("Taken back by your bank"),
        What.DISPUTE_WON: _("Returned by your bank"),
    }
    return str(names[what])


def paid_with(view: ReceiptView) -> str:
    """The way of payment, as far as it is known; "" where it is not."""
    if view.card_last4 and view.method in {"", "card"}:
        return str(_("Card ending in %(digits)s", digits=view.card_last4))
    methods = {"card": _("Card"), "sepa_debit": _("SEPA direct debit")}
    return str(methods.get(view.method, view.method.replace("_", " ")))
