"""The file of a backup: a tar with the database's copy, the pictures, and a manifest that says what each must be."""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database"
MEDIA = "media"
MOST_MANIFEST_BYTES = 64 * 1024 * 1024


class DamagedBackupError(Exception):
    """A file is no backup, or not all of one; the message says what is wrong."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What is in a backup: from which engine and schema, when, and the SHA-256 of each file."""

    engine: str
    revision: str
    made_at: str
    files: dict[str, str]
    format: int = FORMAT


def write(target: Path, *, database: Path, media: Path, engine: str, revision: str, at: datetime) -> Manifest:
    """Write a backup, readable by its owner alone, whole or not at all.

    Raises:
        FileExistsError: there is such a file; a backup overwrites nothing.
        OSError: the disk does not take it.
    """
    if target.exists():
        raise FileExistsError(17, "There is such a file", str(target))
    files = dict(_files(database, media))
    hashes = {name: _hash(file) for name, file in files.items()}
    manifest = Manifest(engine=engine, revision=revision, made_at=at.isoformat(), files=hashes)
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        unfinished.touch(mode=0o600)
        with tarfile.open(unfinished, "w:gz", compresslevel=3) as tar:
            _add(tar, MANIFEST, json.dumps(asdict(manifest), indent=1, sort_keys=True).encode())
            for name, file in files.items():
                tar.add(file, name, recursive=False)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


def unpack(file: Path, folder: Path) -> Manifest:
    """Unpack a backup into an empty folder, and see that every file is what the manifest says.

    Raises:
        DamagedBackupError: it is not.
    """
    try:
        with tarfile.open(file, "r:*") as tar:
            manifest = _manifest(tar)
            for member in tar:
                if member.name in manifest.files and member.isreg() and _is_plain(member.name):
                    _extract(tar, member, folder / member.name)
    except (tarfile.TarError, EOFError, OSError, ValueError, TypeError, KeyError) as error:
        raise DamagedBackupError(f"{file} is no whole backup ({type(error).__name__}).") from error
    for name, wanted in manifest.files.items():
        unpacked = folder / name
        if not unpacked.is_file() or _hash(unpacked) != wanted:
            raise DamagedBackupError(f"{name} in {file} is missing or was changed.")
    return manifest


def _files(database: Path, media: Path) -> Iterator[tuple[str, Path]]:
    yield DATABASE, database
    for picture in sorted(media.rglob("*")) if media.is_dir() else ():
        if picture.is_file() and not picture.name.startswith("."):
            yield f"{MEDIA}/{picture.relative_to(media).as_posix()}", picture


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    tar.addfile(member, io.BytesIO(content))


def _manifest(tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or first.size > MOST_MANIFEST_BYTES:
        raise ValueError("no manifest")
    content = tar.extractfile(first)
    told = json.loads(content.read()) if content is not None else {}
    if told.get("format") != FORMAT or DATABASE not in told.get("files", {}):
        raise ValueError("another format")
    return Manifest(**told)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    """Write one file, with none of the archive's owners and modes."""
    content = tar.extractfile(member)
    if content is None:
        raise ValueError(member.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as written:
        shutil.copyfileobj(content, written)


def _is_plain(name: str) -> bool:
    """Whether a name leads to the database or to a picture, and nowhere else."""
    parts = PurePosixPath(name).parts
    return name == DATABASE or (len(parts) > 1 and parts[0] == MEDIA and ".." not in parts)


def _hash(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
