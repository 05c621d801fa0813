"""Where a `next` may lead: pages of this site only."""

import re
from urllib.parse import urlsplit

_ENCODED = re.compile(r"%(?:00|0a|0d|5c)", re.IGNORECASE)  # what a server behind us might decode and believe


def safe_path(candidate: str | None, *, default: str) -> str:
    r"""`candidate` if it is a plain path of this site, else `default`.

    Refused are other hosts in every spelling browsers accept (`//host`, `/\host`, `https:host`), control
    characters and backslashes (line breaks, NUL and backslashes percent-encoded too), and anything over 500
    characters.
    """
    if not candidate or len(candidate) > 500 or not candidate.startswith("/"):
        return default
    if candidate.startswith("//") or "\\" in candidate or not candidate.isprintable():
        return default
    if _ENCODED.search(candidate):
        return default
    parts = urlsplit(candidate)
    return default if parts.scheme or parts.netloc else candidate
