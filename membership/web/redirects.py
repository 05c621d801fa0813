"""Where a `next` may lead: pages of this site only."""

from urllib.parse import urlsplit


def safe_path(candidate: str | None, *, default: str) -> str:
    r"""`candidate` if it is a plain path of this site, else `default`.

    Refused are other hosts in every spelling browsers accept (`//host`, `/\host`, `https:host`), control
    characters, backslashes, and anything over 500 characters.
    """
    if not candidate or len(candidate) > 500 or not candidate.startswith("/"):
        return default
    if candidate.startswith("//") or "\\" in candidate or not candidate.isprintable():
        return default
    parts = urlsplit(candidate)
    return default if parts.scheme or parts.netloc else candidate
