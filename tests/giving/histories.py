"""A random life of an account at the sandbox: who begins, renews, fails, pauses, ends, is paid back, disputes."""

import contextlib
import random
from collections.abc import Callable
from typing import Any, cast

import stripe

from membership.giving import parsing
from tests.giving.sandboxed import Account

AMOUNTS = (300, 500, 700, 1000, 2500)
FAILING, WORKING = "pm_card_chargeCustomerFail", "pm_card_visa"


class History:
    """One account, changed by chance, the same for the same seed."""

    def __init__(self, account: Account, seed: int) -> None:
        self.account = account
        self.chance = random.Random(seed)  # noqa: S311 - a history, no secret
        self._people = 0
        self._disputes: list[str] = []
        self._refunds: list[str] = []
        self._acts: list[tuple[int, Callable[[], object]]] = [
            (5, self._subscribe),
            (3, self._give_once),
            (1, self._sell_something_else),
            (2, self._set_to_end),
            (2, self._take_back_the_end),
            (1, self._end_now),
            (2, self._pause),
            (2, self._resume),
            (2, self._change_amount),
            (3, self._refund),
            (1, self._fail_refund),
            (2, self._dispute),
            (2, self._close_dispute),
            (2, self._spoil_card),
            (2, self._mend_card),
        ]

    def act(self) -> None:
        """Do one thing, and let some time pass."""
        weights = [weight for weight, _ in self._acts]
        (_, act), *_rest = self.chance.choices(self._acts, weights)
        with contextlib.suppress(stripe.StripeError):
            act()  # Stripe may say no: a disputed charge is not refunded, an ended gift not paused
        self.account.sandbox.advance(self.chance.choice((5, 600, 86_400, 2 * 86_400)))

    def events(self) -> int:
        """How many events that tell something there have been."""
        return sum(event["type"] in parsing.USED for event in self.account.sandbox.all("event"))

    def _one(self, kind: str, **columns: str) -> dict[str, Any] | None:
        found = [dict(thing) for thing in self.account.sandbox.all(kind, **columns)]
        return self.chance.choice(found) if found else None

    def _live(self) -> dict[str, Any] | None:
        found = [
            dict(s) for s in self.account.sandbox.all("subscription") if s["status"] in {"active", "past_due"}
        ]
        return self.chance.choice(found) if found else None

    def _customer(self) -> str:
        if self._people and self.chance.random() < 0.4:
            return str(cast("dict[str, Any]", self._one("customer"))["id"])
        self._people += 1
        return self.account.customer(f"person{self._people}@example.org")

    def _subscribe(self) -> None:
        interval = self.chance.choice(("month", "month", "month", "year"))
        self.account.subscribe(self._customer(), self.chance.choice(AMOUNTS), interval=interval)

    def _give_once(self) -> None:
        self.account.pay(self._customer(), self.chance.choice(AMOUNTS))

    def _sell_something_else(self) -> None:
        self.account.pay(self.account.customer(f"shop{self.chance.random()}@example.org"), 9900, ours=False)

    def _update(self, **params: Any) -> None:
        gift = self._live()
        if gift is not None:
            self.account.client.v1.subscriptions.update(gift["id"], cast("Any", params))

    def _set_to_end(self) -> None:
        self._update(cancel_at_period_end=True)

    def _take_back_the_end(self) -> None:
        self._update(cancel_at_period_end=False)

    def _end_now(self) -> None:
        gift = self._live()
        if gift is not None:
            self.account.client.v1.subscriptions.cancel(gift["id"])

    def _pause(self) -> None:
        self._update(pause_collection={"behavior": "void"})

    def _resume(self) -> None:
        self._update(pause_collection="")

    def _change_amount(self) -> None:
        gift = self._live()
        if gift is None:
            return
        item = gift["items"]["data"][0]
        price = {
            "currency": "eur",
            "product": item["price"]["product"],
            "unit_amount": self.chance.choice(AMOUNTS),
            "recurring": {"interval": item["price"]["recurring"]["interval"]},
        }
        params = {"items": [{"id": item["id"], "price_data": price}], "proration_behavior": "none"}
        self.account.client.v1.subscriptions.update(gift["id"], cast("Any", params))

    def _charge(self) -> dict[str, Any] | None:
        paid = [dict(c) for c in self.account.sandbox.all("charge") if c["status"] == "succeeded"]
        return self.chance.choice(paid) if paid else None

    def _refund(self) -> None:
        charge = self._charge()
        if charge is not None:
            params: dict[str, Any] = {"charge": charge["id"]}
            if self.chance.random() < 0.5:
                params["amount"] = self.chance.randint(1, charge["amount"])
            made = self.account.client.v1.refunds.create(cast("Any", params))
            self._refunds.append(made.id)

    def _fail_refund(self) -> None:
        if self._refunds:
            self.account.sandbox.fail_refund(self._refunds.pop())

    def _dispute(self) -> None:
        charge = self._charge()
        if charge is not None and not charge["disputed"] and not charge["amount_refunded"]:
            self._disputes.append(
                self.account.sandbox.open_dispute(charge["id"], is_inquiry=self.chance.random() < 0.3)
            )

    def _close_dispute(self) -> None:
        if self._disputes:
            dispute = self._disputes.pop()
            if self.account.sandbox.get(dispute)["status"] == "needs_response":
                self.account.sandbox.close_dispute(dispute, self.chance.choice(("won", "lost")))

    def _spoil_card(self) -> None:
        self._use(FAILING)

    def _mend_card(self) -> None:
        self._use(WORKING)

    def _use(self, method: str) -> None:
        customer = self._one("customer")
        if customer is not None:
            self.account.use_card(customer["id"], method)


def disturbed(events: list[dict[str, Any]], chance: random.Random) -> list[dict[str, Any]]:
    """Events as a bad line delivers them: 5 % never, 2 % twice, 10 % somewhere else in the order."""
    kept = [event for event in events if chance.random() >= 0.05]
    kept += [event for event in kept if chance.random() < 0.02]
    moved = [event for event in kept if chance.random() < 0.1]
    order = [event for event in kept if event not in moved]
    for event in moved:
        order.insert(chance.randint(0, len(order)), event)
    return order
