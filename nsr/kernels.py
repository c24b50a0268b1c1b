"""Compiled kernels: one decorator for all of them, and the folder that keeps them for the next process.

Numba's own cache notices that a kernel's file has changed, not that a kernel has which it calls into, or the
table whose order the opcodes are. So the folder is named after the text of all of these: other sources, other
folder. Modification times do not matter, as those of an installed wheel are equal.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numba
from numba import types
from numba.misc.appdirs import user_cache_dir

_PACKAGE = Path(__file__).parent
# What kernels take constants and functions from without holding kernels.
_TABLES = (
    "expressions/arena_type.py", "expressions/bessel_series.py", "expressions/expression.py",
    "expressions/layout.py", "expressions/operators.py", "expressions/piecewise_operators.py",
    "expressions/special_operators.py",
)  # fmt: skip
_PREFIX = "kernels-"
# Numba's settings are made when it is loaded.
_CONFIG: Any = numba.config


def kernel(
    function: Callable[..., Any] | None = None, *, inner: bool = False, exact: bool = False, **options: Any
) -> Any:
    """Makes a function a kernel, compiled at its first call and kept for other processes.

    Kernels release the GIL, divide by zero as IEEE arithmetic does, and read no further than they are told.
    A product may be contracted with a sum into one rounding; nothing else is relaxed.

    Args:
        function: What to compile; without it, a decorator with the options is returned.
        inner: Whether only kernels call it: what Python would need to call it is not compiled.
        exact: Whether it rounds every operation, as Python does, and keeps the GIL, being short.
        **options: What differs, as `numba.njit` takes it.
    """
    if function is None:
        return lambda wrapped: kernel(wrapped, inner=inner, exact=exact, **options)
    folder = cache_folder()
    settings: dict[str, Any] = {
        "nogil": not exact, "error_model": "numpy", "boundscheck": False,
        "fastmath": False if exact else {"contract"},
        "cache": folder is not None, "no_cpython_wrapper": inner, "no_cfunc_wrapper": True,
    }  # fmt: skip
    before = _CONFIG.CACHE_DIR
    _CONFIG.CACHE_DIR = "" if folder is None else str(folder)  # read here and now, and never again
    try:
        made = numba.njit(**settings | options)(function)  # noqa: TID251 (the one place)
    finally:
        _CONFIG.CACHE_DIR = before
    return _of_all_numbers(made) if inner else made


def _of_all_numbers(inner: Any) -> Any:
    """An inner kernel that is compiled once, not for each constant that it is called with.

    Numba takes a constant for a type of its own, which here would only mean more of the same code.
    """
    of_types = inner.get_call_template
    inner.get_call_template = lambda args, kws: of_types(tuple(map(types.unliteral, args)), kws)
    return inner


def are_compiled() -> bool:
    """Whether an earlier process has compiled kernels of these sources here."""
    folder = cache_folder()
    return folder is not None and next(folder.rglob("*.nbi"), None) is not None


@cache
def cache_folder() -> Path | None:
    """Where this process keeps its kernels; None if nothing can be written anywhere.

    NUMBA_CACHE_DIR if it is set, else beside the package, else the user's cache, else a temporary folder that
    ends with the process.
    """
    base = Path(_CONFIG.CACHE_DIR or _PACKAGE / "__pycache__")
    # Several installations may share a folder.
    place = sha256(str(_PACKAGE).encode()).hexdigest()[:12]
    name = _PREFIX + sources_digest(_PACKAGE)
    users = Path(user_cache_dir("nsr", appauthor=False))  # type: ignore[no-untyped-call]
    folder = first_writable((base / place, users / place), name)
    if folder is not None:
        return folder
    try:
        folder = Path(tempfile.mkdtemp(prefix="nsr-kernels-"))
    except OSError:
        return None
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def first_writable(bases: Iterable[Path], name: str) -> Path | None:
    """The folder of that name in the first of the places that can be written to, made if absent.

    Folders of other kernels beside a new one are removed: their sources are gone.
    """
    for base in bases:
        folder = base / name
        is_new = not folder.exists()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            continue
        for other in base.glob(f"{_PREFIX}*") if is_new else ():
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
        return folder
    return None


def sources_digest(package: Path) -> str:
    """Digest of all that a change of could change a kernel: the files with kernels, and their tables."""
    digest = sha256()
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).as_posix()
        with suppress(OSError):
            text = path.read_bytes()
            if b"kernels import kernel" in text or name in _TABLES:
                digest.update(name.encode() + b"\0" + text + b"\0")
    return digest.hexdigest()[:16]
