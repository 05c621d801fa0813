"""What Stripe calls a gift to its giver: on the page of payment, on bills and receipts of Stripe's own."""

from flask_babel import gettext as _

from membership.giving.models import Interval


def product_name(interval: Interval, newsroom_name: str) -> str:
    """The name of the standing product for an interval, in the language of the page that first needs it."""
    names = {
        Interval.MONTH: _("Monthly support for %(newsroom)s", newsroom=newsroom_name),
        Interval.YEAR: _("Yearly support for %(newsroom)s", newsroom=newsroom_name),
        Interval.ONCE: _("One-time gift to %(newsroom)s", newsroom=newsroom_name),
    }
    return str(names[interval])
