"""Makes sure that every operation and every thing on the agenda is known before the first call."""

from importlib import import_module

_MODULES = (
    *(
        "balance",
        "billing",
        "catalogue",
        "charging",
        "checkout",
        "clocks",
        "customers",
        "debits",
        "disputing",
    ),
    *("endpoints", "intents", "invoices", "methods", "portal", "refunding", "setup", "subscriptions"),
)


def load() -> None:
    """Import the modules that register operations; a second call does nothing."""
    for name in _MODULES:
        import_module(f"membership.sandbox.{name}")
