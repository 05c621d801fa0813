"""What a newsroom takes as a gift online, in the words in which it is told."""

from flask_babel import gettext as _

from membership.money import Money
from membership.newsroom.settings_rows import NewsroomSettings
from membership.web import filters


def smallest(newsroom: NewsroomSettings, currency: str, interval: str) -> str:
    """The sentence for whoever named less than the smallest gift (interval: once, month, year)."""
    amount = filters.money(Money(newsroom.smallest(currency, interval), currency))
    if interval == "month":
        sentence = _("The smallest monthly gift is %(amount)s.", amount=amount)
    elif interval == "year":
        sentence = _("The smallest yearly gift is %(amount)s.", amount=amount)
    else:
        sentence = _("The smallest one-time gift is %(amount)s.", amount=amount)
    return str(sentence)
