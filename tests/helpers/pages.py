"""Blocks of the pages in Markdown: the README, docs/ and CONTRIBUTING."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)


def name(page: Path) -> str:
    """Of a page, below the root."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    """Contents of the fenced blocks of a language, in their order."""
    return [body for kind, body in _BLOCK.findall(page.read_text()) if kind == language]


def commands(page: Path) -> Iterator[list[str]]:
    """The words of each command that a page shows: those behind a `$`, or all lines of a shell block."""
    for block in (*blocks(page, "bash"), *blocks(page, "console"), *blocks(page, "")):
        lines = block.splitlines()
        prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        for command in "&&".join(prompted or lines).split("&&"):
            if words := shlex.split(command, comments=True):
                yield words
