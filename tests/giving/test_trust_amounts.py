"""What is typed as an amount, every cent of it (docs/trust.md, C10 to C13)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership import money
from membership.money import AmountError, AmountFault, Money


def test_c12_every_cent_up_to_ten_thousand_is_read_as_it_is_written():
    for cents in range(1, 1_000_001):
        whole, part = divmod(cents, 100)
        assert money.parse(f"{whole}.{part:02d}", "eur").amount == cents


@pytest.mark.parametrize(
    ("typed", "currency", "amount"),
    [
        ("19.99", "eur", 1999),
        ("19,99", "eur", 1999),
        ("5", "eur", 500),
        ("5.5", "eur", 550),
        (" 5.00 ", "eur", 500),
        ("500", "jpy", 500),
        ("1.230", "kwd", 1230),
        ("5.00", "huf", 500),
        ("100", "isk", 10_000),
        ("20", "twd", 2000),
        ("3", "ugx", 300),
    ],
)
def test_c11_c12_the_grammar_takes_digits_and_one_comma_or_point(typed, currency, amount):
    assert money.parse(typed, currency) == Money(amount, currency)


@pytest.mark.parametrize(
    ("typed", "currency", "fault"),
    [
        ("0", "eur", AmountFault.NOT_POSITIVE),
        ("0.00", "eur", AmountFault.NOT_POSITIVE),
        ("-5", "eur", AmountFault.NOT_A_NUMBER),
        ("-0", "eur", AmountFault.NOT_A_NUMBER),
        ("NaN", "eur", AmountFault.NOT_A_NUMBER),
        ("Infinity", "eur", AmountFault.NOT_A_NUMBER),
        ("1e309", "eur", AmountFault.NOT_A_NUMBER),
        ("1e2", "eur", AmountFault.NOT_A_NUMBER),
        ("0x10", "eur", AmountFault.NOT_A_NUMBER),
        ("1_000", "eur", AmountFault.NOT_A_NUMBER),
        ("+5", "eur", AmountFault.NOT_A_NUMBER),
        ("１２", "eur", AmountFault.NOT_A_NUMBER),
        ("٥", "eur", AmountFault.NOT_A_NUMBER),
        ("1,234.50", "eur", AmountFault.NOT_A_NUMBER),
        ("1 000", "eur", AmountFault.NOT_A_NUMBER),
        (".5", "eur", AmountFault.NOT_A_NUMBER),
        ("5.", "eur", AmountFault.NOT_A_NUMBER),
        ("5\n", "eur", AmountFault.NOT_A_NUMBER),
        ("", "eur", AmountFault.EMPTY),
        ("   ", "eur", AmountFault.EMPTY),
        ("5.555", "eur", AmountFault.TOO_MANY_DECIMALS),
        ("5.5", "jpy", AmountFault.TOO_MANY_DECIMALS),
        ("5.50", "huf", AmountFault.NOT_WHOLE),
        ("5.50", "isk", AmountFault.NOT_WHOLE),
        ("1.234", "kwd", AmountFault.NOT_WHOLE),
        ("1000000.00", "eur", AmountFault.TOO_LARGE),
        ("9" * 10_000, "eur", AmountFault.TOO_LARGE),
    ],
)
def test_c10_c11_c13_nothing_else_is_an_amount(typed, currency, fault):
    with pytest.raises(AmountError) as refused:
        money.parse(typed, currency)

    assert refused.value.fault is fault


@given(
    amount=st.integers(1, money.STRIPE_LARGEST),
    currency=st.sampled_from(["eur", "usd", "uah", "jpy", "krw", "kwd", "bhd", "huf", "isk"]),
)
def test_c12_what_is_written_is_read_back_in_every_currency(amount, currency):
    if currency in money.WHOLE_UNITS_ONLY:
        amount -= amount % 100
    elif currency in money.THREE_DECIMAL:
        amount -= amount % 10
    if amount:
        assert money.parse(Money(amount, currency).plain(), currency) == Money(amount, currency)


@given(st.text(max_size=30))
def test_c11_whatever_is_typed_is_an_amount_or_refused_with_its_fault(typed):
    told = typed.strip(" \t\u00a0")
    try:
        read = money.parse(typed, "eur").amount
    except AmountError:
        read = 0

    assert read == 0 or all(letter in "0123456789.," for letter in told)
    assert read >= 0
