"""What goes wrong in giving, beyond what a form says.

RefundTooLargeError   more than is left of a payment, open refunds counted
"""

from membership.money import Money


class RefundTooLargeError(Exception):
    """More than is left of a payment; `left` is what may go back."""

    def __init__(self, left: Money) -> None:
        super().__init__(left.plain())
        self.left = left
