"""Where the folders outside of the package are, in a checkout and in an installed wheel.

In a checkout `templates/` and `migrations/` stand beside the package; the wheel carries
them inside it (pyproject.toml, force-include).
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
STATIC = PACKAGE / "static"
TRANSLATIONS = PACKAGE / "translations"
DEMONSTRATION = PACKAGE / "demonstration"


def _beside_or_inside(name: str) -> Path:
    beside = PACKAGE.parent / name
    return beside if (PACKAGE.parent / "pyproject.toml").exists() else PACKAGE / name


TEMPLATES = _beside_or_inside("templates")
MIGRATIONS = _beside_or_inside("migrations")
