"""The stored pages that are true now, as links for a web server in front (see page_files)."""

import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

NAME = "fresh"
SERVED = ("_page", "_page.gz")
"""What such a server sends: as it is, and for gzip_static."""
_FOLDER = re.compile(r"fresh-([0-9a-f]+)-(\d+)")


class Fresh:
    """The folder of links; `fresh` leads to `fresh-<build>-<generation>`, the last change of everything."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def begin(self, build: str, generation: int) -> None:
        """Begin an empty one: everything has changed up to `generation`, or the program is another.

        Where the disk takes no new one there is none until the next time.
        """
        before = self._folder()
        folder = self._root / f"fresh-{build}-{generation}"
        if before == folder:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            aside = self._root / f".fresh.{secrets.token_hex(6)}"
            aside.symlink_to(folder.name)
            aside.replace(self._root / NAME)
        except OSError:
            self.clear()
            return
        if before is not None:
            shutil.rmtree(before, ignore_errors=True)

    def clear(self) -> None:
        """Forget all links; nothing is served from here until `begin`."""
        before = self._folder()
        (self._root / NAME).unlink(missing_ok=True)
        if before is not None:
            shutil.rmtree(before, ignore_errors=True)

    def is_of(self, build: str) -> bool:
        """Whether the links are to pages of this build."""
        known = self._known()
        return known is not None and known[1] == build

    @property
    def generation(self) -> int:
        """The last change of everything that this folder knows of; -1 without one."""
        known = self._known()
        return known[2] if known else -1

    def take(self, stored: Path, path: str, copy: str, generation: int, build: str) -> None:
        """Link a page that was just made; not if everything has changed since, or another build made it."""
        known = self._known()
        if known is None or known[1] != build or generation < known[2]:
            return
        place = known[0] / copy / path.strip("/")
        # If everything changes just now, the folder is on its way out and the link with it.
        with suppress(OSError):
            place.mkdir(parents=True, exist_ok=True)
            for name in SERVED:
                aside = place / f".{name}.{secrets.token_hex(6)}"
                os.link(stored / name, aside)
                aside.replace(place / name)

    def leave(self, path: str) -> None:
        """Take both copies of a page out."""
        folder = self._folder()
        if folder is None:
            return
        for copy in ("asking", "quiet"):
            for name in SERVED:
                with suppress(FileNotFoundError, NotADirectoryError):
                    (folder / copy / path.strip("/") / name).unlink()

    def _folder(self) -> Path | None:
        with suppress(OSError):
            return self._root / (self._root / NAME).readlink()
        return None

    def _known(self) -> tuple[Path, str, int] | None:
        folder = self._folder()
        told = _FOLDER.fullmatch(folder.name) if folder else None
        return (folder, told.group(1), int(told.group(2))) if folder and told else None
