"""What goes wrong in giving, beyond what a form says.

RefundTooLargeError   more than is left of a payment, open refunds counted
ReferenceTakenError   a gift with this bank reference stands already
AlreadyReversedError  an offline gift was taken back before
"""

from datetime import date

from membership.money import Money


class RefundTooLargeError(Exception):
    """More than is left of a payment; `left` is what may go back."""

    def __init__(self, left: Money) -> None:
        super().__init__(left.plain())
        self.left = left


class ReferenceTakenError(Exception):
    """An offline gift with this bank reference stands already: its public id, and the day it came."""

    def __init__(self, public_id: str, received_on: date) -> None:
        super().__init__(public_id)
        self.public_id = public_id
        self.received_on = received_on


class AlreadyReversedError(Exception):
    """An offline gift has been taken back before."""


class NotClaimableError(Exception):
    """A membership for somebody else cannot be claimed, or sent elsewhere; `state` says how it stands."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state
