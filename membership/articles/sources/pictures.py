"""Pictures of an export, found in a folder that was brought along: WordPress's uploads, Ghost's content/images.

Nothing is fetched. An address is matched by the end of its path, the longest first, and only with files that lie
within the folder.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape, unescape
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from membership.articles.slugs import slugify
from membership.web import media

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"})
_IMAGE = re.compile(r"<img\b[^<>]{0,4000}>", re.IGNORECASE)
_SOURCE = re.compile(r"""(\bsrc\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s>"']+))""", re.IGNORECASE)
_LINKED = re.compile(
    r"<a\b([^<>]{0,4000})>\s*(<img\b[^<>]{0,4000}>)\s*</a>",
    re.IGNORECASE,
)
_LEADS_TO = re.compile(r"""\bhref\s*=\s*["']([^"']{1,1000})["']""", re.IGNORECASE)
_GHOST_SIZE = re.compile(r"/size/w\d+(?:h\d+)?/(?:format/\w+/)?")
_WORDPRESS_SIZE = re.compile(r"(?:-\d{1,5}x\d{1,5}|-scaled)(?=\.\w+$)")
MOST_FOLDERS = 12
"""Of an address no more than so many last parts are looked for; uploads of many sites in one have eight."""


@dataclass
class Found:
    """The pictures of one item that are in the folder: files by the names that the item's text uses."""

    files: dict[str, Path] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)  # where each was, by name
    missing: list[str] = field(default_factory=list)
    unread: dict[str, str] = field(
        default_factory=dict
    )  # addresses of files that are here, and why not taken

    def notes(self) -> list[str]:
        """What is to be said of those that cannot be taken, each once."""
        missing = [f"its picture {one} is not in the folder" for one in dict.fromkeys(self.missing)]
        return missing + [f"its picture {one} was not taken: {why}" for one, why in self.unread.items()]


@dataclass(frozen=True)
class Opening:
    """The picture that opens an item, under the name that it will have here ("" for none)."""

    name: str = ""
    alt: str = ""
    caption: str = ""


def within(folder: Path, *parts: str) -> Path | None:
    """The file of a name that truly lies in a folder, whatever links say; `folder` has none in its own path."""
    try:
        file = folder.joinpath(*parts).resolve()
        return file if file.is_relative_to(folder) and file.is_file() else None
    except (OSError, ValueError, RuntimeError):  # a name that no file can have, a link to itself
        return None


class Folder:
    """A folder of pictures that came with an export."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def file_of(self, address: str) -> Path | None:
        """The file that an address means, its original rather than a smaller size of it; None if it is not here."""
        try:
            path = unquote(urlsplit(unescape(address)).path)
        except ValueError:
            return None
        plain = PurePosixPath(_GHOST_SIZE.sub("/", path))
        if plain.suffix.lower() not in ENDINGS or ".." in plain.parts:
            return None
        parts = [part for part in plain.parts if part != "/"]
        for start in range(max(0, len(parts) - MOST_FOLDERS), len(parts)):
            for name in _names(parts[-1]):
                file = within(self._folder, *parts[start:-1], name)
                if file is not None:
                    return file
        return None

    def bring(self, html: str, found: Found) -> str:
        """HTML whose pictures are those of the folder; `found` learns which files they are, and which are missing."""
        unlinked = _LINKED.sub(lambda one: self._unlinked(one, found), html)
        return _IMAGE.sub(lambda one: self._image(one.group(), found), unlinked)

    def name_of(self, address: str, found: Found) -> str:
        """The name that a picture will have here; "" if it is not in the folder or cannot be one of ours."""
        file = self.file_of(address)
        if file is None:
            found.missing.append(address)
            return ""
        known = next((name for name, one in found.files.items() if one == file), "")
        if known:
            return known
        try:
            if file.stat().st_size > media.MOST_BYTES:
                found.unread[address] = "too large"
                return ""
            name = media.name_for(slugify(file.stem), file.read_bytes())
        except OSError as error:
            found.unread[address] = f"it cannot be read ({error.strerror})"
            return ""
        found.files[name], found.addresses[name] = file, address
        return name

    def _image(self, tag: str, found: Found) -> str:
        source = _SOURCE.search(tag)
        address = unescape(next((one for one in source.groups()[1:] if one), "")) if source else ""
        if source is None or not address or address.startswith("data:"):
            return tag
        name = self.name_of(address, found)
        return _SOURCE.sub(f'src="/media/{name}"', tag, count=1) if name else tag

    def _unlinked(self, one: re.Match[str], found: Found) -> str:
        """A picture that leads to its own larger file is that file; any other link around a picture stays."""
        leads, image = _LEADS_TO.search(one.group(1)), one.group(2)
        address = unescape(leads.group(1)) if leads else ""
        if self.file_of(address) is None:
            return one.group()
        return _SOURCE.sub(lambda _source: f'src="{escape(address)}"', image, count=1)


def _names(name: str) -> Iterator[str]:
    """The names of the original and, should only that be there, of the size that was asked for."""
    original = _WORDPRESS_SIZE.sub("", name)
    if original != name:
        yield original
    yield name
