"""Programs from npm that measure pages, installed once beside the Python packages and never committed."""

import subprocess
import sys
from pathlib import Path

from bench import machine

LEAST_NODE = 20
INSTALL_S = 600


def installed(package: str, version: str, *, with_scripts: bool = True) -> Path:
    """The folder that has `node_modules` with a package in it; it is installed if it is not there yet.

    `with_scripts=False` leaves out what packages run when they are installed.

    Raises:
        MissingError: there is no Node.js 20 or later, or the package cannot be had.
    """
    machine.need("node", "npm")
    told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(told.removeprefix("v").partition(".")[0]) < LEAST_NODE:
        raise machine.MissingError(f"Missing on this machine: Node.js {LEAST_NODE} or later (this is {told})")
    folder = Path(sys.prefix) / ".bench" / f"{package.rpartition('/')[2]}-{version}"
    done = folder / ".installed"
    if done.exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    print(f"  Installing {package} {version} into {folder.parent.name} …", flush=True)
    words = ["npm", "install", "--no-audit", "--no-fund", "--no-save", "--prefix", str(folder)]
    words += [] if with_scripts else ["--ignore-scripts"]
    result = subprocess.run(
        [*words, f"{package}@{version}"], capture_output=True, text=True, check=False, timeout=INSTALL_S
    )
    if result.returncode:
        raise machine.MissingError(f"npm could not install {package} {version}: {result.stderr[-400:]}")
    done.touch()
    return folder
