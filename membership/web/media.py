"""Pictures: measured before they are opened, stripped of what they tell about their maker, kept as files.

Every picture is drawn anew as WebP. So nothing of the file that was sent survives but what can be seen: no place, no
camera, no thumbnail, no second format hidden in it.
"""

import hashlib
import io
import re
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 60_000_000
LONGEST_SIDE = 2_400
"""Wider pictures are made smaller."""
QUALITY = 82
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
RASTER = frozenset({"image/webp", "image/jpeg", "image/png", "image/gif", "image/avif"})
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
"""The content policy of everything below /media/: even opened as a page, it can do nothing; no page may frame it."""
_TYPES = {
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".avif": "image/avif",
    ".svg": "image/svg+xml",
}
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,150}\.[a-z]{3,4}")


class PictureError(ValueError):
    """A file is no picture that can be taken: `reason` is "not_a_picture", "too_large" or "too_many_pixels"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Drawn:
    """A picture as it will be kept."""

    data: bytes
    width: int
    height: int
    content_type: str = "image/webp"


def draw(sent: bytes) -> Drawn:
    """The picture in a file, upright, at most LONGEST_SIDE, as WebP without anything else.

    Raises:
        PictureError: the file is none of FORMATS, is cut off, or has more bytes or pixels than anybody needs.
    """
    if len(sent) > MOST_BYTES:
        raise PictureError("too_large")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns at a size of its own; ours is checked below
            image = Image.open(io.BytesIO(sent), formats=FORMATS)
            if image.width * image.height > MOST_PIXELS:
                raise PictureError("too_many_pixels")
            return _encode(image)
    except Image.DecompressionBombError:
        raise PictureError("too_many_pixels") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError("not_a_picture") from None


def _encode(image: Image.Image) -> Drawn:
    image.seek(0)
    upright = _in_srgb(ImageOps.exif_transpose(image))
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = io.BytesIO()
    upright.save(out, "WEBP", quality=QUALITY, method=4)
    return Drawn(out.getvalue(), upright.width, upright.height)


def _in_srgb(image: Image.Image) -> Image.Image:
    """The picture in the colors of the web, with transparency if it had any."""
    has_alpha = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    profile = image.info.get("icc_profile")
    if profile and image.mode in {"RGB", "CMYK"}:
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, own, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError):
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGBA" if has_alpha else "RGB")


def name_for(stem: str, sent: bytes) -> str:
    """The name a picture is kept under: what it is called, and a hash, so that a name never means another picture."""
    return f"{stem[:80] or 'picture'}-{digest(sent)[:10]}.webp"


def digest(sent: bytes) -> str:
    """The fingerprint of a file as it was sent, to know it when it comes again."""
    return hashlib.sha256(sent).hexdigest()


def keep(folder: Path, name: str, data: bytes) -> None:
    """Write a picture into the media folder, whole or not at all.

    Raises:
        OSError: there is no room, or nothing may be written there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{name}"
    try:
        aside.write_bytes(data)
        aside.replace(folder / name)
    except OSError:
        with suppress(OSError):
            aside.unlink()  # half of it would keep the room that is wanted
        raise


def find(folder: Path, name: str) -> tuple[Path, str] | None:
    """The file of a name and the type it is sent as; None for any other name."""
    content_type = _TYPES.get(Path(name).suffix)
    if content_type is None or not _NAME.fullmatch(name):
        return None
    file = folder / name
    return (file, content_type) if file.is_file() else None
