"""Who may end a unit of work: routes, commands and the worker's rounds; whatever else commits says so at its head."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "membership"
EDGES = ("routes.py", "commands.py")
APART = {"cli", "sandbox"}


def _modules() -> list[Path]:
    """Every module that is neither an edge of the house nor a house of its own."""
    inner = (file for file in PACKAGE.rglob("*.py") if file.relative_to(PACKAGE).parts[0] not in APART)
    return sorted(file for file in inner if not file.name.endswith(EDGES))


def commits(source: str) -> bool:
    """Whether something in a module's code commits."""
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
        for node in ast.walk(ast.parse(source))
    )


@pytest.mark.parametrize("file", _modules(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_module_that_commits_says_so_at_its_head(file: Path):
    source = file.read_text()
    if commits(source):
        assert "ommit" in (ast.get_docstring(ast.parse(source)) or "")


def test_the_rule_sees_a_commit():
    assert commits("def begin(session):\n    session.commit()\n")
    assert not commits("def begin(session):\n    session.flush()\n")
