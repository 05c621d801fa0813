"""What happens by the clock alone: renewals, retries, expiries, debits that arrive.

Each entry is done at its own instant, in order, as if nobody had moved the clock: `advance` by a year lives
through twelve renewals one after the other.
"""

from collections.abc import Callable

from membership.sandbox.account import Account
from membership.sandbox.errors import ApiError
from membership.sandbox.objects import Object

_Action = Callable[[Account, Object], None]
_ACTIONS: dict[str, _Action] = {}


def due(kind: str) -> Callable[[_Action], _Action]:
    """Register what is done when an entry of this kind is due; it gets the object, read at that moment."""

    def register(action: _Action) -> _Action:
        _ACTIONS[kind] = action
        return action

    return register


def live_until(account: Account, instant: int, clock: str = "") -> int:
    """Do everything that is due up to and including an instant, and give how many things were done."""
    done = 0
    while True:
        row = account.store.connection.execute(
            "SELECT kind, id, at FROM agenda WHERE clock = ? AND at <= ? ORDER BY at, rowid LIMIT 1",
            (clock, instant),
        ).fetchone()
        if row is None:
            return done
        _do(account, *row)
        done += 1


def _do(account: Account, kind: str, wanted: str, at: int) -> None:
    try:
        with account.store.transaction(), account.by_itself(), account.clock.standing_at(at):
            account.unplan(kind, wanted)
            thing = account.find(wanted)
            if thing is not None and not thing.get("deleted"):
                _ACTIONS[kind](account, thing)
    except ApiError:
        # What cannot be done fails loudly once, and does not stop the clock for ever.
        account.unplan(kind, wanted)
        raise
