"""Charges that only hold money at first, to be taken or let go later."""

from membership.sandbox import charging
from membership.sandbox.account import Account
from membership.sandbox.objects import Object, id_of


def take_held(account: Account, intent: Object) -> None:
    """Take the money that a charge has only held so far."""
    made = account.get(id_of(intent["latest_charge"]), "charge")
    with account.changing(made):
        made.update(captured=True, amount_captured=made["amount"])
        made["balance_transaction"] = charging.entered(account, made)["id"]
    with account.changing(intent):
        intent.update(status="succeeded", amount_received=made["amount"], amount_capturable=0)
    account.emit("charge.captured", made)
    account.emit("payment_intent.succeeded", intent)


def let_go(account: Account, intent: Object) -> None:
    """Let the money go that a charge has only held: shown as refunded, though none had moved."""
    made = account.get(id_of(intent["latest_charge"]), "charge")
    with account.changing(intent):
        intent["amount_capturable"] = 0
    with account.changing(made, "charge.refunded"):
        made.update(amount_refunded=made["amount"], refunded=True)
