"""Stripe's test cards and bank accounts, and how each behaves.

Source: https://docs.stripe.com/testing
"""

from dataclasses import dataclass

from membership.sandbox.objects import Object

# How a card behaves, beyond simply working:
DECLINES = {
    "decline": ("card_declined", "generic_decline", "Your card was declined."),
    "insufficient_funds": ("card_declined", "insufficient_funds", "Your card has insufficient funds."),
    "lost_card": ("card_declined", "lost_card", "Your card was declined."),
    "stolen_card": ("card_declined", "stolen_card", "Your card was declined."),
    "expired_card": ("expired_card", "expired_card", "Your card has expired."),
    "incorrect_cvc": ("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
    "processing_error": (
        "processing_error",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
}


@dataclass(frozen=True)
class TestCard:
    """A card number with its country and behaviour."""

    number: str
    country: str = "US"
    brand: str = "visa"
    # "works", a key of DECLINES, "fails_later" (taken now, declined when the holder is away), "authenticate_once",
    # "authenticate_always", "dispute", "inquiry", "fraud_warning", "refund_pending", "refund_fails".
    behaviour: str = "works"


CARDS = {
    card.number: card
    for card in (
        TestCard("4242424242424242"),
        TestCard("5555555555554444", brand="mastercard"),
        TestCard("378282246310005", brand="amex"),
        TestCard("4000002760000016", "DE"),
        TestCard("4000008260000000", "GB"),
        TestCard("4000002500000003", "FR"),
        TestCard("4000006160000005", "PL"),
        TestCard("4000008040000003", "UA"),
        TestCard("4000000000000002", behaviour="decline"),
        TestCard("4000000000009995", behaviour="insufficient_funds"),
        TestCard("4000000000009987", behaviour="lost_card"),
        TestCard("4000000000009979", behaviour="stolen_card"),
        TestCard("4000000000000069", behaviour="expired_card"),
        TestCard("4000000000000127", behaviour="incorrect_cvc"),
        TestCard("4000000000000119", behaviour="processing_error"),
        TestCard("4000000000000341", behaviour="fails_later"),
        TestCard("4000002500003155", "FR", behaviour="authenticate_once"),
        TestCard("4000000000003220", behaviour="authenticate_always"),
        TestCard("4000002760003184", "DE", behaviour="authenticate_always"),
        TestCard("4000000000000259", behaviour="dispute"),
        TestCard("4000000000001976", behaviour="inquiry"),
        TestCard("4000000000005423", behaviour="fraud_warning"),
        TestCard("4000000000007726", behaviour="refund_pending"),
        TestCard("4000000000005126", behaviour="refund_fails"),
    )
}

# Stripe's ready-made payment methods, each standing for a number.
READY_MADE = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_amex": "378282246310005",
    "pm_card_us": "4242424242424242",
    "pm_card_de": "4000002760000016",
    "pm_card_gb": "4000008260000000",
    "pm_card_fr": "4000002500000003",
    "pm_card_pl": "4000006160000005",
    "pm_card_ua": "4000008040000003",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedLostCard": "4000000000009987",
    "pm_card_visa_chargeDeclinedLostCard": "4000000000009987",
    "pm_card_chargeDeclinedStolenCard": "4000000000009979",
    "pm_card_visa_chargeDeclinedStolenCard": "4000000000009979",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeDeclinedProcessingError": "4000000000000119",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_threeDSecure2Required": "4000000000003220",
    "pm_card_threeDSecureRequired": "4000000000003220",
    "pm_card_createDispute": "4000000000000259",
    "pm_card_createDisputeInquiry": "4000000000001976",
    "pm_card_createIssuerFraudRecord": "4000000000005423",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_refundFail": "4000000000005126",
}

# Bank accounts: whether the debit arrives, fails, or arrives and is taken back by the bank.
IBANS = {
    "DE89370400440532013000": "works",
    "AT611904300234573201": "works",
    "FR1420041010050500013M02606": "works",
    "DE62370400440532013001": "debit_fails",
    "DE35370400440532013002": "dispute",
}
READY_MADE_DEBITS = {
    "pm_sepaDebit": "DE89370400440532013000",
    "pm_sepaDebit_fail": "DE62370400440532013001",
    "pm_sepaDebit_dispute": "DE35370400440532013002",
    "pm_success_de": "DE89370400440532013000",
    "pm_failed_de": "DE62370400440532013001",
}

_BRANDS = {"4": "visa", "5": "mastercard", "2": "mastercard", "3": "amex", "6": "discover"}


def card_for(number: str) -> TestCard | None:
    """Give the card with that number; any other well-formed number is an unknown card, which is declined."""
    digits = "".join(letter for letter in number if letter.isascii() and letter.isdigit())
    if digits in CARDS:
        return CARDS[digits]
    if not 12 <= len(digits) <= 19 or not _adds_up(digits):
        return None
    return TestCard(digits, brand=_BRANDS.get(digits[0], "visa"), behaviour="decline")


def _adds_up(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def declined(behaviour: str) -> Object:
    """Give the error of a card that does not work."""
    code, decline_code, message = DECLINES.get(behaviour, DECLINES["decline"])
    return {"code": code, "decline_code": decline_code, "message": message, "type": "card_error"}
