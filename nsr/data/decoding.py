"""Files and standard input to bytes, and bytes to text, whatever they are packed and encoded in."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import sys
import zlib
from pathlib import Path

from nsr.data.notes import tell

STANDARD_INPUT = Path("-")

_PACKED = {b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress, b"\xfd7zXZ\x00": lzma.decompress}
# UTF-32 first, as its mark begins with that of UTF-16.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def described(path: Path) -> str:
    """What messages call a file."""
    return "standard input" if path == STANDARD_INPUT else str(path)


def read_bytes(path: Path) -> bytes:
    """Content of a file, or of standard input for `-`; unpacked if it is packed with gzip, bzip2 or xz.

    Raises:
        ValueError: If there is no such file, it is damaged, or standard input is closed.
    """
    if path != STANDARD_INPUT and not path.exists():
        raise ValueError(f"there is no file {path}; check the name and the folder")
    if path.is_dir():
        raise ValueError(f"{path} is a folder; give a file")
    content = _standard_input() if path == STANDARD_INPUT else path.read_bytes()
    return unpacked(content, described(path))


def unpacked(content: bytes, source: str) -> bytes:
    """Content that may be packed with gzip, bzip2 or xz.

    Args:
        content: Of a file.
        source: What messages call it.

    Raises:
        ValueError: If it is packed, and damaged.
    """
    for magic, unpack in _PACKED.items():
        if content.startswith(magic):
            try:
                return unpack(content)
            except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
                raise ValueError(f"{source} is damaged: {error}") from None
    return content


def _standard_input() -> bytes:
    if sys.stdin is None:  # as Python has it where none was open when it began
        raise ValueError("standard input is closed; give a file")
    return sys.stdin.buffer.read()


def decoded(content: bytes, source: str) -> str:
    """Text of bytes: Unicode with a mark or without one, or else Windows' Western European.

    Args:
        content: Of a file.
        source: What messages call it.

    Raises:
        ValueError: If the bytes are not text.
    """
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), None)
    encoding = encoding or _utf_16(content)
    try:
        if encoding is None and b"\0" in content:
            raise ValueError(f"{source} is not text; give a table as CSV, .xlsx or .parquet")
        return content.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        if encoding is not None:
            raise ValueError(f"{source} is damaged: it begins as {encoding} text but is not") from None
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    tell(f"{source} is not UTF-8 text and is read as Western European (Windows-1252)")
    return text


def _utf_16(content: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of plain text is zero."""
    start = content[:200]
    zeros = [place % 2 for place, byte in enumerate(start) if byte == 0]
    if len(zeros) < 0.3 * len(start) or len(set(zeros)) != 1:
        return None
    return "utf-16-le" if zeros[0] == 1 else "utf-16-be"
