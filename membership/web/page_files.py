"""Stored pages as files: one for each path, copy and encoding, beside a `.meta` that says what they are.

Files are written aside and renamed, bodies first and the `.meta` last; a reader compares each body with the tag that
`.meta` has for it, so that it never takes half of one page for half of another. Several processes share the folder;
a lock for each path lets one of them make a page while the others wait for it.

Beside the pages lies `fresh`: links to those that are true now, for a web server in front that serves files and asks
nobody. What has changed leaves it at once and comes back when it has been made anew. It is a symbolic link to a folder
named after the build and the last change of everything, so that everything leaves it in one step.
"""

import fcntl
import gzip
import hashlib
import json
import os
import re
import secrets
import shutil
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import brotli

from membership.web.page_fresh import Fresh

COPIES = ("asking", "quiet")
ENCODINGS = {"plain": "", "gzip": ".gz", "br": ".br"}
EMBEDDED = "/embed/"
"""Pages for frames on other sites, where no cookie is read."""
LONGEST_WAIT_S = 2.0
MOST_AT_BEST = 256 * 1024
"""Larger pages (the sitemap of a large archive) would take brotli's best level seconds; they keep the quick one."""
_PATH = re.compile(r"/|/[a-z]{2}/|(?:/[a-z0-9][a-z0-9._-]{0,159}){1,5}")
_LOCKS = 64


@dataclass(frozen=True)
class Rendered:
    """A page as it was made: its own headers, none that a cache or a cookie needs, and its body."""

    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class Meta:
    """What is stored of a page: from which generation and build it is, its headers, a tag for each encoding."""

    generation: int
    build: str
    headers: list[tuple[str, str]]
    tags: dict[str, str]
    is_best: bool = False  # compressed as well as can be


@dataclass(frozen=True)
class StoredPage:
    """One representation of a page, read whole."""

    meta: Meta
    encoding: str
    body: bytes

    @property
    def tag(self) -> str:
        """The strong ETag of these bytes."""
        return self.meta.tags[self.encoding]


def may_be_stored(path: str) -> bool:
    """Whether a path is plain enough to be a folder's name: lower case, no dots at the start, five levels at most.

    Only a language's front page ends with a slash ("/uk/"), as url_for writes it.
    """
    return len(path) <= 255 and _PATH.fullmatch(path) is not None


class PageFiles:
    """The folder of stored pages of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.fresh = Fresh(root)

    def read(self, path: str, copy: str, encoding: str) -> StoredPage | None:
        """A stored representation, or None if there is none that is whole."""
        for _try in range(3):
            try:
                meta = self.meta(path, copy)
                body = self._file(path, copy, ENCODINGS[encoding]).read_bytes()
            except (OSError, ValueError, TypeError, KeyError):
                return None
            if meta is not None and meta.tags.get(encoding) == _tag(body):
                return StoredPage(meta, encoding, body)
            time.sleep(0.005)  # somebody is writing it just now
        return None

    def meta(self, path: str, copy: str) -> Meta | None:
        """What is stored of a page, or None."""
        try:
            told = json.loads(self._file(path, copy, ".meta").read_bytes())
            told["headers"] = [(name, value) for name, value in told["headers"]]
            return Meta(**told)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write(self, path: str, copy: str, page: Rendered, *, generation: int, build: str) -> None:
        """Store a page in all encodings, quickly compressed; `improve` does better later.

        Where nothing but the generation is new the files stay, well compressed as they are.

        Raises:
            OSError: the disk is full or may not be written.
        """
        known = self.meta(path, copy)
        if known is not None and known.tags["plain"] == _tag(page.body) and self._is_whole(path, copy, known):
            self._note(path, copy, Meta(generation, build, page.headers, known.tags, known.is_best))
            return
        bodies = {
            "plain": page.body,
            "gzip": gzip.compress(page.body, 6, mtime=0),
            "br": brotli.compress(page.body, quality=5),
        }
        tags = {encoding: _tag(body) for encoding, body in bodies.items()}
        self._store(path, copy, bodies, Meta(generation, build, page.headers, tags))

    def improve(self, path: str) -> None:
        """Compress both copies of a page as well as can be; takes some 30 ms, so never while a reader waits."""
        for copy in COPIES:
            page = self.read(path, copy, "plain")
            if page is None or page.meta.is_best:
                continue
            bodies = {"gzip": gzip.compress(page.body, 9, mtime=0)}
            if len(page.body) <= MOST_AT_BEST:
                bodies["br"] = brotli.compress(page.body, quality=11)
            tags = page.meta.tags | {encoding: _tag(body) for encoding, body in bodies.items()}
            meta = Meta(page.meta.generation, page.meta.build, page.meta.headers, tags, is_best=True)
            self._store(path, copy, bodies, meta)

    def delete(self, path: str) -> None:
        """Forget both copies of a page."""
        self.leave_fresh(path)
        for copy in COPIES:
            for ending in (".meta", *ENCODINGS.values()):
                self._file(path, copy, ending).unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget every page."""
        self.fresh.clear()
        for copy in COPIES:
            with suppress(FileNotFoundError):
                shutil.rmtree(self._root / copy)

    def paths(self) -> Iterator[str]:
        """The path of every page that is stored."""
        top = self._root / COPIES[0]
        for file in sorted(top.rglob("_page.meta")):
            folder = file.parent.relative_to(top).as_posix()
            yield "/" if folder == "." else f"/{folder}/" if len(folder) == 2 else f"/{folder}"

    def last_round(self) -> int:
        """The generation up to which this machine has made changed pages ahead."""
        try:
            return int((self._root / ".round").read_text())
        except (OSError, ValueError):
            return 0

    def note_round(self, generation: int) -> None:
        """Remember that everything up to this generation has been made."""
        self._root.mkdir(parents=True, exist_ok=True)
        _replace(self._root / ".round", str(generation).encode())

    def lock_file(self, name: str) -> Path:
        """A file of this machine's folder to lock, for something that only one process may do."""
        self._root.mkdir(parents=True, exist_ok=True)
        return self._root / f".lock-{name}"

    @contextmanager
    def lock(self, path: str) -> Iterator[bool]:
        """Be the only one to make a page; gives False if somebody else took longer than LONGEST_WAIT_S.

        Where the disk takes no file there is nothing to guard.
        """
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            file = (self._root / f".lock-{zlib.crc32(path.encode()) % _LOCKS}").open("w")
        except OSError:
            yield True
            return
        with file:
            yield _wait_for(file.fileno())

    def _store(self, path: str, copy: str, bodies: dict[str, bytes], meta: Meta) -> None:
        folder = self._file(path, copy, "").parent
        folder.mkdir(parents=True, exist_ok=True)
        for encoding, body in bodies.items():
            _replace(self._file(path, copy, ENCODINGS[encoding]), body)
        self._note(path, copy, meta)

    def _note(self, path: str, copy: str, meta: Meta) -> None:
        _replace(self._file(path, copy, ".meta"), json.dumps(asdict(meta)).encode())
        self.fresh.take(self._file(path, copy, "").parent, path, copy, meta.generation, meta.build)

    def _is_whole(self, path: str, copy: str, meta: Meta) -> bool:
        """Whether every encoding is there as the `.meta` says."""
        try:
            return all(
                _tag(self._file(path, copy, ending).read_bytes()) == meta.tags[encoding]
                for encoding, ending in ENCODINGS.items()
            )
        except (OSError, KeyError):
            return False

    def leave_fresh(self, path: str) -> None:
        """Take a page that has changed out of what a web server in front may serve by itself."""
        if may_be_stored(path):
            self.fresh.leave(path)

    def _file(self, path: str, copy: str, ending: str) -> Path:
        if not may_be_stored(path):
            raise ValueError(f"not a path that is stored: {path!r}")
        return self._root / copy / path.strip("/") / f"_page{ending}"


def unstored(page: Rendered, *, generation: int, build: str) -> StoredPage:
    """A page as if it were stored, not compressed, for when the disk does not take it."""
    meta = Meta(generation, build, page.headers, {"plain": _tag(page.body)})
    return StoredPage(meta, "plain", page.body)


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'


def _replace(file: Path, content: bytes) -> None:
    aside = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    aside.write_bytes(content)
    aside.replace(file)


def _wait_for(descriptor: int) -> bool:
    until = time.monotonic() + LONGEST_WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > until:
                return False
            time.sleep(0.005)
        else:
            return True


def build_of(*folders: Path, base_url: str) -> str:
    """A fingerprint of the program's files and address: pages made by another version are made anew."""
    return hashlib.sha256(f"{base_url}{_fingerprint(folders)}".encode()).hexdigest()[:16]


@cache
def _fingerprint(folders: tuple[Path, ...]) -> str:
    """The names, sizes and times of all files, looked at once: a process runs what it has begun with."""
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.suffix not in {".pyc", ".webp"}:
                status = os.stat(file)  # noqa: PTH116 - one call for size and time
                digest.update(f"{file.relative_to(folder)}:{status.st_size}:{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
