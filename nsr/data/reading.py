"""Files to tables, whatever the file is: what it holds says so, not its name."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nsr.data.decoding import decoded, described, read_bytes, unpacked
from nsr.data.delimited import read_delimited
from nsr.data.notes import tell
from nsr.data.table import Table

_ZIP, _PARQUET, _OLD_EXCEL = b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"
_EXTRA = "pip install 'nsr[tables]'"


def read_table(path: Path) -> Table:
    """Reads a table: separated text, packed or not, an Excel sheet or a Parquet file.

    Args:
        path: A file, or `-` for standard input.

    Raises:
        ValueError: If there is no such file or it is not a table; the message says what was seen.
    """
    return _table(read_bytes(path), described(path))


def table_in(content: bytes, source: str) -> Table:
    """The table that the content of a file is.

    Args:
        content: All of it, as it is in the file.
        source: What messages call it.

    Raises:
        ValueError: If it is not a table; the message says what was seen.
    """
    return _table(unpacked(content, source), source)


def _table(content: bytes, source: str) -> Table:
    if content.startswith(_PARQUET):
        return _from_parquet(content, source)
    if content.startswith(_ZIP):
        return _from_excel(content, source)
    if content.startswith(_OLD_EXCEL):
        raise ValueError(f"{source} is a workbook of an old Excel; save it as .xlsx or as CSV")
    return read_delimited(decoded(content, source), source)


def _from_parquet(content: bytes, source: str) -> Table:
    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except ImportError:
        raise ValueError(f"{source} is a Parquet file, and these need pyarrow: {_EXTRA}") from None
    except Exception as error:  # pyarrow has errors of its own
        raise ValueError(f"{source} is a damaged Parquet file: {_first_line(error)}") from None
    if not len(frame.columns):
        raise ValueError(f"{source} has no columns")
    names = tuple(str(column) for column in frame.columns)
    rows = np.arange(1, len(frame) + 1)
    cells = frame.set_axis(range(len(names)), axis=1).reset_index(drop=True)
    return Table(source, names, cells, rows)


def _from_excel(content: bytes, source: str) -> Table:
    """The first sheet, read as the CSV file that it could be saved as, so that its rows are the lines."""
    try:
        import openpyxl
    except ImportError:
        raise ValueError(f"{source} is an Excel workbook, and these need openpyxl: {_EXTRA}") from None
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        rows = [[_cell(value) for value in row] for row in book.worksheets[0].iter_rows(values_only=True)]
    except Exception as error:  # openpyxl and zipfile have errors of their own
        raise ValueError(f"{source} is packed, but not an Excel workbook: {_first_line(error)}") from None
    if len(book.worksheets) > 1:
        tell(f"{source} has {len(book.worksheets)} sheets: the first, {book.worksheets[0].title!r}, is read")
    width = max(map(len, rows), default=0)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(row + [""] * (width - len(row)) for row in rows)
    return read_delimited(text.getvalue(), source, delimiter=",")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
