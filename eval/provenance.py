"""What made a row of results: the commit of this code, and the versions of what it ran with."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# What any fit runs with, and what judges it.
_ALWAYS = ("nsr", "numpy", "sympy")


def provenance(package: str | None = None) -> dict[str, str]:
    """Columns of a row: `commit`, and `versions` as a text.

    Args:
        package: The distribution that the method comes from, if it is not ours.
    """
    packages = [*_ALWAYS, *([package] if package else [])]
    versions = [f"python {platform.python_version()}", *(f"{name} {_version(name)}" for name in packages)]
    return {"commit": _commit(), "versions": ", ".join(versions)}


@cache
def _commit() -> str:
    """The commit of the clone that this file is in, with a plus where files differ from it."""
    try:
        commit, changed = _git("rev-parse", "--short=7", "HEAD"), _git("status", "--porcelain", "-uno")
    except (OSError, subprocess.CalledProcessError):  # no git, or no clone
        return "unknown"
    return commit + "+" * bool(changed)


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(Path(__file__).parent), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
