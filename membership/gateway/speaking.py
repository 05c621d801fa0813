"""The language of Stripe's own pages, which speak fewer languages than ours."""

from typing import Final

SPOKEN: Final = frozenset({"en"})
"""Our languages that Stripe's hosted pages speak too.

Source: the values of `locale` of Checkout and billing portal sessions, API 2026-10-28.endive: no "uk" among them.
"""


def locale_for(language: str) -> str:
    """The `locale` to ask Stripe for; "auto", the browser's own choice, where Stripe would refuse ours."""
    return language if language in SPOKEN else "auto"
