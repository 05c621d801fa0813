"""What counts as an e-mail address here: exactly one plain address, in one canonical spelling.

Two spellings of one mailbox must meet in one row, and no foreign letter may pass for another's address
(CVE-2019-19844). So the domain is lower case and IDNA-encoded, ASCII letters of the local part are lower case, and
anything but plain ASCII in the local part is refused.
"""

import re

MOST_LETTERS = 254
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)


class AddressError(ValueError):
    """What was typed is not exactly one plain e-mail address."""


def canonical(typed: str) -> str:
    """The address that was typed, in its one spelling.

    Raises:
        AddressError: it is none, more than one, has comments, quotes or control characters, or letters outside
            of ASCII before the @.
    """
    text = typed.strip(" \t")
    local, at, domain = text.rpartition("@")
    if (
        not at
        or len(text) > MOST_LETTERS
        or len(local) > 64
        or not _LOCAL.fullmatch(local.lower())
        or not local.isascii()
    ):
        raise AddressError
    return f"{local.lower()}@{_domain(domain)}"


def _domain(domain: str) -> str:
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise AddressError from None
    labels = ascii_domain.split(".")
    if len(labels) < 2 or len(ascii_domain) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressError
    if labels[-1].isdigit():
        raise AddressError
    return ascii_domain


def masked(address: str) -> str:
    """An address that may be shown to who knows it already: "o•••@e•••.org"."""
    local, _, domain = address.partition("@")
    name, _, ending = domain.rpartition(".")
    return f"{local[:1]}•••@{name[:1]}•••.{ending}"
