"""Keeps numba's cache on disk honest: it looks at a kernel's own file, not at those it calls into."""

from __future__ import annotations

from pathlib import Path

# Those that other files' kernels call.
_SOURCES = (
    "evaluate/elementary.py",
    "evaluate/interpreter.py",
    "evaluate/tape.py",
    "expressions/expression.py",
    "refinement/linear_algebra.py",
    "refinement/optimizers.py",
)


def drop_stale_kernels(folder: Path | None = None) -> int:
    """Removes cached kernels older than any kernel source, so that an edited callee takes effect.

    Args:
        folder: The package, with numba's caches in `__pycache__` folders below; this one by default.

    Returns:
        Number of index files removed; what cannot be removed is left.
    """
    folder = folder or Path(__file__).parents[1]
    newest = max((path.stat().st_mtime for name in _SOURCES if (path := folder / name).exists()), default=0.0)
    removed = 0
    for index in folder.rglob("__pycache__/*.nbi"):
        try:
            if index.stat().st_mtime < newest:
                index.unlink()
                removed += 1
        except OSError:
            continue
    return removed
