"""The table of capabilities: what NSR is said to do has a test that is run, and what it lacks a reason."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
from markdown_tables import Row, rows

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "capabilities.md"
ROWS = list(rows(PAGE))
TOOLS = ("NSR", "PySR", "gplearn", "Operon", "PySINDy", "TabPFN")
LAST = "Shown by, or why not"
# Tests that have these marks are not run, or may fail.
UNRUN = {"slow", "skip", "xfail"}


@cache
def run_tests(file: Path) -> frozenset[str]:
    """Names of the tests of a file that pytest runs without further options."""
    tree = ast.parse(file.read_text())
    return frozenset(
        one.name
        for one in tree.body
        if isinstance(one, ast.FunctionDef)
        and one.name.startswith("test_")
        and not any(marks(decorator) & UNRUN for decorator in one.decorator_list)
    )


def marks(decorator: ast.expr) -> set[str]:
    return {node.attr for node in ast.walk(decorator) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[""].text[:40])
def test_what_is_said_is_shown(row: Row):
    assert {row[tool].text for tool in TOOLS} <= {"yes", "in part", "no", "?", "—"}
    ours, shown = row["NSR"].text, row[LAST]
    assert ours in {"yes", "in part", "no"}
    if ours == "no":
        assert shown.text, "say why not"
        assert not shown.links, "what a test shows is there"
        return
    assert shown.links, "link a test"
    for name, target in shown.links:
        file = (PAGE.parent / target).resolve()
        assert file.is_relative_to(ROOT / "tests")
        assert file.name.startswith("test_")
        assert name in run_tests(file), f"{target} has no test {name} that is run"


def test_no_row_stands_twice():
    names = [row[""].text for row in ROWS]
    assert len(names) == len(set(names)) > 40


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def test_a(): pass", {"test_a"}),
        ("@pytest.mark.slow\ndef test_a(): pass", set()),
        ("@pytest.mark.parametrize('x', [1])\ndef test_a(x): pass", {"test_a"}),
        ("@pytest.mark.skipif(not gpu(), reason='')\ndef test_a(): pass", {"test_a"}),
        ("def helper(): pass", set()),
    ],
)
def test_tests_that_are_not_run_do_not_count(source, found, tmp_path):
    file = tmp_path / "test_some.py"
    file.write_text(source)
    assert run_tests(file) == found
