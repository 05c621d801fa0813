"""No float comes near money: the syntax tree of every module that handles it is read.

Neither a number with a point, nor the name `float`, nor a division that could make one; what is divided is shared out
by membership.money in whole units. What is not money is named below, with what it is.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from membership import paths
from membership.money import Money

HANDLES_MONEY = ("money.py", "giving", "gateway", "reports", "patrons", "appeals", "web/filters.py")
NOT_MONEY = {
    "appeals/comparing.py": "ratios of rates and shares of deals; sums of money come in whole and go out as ratios",
    "appeals/trial_charts.py": "places in a drawing",
    "giving/paper.py": "places on a sheet of paper, in points",
    "giving/door.py": "seconds between deliveries",
    "giving/chaining.py": "seconds between two looks",
    "gateway/client.py": "seconds until a call is given up",
}
"""Modules in which floats are something else; no money is computed in them."""
EXACT_DIVISIONS = {"(net + fixed) / (1 - rate)"}
"""Divisions of fractions, which stay exact."""


def _modules() -> list[str]:
    found: list[Path] = []
    for name in HANDLES_MONEY:
        place = paths.PACKAGE / name
        found += [place] if place.is_file() else sorted(place.rglob("*.py"))
    return [str(file.relative_to(paths.PACKAGE)) for file in found]


def _floats(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float() as number):
                yield f"line {node.lineno}: {number}"
            case ast.Name(id="float"):
                yield f"line {node.lineno}: float"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                told = ast.unparse(node)
                if told not in EXACT_DIVISIONS and not _joins_a_path(node):
                    yield f"line {node.lineno}: {told}"
            case ast.Attribute(attr="truediv"):
                yield f"line {node.lineno}: truediv"


def _joins_a_path(node: ast.BinOp | ast.AugAssign) -> bool:
    """Whether a slash stands before the name of a file, or after a folder."""
    right = node.right if isinstance(node, ast.BinOp) else node.value
    left = node.left if isinstance(node, ast.BinOp) else node.target
    if isinstance(right, ast.JoinedStr) or (isinstance(right, ast.Constant) and isinstance(right.value, str)):
        return True
    return "folder" in ast.unparse(left).lower() or ast.unparse(left).endswith("parent")


@pytest.mark.parametrize("module", [module for module in _modules() if module not in NOT_MONEY])
def test_a_module_that_handles_money_has_no_float(module):
    tree = ast.parse((paths.PACKAGE / module).read_text(encoding="utf-8"))

    assert list(_floats(tree)) == []


@pytest.mark.parametrize("module", NOT_MONEY)
def test_what_is_excepted_exists_and_computes_no_money(module):
    tree = ast.parse((paths.PACKAGE / module).read_text(encoding="utf-8"))
    made = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Money"
    ]

    assert list(_floats(tree))
    assert made == []


@pytest.mark.parametrize("planted", ["x = 0.01", "y: float = z", "a = b / 100", "a /= 100", "float(x)"])
def test_the_rule_finds_what_is_planted(planted):
    assert list(_floats(ast.parse(planted)))


def test_money_itself_refuses_a_float():
    with pytest.raises(TypeError):
        Money(5.0, "eur")  # type: ignore[arg-type]  # that is the point
