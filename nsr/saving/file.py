"""Result files: JSON with a header that says what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nsr.data.decoding import described, read_bytes
from nsr.data.writing import write_whole

# Changed whenever files of before cannot be read any more.
_FORMAT = 1


def write(path: Path, kind: str, content: Mapping[str, Any]) -> None:
    """Writes a result.

    Args:
        path: What to write.
        kind: What it is a result of.
        content: Values that JSON has.

    Raises:
        OSError: If it cannot be written; the message says where the result is instead, if anywhere.
    """
    everything = {"kind": kind, "format": _FORMAT, **content}
    text = json.dumps(everything, indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(path, f"{text}\n")


def read(path: Path) -> dict[str, Any]:
    """What a result file says.

    Raises:
        ValueError: If it is missing, not a result, or one of another version of NSR.
    """
    stored = read_bytes(path)
    try:
        content = json.loads(stored)
    except (ValueError, RecursionError):
        raise not_a_result(path) from None
    if not isinstance(content, dict) or not {"equations", "systems"} & content.keys():
        raise not_a_result(path)
    if content.get("format") != _FORMAT:
        raise ValueError(
            f"{described(path)} was written by another version of NSR: write it anew with --output, or read "
            "it with that version"
        )
    return content


def not_a_result(path: Path) -> ValueError:
    """What is said of a file that something else has written, or has changed."""
    return ValueError(f"{described(path)} is not a result of `nsr fit`; write it anew with --output")
