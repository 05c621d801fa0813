"""What the sandbox's owner can do that no API call can: move time, let banks decide, break the line.

Every method takes the account's lock, is one transaction, and wakes the deliveries.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

from membership.sandbox import agenda, balance, charging, debits, disputing, loading, refunding
from membership.sandbox.account import Account
from membership.sandbox.clock import Clock
from membership.sandbox.deliveries import Deliveries
from membership.sandbox.errors import NotFoundError
from membership.sandbox.faults import Faults
from membership.sandbox.objects import Object, id_of
from membership.sandbox.steps import after


class Control:
    """The levers of one sandbox. Ids may be those of a charge, or of its payment intent, where a charge is meant."""

    def __init__(self, account: Account, deliveries: Deliveries) -> None:
        self.account = account
        self.deliveries = deliveries
        self.faults = Faults()

    @property
    def clock(self) -> Clock:
        """The account's clock; `clock.now()` is the sandbox's present second."""
        return self.account.clock

    def now(self) -> int:
        """Give the sandbox's present second."""
        return self.account.clock.present()

    def advance(self, step: str | int) -> int:
        """Move the account's time on ("1month", "3 days", or seconds), living through everything due in between.

        Gives the new present second. Customers of test clocks keep their own time.

        Raises:
            UnclearStepError: The step is not understood.
        """
        return self.advance_to(after(self.now(), step))

    def advance_to(self, instant: int) -> int:
        """Move the account's time on to an instant; one that has passed changes nothing."""
        with self.account.lock:
            ahead = instant - self.now()
            if ahead > 0:
                self.clock.set_offset(self.clock.offset + ahead)
                self.account.store.remember("offset", str(self.clock.offset))
            agenda.live_until(self.account, self.now())
        self.deliveries.wake()
        return self.now()

    def catch_up(self) -> None:
        """Do what has become due by now."""
        due = self.account.next_planned()
        if due is not None and due <= self.now():
            agenda.live_until(self.account, self.now())
            self.deliveries.wake()

    def load(self, lines: Iterable[str | bytes]) -> int:
        """Take objects from JSON lines without events, and give how many."""
        with self._doing():
            return loading.load(self.account, lines)

    def get(self, wanted: str) -> Object:
        """Give a copy of any object by id.

        Raises:
            NotFoundError: There is none.
        """
        with self.account.lock:
            found = self.account.find(wanted)
        if found is None:
            raise NotFoundError("object", wanted)
        return found

    def all(self, kind: str, /, **columns: object) -> list[Object]:
        """Give all objects of a kind, newest first: `all("charge", customer="cus_…")`."""
        with self.account.lock:
            return self.account.store.find(kind, **columns)

    def events(self, kind: str | None = None) -> list[Object]:
        """Give all events, oldest first, or those of one type."""
        columns = {} if kind is None else {"kind": kind}
        return self.all("event", **columns)[::-1]

    def settle_debit(self, charge: str, *, succeeds: bool = True) -> None:
        """Let a bank debit that is on its way arrive now, or fail."""
        with self._doing():
            debits.settle(self.account, self._charge(charge), succeeds=succeeds)

    def open_dispute(
        self, charge: str, *, amount: int | None = None, is_inquiry: bool = False, reason: str = "fraudulent"
    ) -> str:
        """Let the bank dispute a charge, and give the dispute's id; an inquiry moves no money."""
        with self._doing():
            made = disputing.open_dispute(
                self.account, self._charge(charge), amount=amount, is_inquiry=is_inquiry, reason=reason
            )
            return str(made["id"])

    def escalate_inquiry(self, dispute: str) -> None:
        """Let an inquiry become a dispute."""
        with self._doing():
            disputing.escalate(self.account, self.account.get(dispute, "dispute"))

    def close_dispute(self, dispute: str, outcome: Literal["won", "lost"]) -> None:
        """Let the bank decide a dispute."""
        with self._doing():
            disputing.close(self.account, self.account.get(dispute, "dispute"), won=outcome == "won")

    def warn_of_fraud(self, charge: str) -> str:
        """Send an early fraud warning about a charge, and give its id."""
        with self._doing():
            return str(disputing.warn(self.account, self._charge(charge))["id"])

    def refund(self, charge: str, amount: int | None = None) -> str:
        """Refund a charge as if from Stripe's dashboard, and give the refund's id."""
        with self._doing():
            return str(refunding.refund(self.account, self._charge(charge), amount)["id"])

    def fail_refund(self, refund: str) -> None:
        """Let a refund come back from the bank."""
        with self._doing():
            refunding.fail(self.account, self.account.get(refund, "refund"))

    def take_account_fee(self, amount: int, description: str = "Radar for Fraud Teams") -> str:
        """Let Stripe take a fee tied to no charge (minor units of the settlement currency); gives the movement's id."""
        with self._doing():
            return str(balance.enter_account_fee(self.account, amount, description)["id"])

    def pay_out(self, amount: int) -> str:
        """Send money of the balance to the account's bank, and give the movement's id."""
        with self._doing():
            return str(balance.pay_out(self.account, amount)["id"])

    def settle_charge(self, charge: str) -> None:
        """Enter a charge in the balance now, where the rules do that later."""
        with self._doing():
            charging.settle(self.account, self._charge(charge))

    def _charge(self, wanted: str) -> Object:
        found = self.account.get(wanted, "charge", "payment_intent")
        if found["object"] == "payment_intent":
            return self.account.get(id_of(found["latest_charge"]), "charge")
        return found

    @contextmanager
    def _doing(self) -> Iterator[None]:
        with self.account.lock:
            self.catch_up()
            with self.account.store.transaction():
                yield
        self.deliveries.wake()
