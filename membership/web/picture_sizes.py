"""A picture of ours in several widths and formats, so that a phone fetches no more than it can show.

AVIF and WebP in each width up to the picture's own, and one JPEG (PNG where parts are transparent) for whoever can
read neither, and for cards of other sites. They lie beside the picture, named after it: `ferry-1a2b.webp` becomes
`ferry-1a2b-800w.avif`. AVIF takes a second or two, so they are made by the worker; until then the picture itself is
shown.
"""

import io
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from PIL import Image

from membership.web import media
from membership.web.media import PictureError

WIDTHS = (400, 800, 1200, 1600)
FALLBACK_WIDTH = 1200
"""What large cards of other sites ask for, and enough for an old browser."""
_AVIF = {"format": "AVIF", "quality": 55, "speed": 8}  # half the time of 7, 2 % larger
_WEBP = {"format": "WEBP", "quality": 80, "method": 4}
_JPEG = {"format": "JPEG", "quality": 82, "optimize": True, "progressive": True}
_PNG = {"format": "PNG", "optimize": True}


@dataclass(frozen=True)
class Smaller:
    """The addresses of a picture's sizes as `srcset` writes them, and the one that everything can read."""

    avif: str
    webp: str
    fallback: str
    width: int  # of the fallback
    height: int


def make(folder: Path, name: str) -> dict[str, Any]:
    """Draw every size of a kept picture and keep them beside it; gives what `read` understands, to be stored.

    Raises:
        PictureError: the picture is not in the folder, or no longer one.
    """
    try:
        with Image.open(folder / name, formats=("WEBP",)) as kept:
            kept.load()
            picture = kept.convert("RGBA" if kept.mode in {"RGBA", "LA", "PA"} else "RGB")
    except (OSError, SyntaxError, ValueError):
        raise PictureError("not_a_picture") from None
    widths = [width for width in WIDTHS if width < picture.width] + (
        [] if picture.width > WIDTHS[-1] else [picture.width]
    )
    for width in widths:
        drawn = _at_width(picture, width)
        media.keep(folder, variant(name, width, "avif"), _encoded(drawn, _AVIF))
        media.keep(folder, variant(name, width, "webp"), _encoded(drawn, _WEBP))
    width = min(FALLBACK_WIDTH, picture.width)
    ending, options = ("png", _PNG) if picture.mode == "RGBA" else ("jpg", _JPEG)
    media.keep(folder, variant(name, width, ending), _encoded(_at_width(picture, width), options))
    return {"widths": widths, "fallback": variant(name, width, ending), "fallback_width": width}


def read(name: str, width: int, height: int, told: dict[str, Any]) -> Smaller | None:
    """The sizes of a picture of `width` and `height` from what `make` told; None if there are none yet."""
    if not told.get("widths"):
        return None
    fallback_width = int(told["fallback_width"])
    return Smaller(
        avif=_srcset(name, told["widths"], "avif"),
        webp=_srcset(name, told["widths"], "webp"),
        fallback=f"/media/{told['fallback']}",
        width=fallback_width,
        height=max(1, round(height * fallback_width / width)),
    )


def variant(name: str, width: int, ending: str) -> str:
    """The name of one size of a picture."""
    return f"{PurePath(name).stem}-{width}w.{ending}"


def _srcset(name: str, widths: list[int], ending: str) -> str:
    return ", ".join(f"/media/{variant(name, width, ending)} {width}w" for width in widths)


def _at_width(picture: Image.Image, width: int) -> Image.Image:
    if width == picture.width:
        return picture
    height = max(1, round(picture.height * width / picture.width))
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _encoded(picture: Image.Image, options: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    picture.save(out, **options)
    return out.getvalue()
