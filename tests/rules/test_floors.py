"""The project's own rules about who may import whom."""

import subprocess
import sys
from pathlib import Path


def test_no_module_imports_from_a_higher_floor():
    linter = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run([linter, "--no-cache"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
