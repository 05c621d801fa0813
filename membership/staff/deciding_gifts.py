"""What a newsroom decides about gifts: currencies, suggested and smallest amounts, the usual fee."""

import re
from dataclasses import replace
from fractions import Fraction

from babel.numbers import list_currencies
from flask_babel import gettext as _

from membership import money
from membership.money import STRIPE_SMALLEST, AmountError, Money
from membership.newsroom.settings_rows import LARGEST_ONLINE, NewsroomSettings
from membership.staff.decisions import Decision, DecisionError, Group, one_of
from membership.web import filters
from membership.web.forms import amount_sentence

INTERVALS = ("month", "year", "once")
MOST_SUGGESTED = 6


def gifts(settings: NewsroomSettings) -> Group:
    """The page of the settings about gifts."""
    decisions = [
        Decision(
            key="currencies",
            label=_("Currencies offered"),
            hint=_("Codes with commas between: eur, uah, usd. Their amounts can be set after saving."),
            show=lambda s: ", ".join(s.currencies),
            take=_take_currencies,
        ),
        Decision(
            key="default_currency",
            label=_("Currency shown first"),
            show=lambda s: s.default_currency,
            take=lambda s, typed: replace(s, default_currency=one_of(typed, s.currencies)),
            kind="choice",
            choices=tuple((code, code.upper()) for code in settings.currencies),
        ),
        Decision(
            key="paused_checkouts",
            label=_("Take no new gifts for now"),
            hint=_("Gifts that renew go on; readers are told to come back later."),
            show=lambda s: "1" if s.paused_checkouts else "",
            take=lambda s, typed: replace(s, paused_checkouts=typed == "1"),
            kind="yes_no",
        ),
    ]
    for currency in settings.currencies:
        decisions += [_suggested(currency, interval) for interval in INTERVALS]
        decisions += [_smallest(currency, interval) for interval in INTERVALS]
        decisions += [_largest(currency), _rate(currency), _fixed(currency)]
    return Group(
        name="gifts",
        title=_("Gifts"),
        intro=_(
            "Currencies, the amounts that the appeal suggests, the smallest gifts, and the usual card fee."
        ),
        effect=_(
            "New checkouts use the new amounts at once. Gifts that renew keep their amount; "
            "an appeal with amounts of its own keeps those."
        ),
        decisions=decisions,
    )


def _suggested(currency: str, interval: str) -> Decision:
    labels = {
        "month": _("Suggested a month"),
        "year": _("Suggested a year"),
        "once": _("Suggested once"),
    }

    def take(settings: NewsroomSettings, typed: str) -> NewsroomSettings:
        amounts = [_amount(part, currency) for part in typed.replace(";", ",").split(",") if part.strip()]
        if not 1 <= len(amounts) <= MOST_SUGGESTED or amounts != sorted(set(amounts)):
            raise DecisionError(_("Enter one to six different amounts, the smallest first, like 3, 5, 10."))
        kept = {**settings.suggested_amounts}
        kept[currency] = {**kept.get(currency, {}), interval: amounts}
        return replace(settings, suggested_amounts=kept)

    return Decision(
        key=f"suggested_{currency}_{interval}",
        label=labels[interval],
        show=lambda s: ", ".join(Money(a, currency).plain() for a in s.suggested(currency, interval)),
        take=take,
        section=currency.upper(),
    )


def _smallest(currency: str, interval: str) -> Decision:
    labels = {
        "month": _("Smallest a month"),
        "year": _("Smallest a year"),
        "once": _("Smallest once"),
    }

    def take(settings: NewsroomSettings, typed: str) -> NewsroomSettings:
        amount = _amount(typed, currency)
        least = STRIPE_SMALLEST.get(currency, 1)
        if amount < least:
            raise DecisionError(
                _("Stripe takes no less than %(amount)s.", amount=filters.money(Money(least, currency)))
            )
        suggested = settings.suggested(currency, interval)
        if suggested and amount > suggested[0]:
            raise DecisionError(_("This is more than the smallest amount that the appeal suggests."))
        kept = {**settings.smallest_gifts}
        kept[currency] = {**kept.get(currency, {}), interval: amount}
        return replace(settings, smallest_gifts=kept)

    return Decision(
        key=f"smallest_{currency}_{interval}",
        label=labels[interval],
        show=lambda s: Money(s.smallest(currency, interval), currency).plain(),
        take=take,
        size="short",
        section=currency.upper(),
    )


def _largest(currency: str) -> Decision:
    def take(settings: NewsroomSettings, typed: str) -> NewsroomSettings:
        kept = {code: amount for code, amount in settings.largest_gifts.items() if code != currency}
        if not typed.strip():
            return replace(settings, largest_gifts=kept)
        amount = _amount(typed, currency)
        suggested = [a for interval in INTERVALS for a in settings.suggested(currency, interval)]
        if amount < max(suggested, default=0):
            raise DecisionError(_("This is less than an amount that the appeal suggests."))
        if amount > LARGEST_ONLINE:
            raise DecisionError(_("Stripe does not take as much at a time."))
        return replace(settings, largest_gifts={**kept, currency: amount})

    return Decision(
        key=f"largest_{currency}",
        label=_("Largest taken online"),
        hint=_(
            "Who wants to give more is asked to write to you. Empty: ten thousand of the smallest monthly gifts."
        ),
        show=lambda s: Money(s.largest(currency), currency).plain() if currency in s.largest_gifts else "",
        take=take,
        size="short",
        required=False,
        section=currency.upper(),
    )


def _rate(currency: str) -> Decision:
    def take(settings: NewsroomSettings, typed: str) -> NewsroomSettings:
        if not re.fullmatch(r"\d{1,2}([.,]\d{1,3})?", typed, re.ASCII):
            raise DecisionError(_("Enter a percentage, like 1.5."))
        rate = Fraction(typed.replace(",", ".")) / 100
        if rate == settings.fee_rate(currency)[0]:
            return settings  # however the same fraction is written
        return _with_fee(settings, currency, rate=f"{rate.numerator}/{rate.denominator}")

    return Decision(
        key=f"fee_rate_{currency}",
        label=_("Usual card fee, percent"),
        hint=_("Stripe's price for an ordinary card; patrons who want to cover the fee add this much."),
        show=lambda s: _percent(s.fee_rate(currency)[0]),
        take=take,
        size="short",
        section=currency.upper(),
    )


def _fixed(currency: str) -> Decision:
    return Decision(
        key=f"fee_fixed_{currency}",
        label=_("and for each payment"),
        show=lambda s: Money(s.fee_rate(currency)[1], currency).plain(),
        take=lambda s, typed: _with_fee(s, currency, fixed=_amount(typed, currency, least=0)),
        size="short",
        section=currency.upper(),
    )


def _with_fee(settings: NewsroomSettings, currency: str, **changed: str | int) -> NewsroomSettings:
    rate, fixed = settings.fee_rate(currency)
    present = settings.fee_schedule.get(
        currency, {"rate": f"{rate.numerator}/{rate.denominator}", "fixed": fixed}
    )
    kept = {**present, **changed}
    return replace(settings, fee_schedule={**settings.fee_schedule, currency: kept})


def _percent(rate: Fraction) -> str:
    thousandths = rate * 100_000
    whole, part = divmod(round(thousandths), 1000)
    return f"{whole}.{part:03d}".rstrip("0").rstrip(".")


def _take_currencies(settings: NewsroomSettings, typed: str) -> NewsroomSettings:
    chosen = codes(typed)
    unknown = [code for code in chosen if code.upper() not in list_currencies()]
    if not chosen or unknown:
        raise DecisionError(_("Enter codes of currencies, like eur, uah, usd."))
    if settings.default_currency not in chosen:
        return replace(settings, currencies=chosen, default_currency=chosen[0])
    return replace(settings, currencies=chosen)


def codes(typed: str) -> list[str]:
    """The codes that were typed with commas between, in lower case, each once."""
    return list(dict.fromkeys(part.strip().lower() for part in typed.split(",") if part.strip()))


def _amount(typed: str, currency: str, *, least: int = 1) -> int:
    if not least and typed.strip() in {"0", "0.00", "0,00"}:
        return 0
    try:
        return money.parse(typed, currency).amount
    except AmountError as error:
        raise DecisionError(amount_sentence(error.fault, currency)) from None
