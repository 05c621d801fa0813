"""Trouble on order: the next calls go wrong in the way a test wants.

`error` and `busy`, `revoked`, `html` answer without doing anything; `slow` waits first; `cut_before` closes the
connection without doing anything, `cut_after` and `half` do the work and then close it, or send half the answer.
"""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["error", "busy", "revoked", "html", "slow", "cut_before", "cut_after", "half"]
KINDS: tuple[Kind, ...] = ("error", "busy", "revoked", "html", "slow", "cut_before", "cut_after", "half")


@dataclass
class Fault:
    """One kind of trouble for the next so many calls, all of them or those to one path."""

    kind: Kind
    times: int = 1
    # The beginning of the path ("/v1/checkout"), and the method; empty for any.
    path: str = ""
    method: str = ""
    # How long `slow` waits, and what `busy` says in Retry-After.
    seconds: float = 1.0
    # Whether an `error` is remembered under the idempotency key and given again, as Stripe does when it
    # failed in the middle of the work.
    is_remembered: bool = False


@dataclass
class Faults:
    """The troubles that wait for a call."""

    waiting: list[Fault] = field(default_factory=list)

    def add(self, kind: Kind, times: int = 1, **rest: object) -> Fault:
        """Order trouble for the next calls; `rest` are the other fields of `Fault`."""
        if kind not in KINDS:
            raise ValueError(f"no such fault: {kind}")
        fault = Fault(kind, times, **rest)  # type: ignore[arg-type]  # the dataclass names and checks them
        self.waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Let all calls go well again."""
        self.waiting.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Give the trouble for this call, if one waits, and count it."""
        for fault in self.waiting:
            if path.startswith(fault.path) and fault.method in ("", method):
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        return None
