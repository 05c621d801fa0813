"""What each figure means, in the words that stand beside it."""

from collections.abc import Callable
from dataclasses import dataclass

from flask_babel import gettext as _


@dataclass(frozen=True)
class Definition:
    """A figure's name and meaning, in the page's language."""

    key: str
    name: str
    text: str


def definitions() -> list[Definition]:
    """All figures, in the order of the reports."""
    return [Definition(key, name(), text()) for key, (name, text) in _DEFINITIONS.items()]


def name_of(key: str) -> str:
    """A figure's name in the page's language; the key itself for none of ours."""
    return _DEFINITIONS[key][0]() if key in _DEFINITIONS else key


Words = Callable[[], str]
_DEFINITIONS: dict[str, tuple[Words, Words]] = {
    "gross": (
        lambda: _("Gross"),
        lambda: _(
            "All charges that succeeded and all offline gifts, in the currency of the gift. A charge "
            "counts on the day on which Stripe put it on our balance, in the newsroom's time zone. "
            "Currencies are never added to each other."
        ),
    ),
    "offline": (
        lambda: _("Of it offline"),
        lambda: _(
            "The part of gross that came outside of Stripe: transfers, cash, cheques, as staff entered them. "
            "It counts on the day it came; one that was taken back is taken off on the day of the correction. "
            "What the bank kept of it is in the fees."
        ),
    ),
    "refunded": (
        lambda: _("Refunded"),
        lambda: _(
            "What we sent back, on the day of the refund. A refund that failed is taken off on the "
            "day it failed."
        ),
    ),
    "disputed": (
        lambda: _("Disputed"),
        lambda: _(
            "What patrons' banks took back, on the day the funds were withdrawn; taken off again on "
            "the day they were given back. An inquiry takes no money and counts nothing."
        ),
    ),
    "fees": (
        lambda: _("Fees"),
        lambda: _(
            "What Stripe kept, from its own balance transactions, in the settlement currency. A "
            "dispute's fee is one of them. Where a transaction has not been read yet, the total is "
            "marked provisional."
        ),
    ),
    "covered": (
        lambda: _("Covered fees"),
        lambda: _(
            "What patrons added to their gifts to cover the card fee, by the newsroom's fee schedule when the "
            "gift was agreed on. It counts on the day on which the payment settled, is part of gross, and is "
            "not taken off when a payment goes back later."
        ),
    ),
    "card_fees_of_covering": (
        lambda: _("Card fees of those"),
        lambda: _(
            "What Stripe really kept of just those payments whose patrons covered the fee. It differs from what "
            "was covered, because the real fee depends on the card."
        ),
    ),
    "card_fees": (
        lambda: _("Card fees of all"),
        lambda: _(
            "What Stripe kept of all payments when they were charged, from each payment's own balance "
            "transaction. Fees of disputes and of the account are not among them; they are in Fees."
        ),
    ),
    "covered_share": (
        lambda: _("Share covered"),
        lambda: _("Covered fees as a share of the card fees of all payments."),
    ),
    "net": (lambda: _("Net"), lambda: _("Gross less refunded, less disputed, less fees.")),
    "recurring": (
        lambda: _("Recurring a month"),
        lambda: _(
            "The sum of all gifts that renew: monthly gifts as they are, yearly ones divided by "
            "twelve. It is kept in twelfths of the smallest unit and never rounded; what is printed "
            "is rounded so that it adds up. Active gifts count, those set to end until they end, and "
            "those in their grace. Paused gifts after their paid time, incomplete and unpaid ones, "
            "grants and one-time gifts do not. Covered fees are inside, and shown apart in Covered "
            "fees; a gift counts on while its patron skips a payment."
        ),
    ),
    "skipped": (
        lambda: _("Skipped"),
        lambda: _(
            "Payments that patrons have skipped, on the day each was due, at what would have been "
            "charged. They are no loss: standing and the recurring sum stay as they are, and the next "
            "payment comes a month later."
        ),
    ),
    "new": (
        lambda: _("New"),
        lambda: _(
            "The first settled payment of a patron's first gift that renews. Among patrons: the first"
            " coverage ever."
        ),
    ),
    "returned": (
        lambda: _("Returned"),
        lambda: _("A gift counts again after the patron had none, for whatever reason but a pause."),
    ),
    "up": (
        lambda: _("Up"),
        lambda: _(
            "An amount was raised, at the instant the price changed at Stripe; or a further gift "
            "began beside one."
        ),
    ),
    "down": (
        lambda: _("Down"),
        lambda: _("An amount was lowered; or one of several gifts of a patron ended."),
    ),
    "paused": (
        lambda: _("Paused"),
        lambda: _("Gifts that the patron paused, from the end of the paid time on."),
    ),
    "resumed": (lambda: _("Resumed"), lambda: _("Gifts that go on after a pause.")),
    "lost_voluntary": (
        lambda: _("Lost by choice"),
        lambda: _(
            "Gifts that ended because the patron canceled before any charge of the open invoice had failed."
        ),
    ),
    "lost_failed": (
        lambda: _("Lost by failure"),
        lambda: _("Gifts that ended after a charge had failed, or whose grace ran out."),
    ),
    "lost_by_staff": (
        lambda: _("Ended by staff or dispute"),
        lambda: _("Gifts that staff ended, or that ended because of a dispute."),
    ),
    "loss_rate": (
        lambda: _("Loss rate"),
        lambda: _(
            "What was lost in a month as a share of what there was at its start: once in money, once "
            "in patrons. It is not shown where there were fewer than 20 patrons at the start."
        ),
    ),
    "patrons": (
        lambda: _("Patrons"),
        lambda: _(
            "Everybody whose support covers the end of the month, counted once by the strongest "
            "cover: recurring, one-time, offline, gift, grant. Start + new + returned - lapsed - "
            "former = end."
        ),
    ),
    "paying": (
        lambda: _("Paying"),
        lambda: _("Patrons who are covered by their own money: without gifts and grants."),
    ),
    "at_risk": (
        lambda: _("At risk"),
        lambda: _("Patrons whose renewal has failed and whose grace still runs."),
    ),
    "lapsed": (lambda: _("Lapsed"), lambda: _("Patrons whose support ran out or failed.")),
    "former": (
        lambda: _("Former"),
        lambda: _("Patrons who canceled, or whose last gift was refunded in full."),
    ),
    "story_earnings": (
        lambda: _("Story earnings"),
        lambda: _(
            "Settled payments less refunds and disputes, credited to the article and the appeal under"
            " which the gift was begun; renewals are credited to where their gift began. What is not "
            "known is a row of its own. The rows add up to the ledger to the cent."
        ),
    ),
}
