"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

# A folder that takes this much takes a result, too.
_PROBE = b"\0" * 65_536


def check_output(path: Path, inputs: Sequence[Path] = ()) -> None:
    """Raises before any work is done where its result could not be written.

    Args:
        path: File to be written later.
        inputs: Files that it must not replace.

    Raises:
        ValueError: If the path is one of the inputs or a folder, or its folder is missing, full or closed.
    """
    for other in inputs:
        if path.exists() and other.exists() and path.samefile(other):
            raise ValueError(f"{path} would replace what is read from it; give another name for the output")
    if path.is_dir() or str(path) == "-":
        raise ValueError(f"{path} is not a file; give the output the name of a file")
    if not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent} to write {path.name} into; make it first")
    if _is_device(path):
        return
    if path.exists() and not os.access(path, os.W_OK):
        raise ValueError(f"{path} is write-protected; give another name for the output")
    try:
        with tempfile.NamedTemporaryFile(dir=path.resolve().parent, prefix=f".{path.name[:50]}-") as probe:
            probe.write(_PROBE)
            probe.flush()
    except OSError as error:
        raise ValueError(f"nothing can be written into {path.parent}: {error.strerror}") from None


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes a file; whatever goes wrong, it then has the new content or what it had before.

    Args:
        path: What to write; a link is followed.
        content: Text, written as UTF-8, or bytes.

    Raises:
        OSError: If it cannot be written; the message says where the content is instead, if anywhere.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        if _is_device(path):
            path.write_bytes(data)
        else:
            _replace(path.resolve(), data)
    except OSError as error:
        saved = _saved_elsewhere(path.name, data)
        where = "" if saved is None else f"; the result is in {saved}"
        raise OSError(f"{path} cannot be written: {error.strerror}{where}") from None


def _replace(target: Path, data: bytes) -> None:
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
    with _partial(target) as partial:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.chmod(mode)
        partial.replace(target)


def _saved_elsewhere(name: str, data: bytes) -> Path | None:
    """A file in a new temporary folder, if that can be made."""
    try:
        path = Path(tempfile.mkdtemp(prefix="nsr-")) / name
        path.write_bytes(data)
    except OSError:
        return None
    return path


@contextlib.contextmanager
def _partial(target: Path) -> Iterator[Path]:
    """An empty file beside the target, gone at the end."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:50]}-")
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _is_device(path: Path) -> bool:
    """Whether the path is neither a file nor absent, such as /dev/null or a pipe: nothing to replace."""
    return path.exists() and not path.is_file()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
