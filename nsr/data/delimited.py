"""Separated text to tables: which separator, where the names are, and what else stands between them."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

import numpy as np
import pandas as pd

from nsr.data.extra_columns import without_row_names, without_unnamed
from nsr.data.notes import tell
from nsr.data.numerals import NUMBER, comma_means, with_points
from nsr.data.table import Table

# In the order in which they are preferred; a space stands for any run of spaces and tabs.
_DELIMITERS = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "vertical bars", " ": "spaces"}
# Rows that decide about the separator.
_N_SAMPLE = 100
# Lines above the header that may say what the table is of.
_MAX_TITLES = 10
_MISSING = {"", "na", "n/a", "nan", "null", "none", "-", "?", "."}
_WHOLE = re.compile(r"\d+")

# Fields of a row, and the lines of the file that it takes: its first, from 0, and one past its last.
_Record = tuple[list[str], int, int]


def read_delimited(text: str, source: str, delimiter: str | None = None) -> Table:
    """Reads a table from text with a header.

    Empty lines and lines that begin with `#` are passed over; the last of these above the rows is the
    header where the first row holds numbers. Lines of one field above a header of more are titles, and
    passed over with a note. Rows that have one field more than the header begin with a name of the row,
    as R writes them. A row without numbers above rows with numbers holds units.

    Args:
        text: Content of a file.
        source: What messages call it.
        delimiter: What separates the fields; by default what splits the rows as it splits the header.

    Raises:
        ValueError: If the text is not a table; the message says what was seen, and in which line.
    """
    lines, comments = _without_comments(text)
    delimiter = delimiter or _delimiter(lines, source)
    rows = _without_titles(_records(lines, delimiter, source), source)
    first = next(rows, None)
    if first is None:
        raise ValueError(f"{source} is empty; it needs a header line and rows of numbers")
    header = _commented_header(first, comments, delimiter)
    if header is None:
        header = first
        _check_header(header, source)
    else:
        rows = chain([first], rows)
    sample = list(islice(rows, 2))
    units = _units_row([fields for fields, _, _ in sample])
    body = chain(sample[1:] if units else sample, rows)
    starts, kept, width = _checked(body, lines, header, delimiter, source)
    if not starts:
        raise ValueError(f"{source} has a header, but no rows below it")
    table = Table(
        source,
        tuple(header[0]) if width == len(header[0]) else ("", *header[0]),
        _cells(kept, width, delimiter, source),
        np.array(starts, dtype=np.intp) + 1,
        tuple(units) if units else None,
        sample[0][1] + 1 if units else 0,
    )
    return without_unnamed(without_row_names(table) if width > len(header[0]) else table)


def _without_comments(text: str) -> tuple[list[str], list[tuple[int, str]]]:
    """Lines, those of comments being empty, and the comments with their places."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\x1a\n").split("\n")
    comments = [(place, line) for place, line in enumerate(lines) if line.lstrip().startswith("#")]
    for place, _ in comments:
        lines[place] = ""
    if re.fullmatch(r"sep=.", lines[0]):  # a line for Excel that says what separates
        lines[0] = ""
    return lines, comments


def _records(lines: Iterable[str], delimiter: str, source: str = "") -> Iterator[_Record]:
    """Rows that hold anything."""
    given = (f"{line}\n" for line in (map(_single_spaced, lines) if delimiter == " " else lines))
    reader = csv.reader(given, delimiter=delimiter, skipinitialspace=True)
    start = 0
    try:
        for fields in reader:
            if any(fields):
                # csv skips no lines, but a row of several lines is one whose quote spans them
                yield fields, start, reader.line_num
            start = reader.line_num
    except csv.Error as error:
        raise ValueError(f"line {start + 1} of {source} cannot be read: {error}") from None


def _without_titles(rows: Iterator[_Record], source: str) -> Iterator[_Record]:
    """Rows from the header on, which holds several names and no numbers."""
    above = list(islice(rows, _MAX_TITLES + 3))
    is_title = [bool(fields[0]) and not any(fields[1:]) for fields, _, _ in above]
    n_titles = is_title.index(False) if False in is_title else 0
    if n_titles and _may_be_header(*(fields for fields, _, _ in above[n_titles : n_titles + 3])):
        last = above[n_titles - 1][2]
        which = "line 1" if last == 1 else f"lines 1 to {last}"
        tell(f"the names of the columns stand below {which} of {source}, passed over as a title")
        above = above[n_titles:]
    return chain(above, rows)


def _may_be_header(row: Sequence[str], *below: Sequence[str]) -> bool:
    """Whether a row holds names; right below, or below a row of units, there are numbers then."""
    names = [cell.strip() for cell in row if cell]
    texts = [name for name in names if not _is_number(name) and name.lower() not in _MISSING]
    numbers = [cell for fields in below if len(fields) == len(row) for cell in fields if _is_number(cell)]
    return len(texts) == len(names) > 1 and bool(numbers)


def _single_spaced(line: str) -> str:
    return line.replace("\t", " ").strip()


def _delimiter(lines: Sequence[str], source: str) -> str:
    """What splits rows into as many fields as the header, or else into one more, or else most alike."""
    samples = {
        delimiter: [len(fields) for fields, _, _ in islice(_records(lines, delimiter, source), _N_SAMPLE + 1)]
        for delimiter in _DELIMITERS
    }
    # An R-like row of two fields under a header of one would be a number with a decimal comma.
    for extra, least in ((0, 2), (1, 2)):
        for delimiter, (header, *rows) in ((d, sample) for d, sample in samples.items() if sample):
            if header >= least and all(n == header + extra for n in rows):
                return delimiter
    if all(n == 1 for sample in samples.values() for n in sample[1:]):
        return ","  # one column, whose name may have spaces
    del samples[" "]  # which stand in names and titles as well
    split = [delimiter for delimiter, sample in samples.items() if max(sample, default=0) > 1]
    return max(split, key=lambda delimiter: _most_alike(samples[delimiter][1:]), default=",")


def _most_alike(counts: Iterable[int]) -> int:
    """How many rows have the same number of fields, and more than one."""
    return max(Counter(n for n in counts if n > 1).values(), default=0)


def _commented_header(first: _Record, comments: Sequence[tuple[int, str]], delimiter: str) -> _Record | None:
    """A comment right above a first row with numbers that splits into as many names, as NumPy writes it."""
    above = [(place, line) for place, line in comments if place == first[1] - 1]
    if not above or not any(_is_number(cell) for cell in first[0]):
        return None
    place, line = above[0]
    record = next(_records([line.lstrip().lstrip("#").strip()], delimiter), None)
    if record is None or len(record[0]) != len(first[0]) or any(_is_number(cell) for cell in record[0]):
        return None
    return record[0], place, place + 1


def _check_header(header: _Record, source: str) -> None:
    """Raises where a first row seems to hold data; whole numbers may be names, as 0, 1, 2 are for pandas."""
    names = [cell.strip() for cell in header[0]]
    numbers = [name for name in names if _is_number(name)]
    whole = [int(name) for name in numbers if _WHOLE.fullmatch(name)]
    counts = whole == list(range(len(names)))
    if counts:
        tell(f"line {header[1] + 1} of {source} is read as names of the columns: {', '.join(names)}")
    elif len(whole) < len(numbers) or len(numbers) == len(names):
        raise ValueError(
            f"line {header[1] + 1} of {source} holds numbers, such as {numbers[0]}, where the names of the "
            "columns are expected: add a header line"
        )


def _units_row(rows: Sequence[Sequence[str]]) -> list[str] | None:
    """The first of two rows if it holds text, or nothing, wherever the second holds numbers."""
    if len(rows) < 2 or len(rows[0]) != len(rows[1]):
        return None
    above = [cell.strip() for cell, below in zip(*rows, strict=True) if _is_number(below)]
    is_text = [not _is_number(cell) and cell.lower() not in _MISSING for cell in above]
    missing = [cell.lower() in _MISSING for cell in above]
    if not any(is_text) or not all(text or gap for text, gap in zip(is_text, missing, strict=True)):
        return None
    return [cell.strip() for cell in rows[0]]


def _checked(
    rows: Iterable[_Record], lines: Sequence[str], header: _Record, delimiter: str, source: str
) -> tuple[list[int], list[str], int]:
    """First lines of the rows, their lines, and their number of fields: the header's, or one more in each."""
    starts: list[int] = []
    kept: list[str] = []
    n_names = width = len(header[0])
    for fields, start, stop in rows:
        if not starts and len(fields) == n_names + 1 and n_names > 1:
            width = len(fields)
        if len(fields) != width:
            above = f"the header in line {header[1] + 1}" if width == n_names else "the row above"
            count = f"{len(fields)} field" if len(fields) == 1 else f"{len(fields)} fields"
            raise ValueError(
                f"line {start + 1} of {source} has {count}, separated by {_DELIMITERS[delimiter]}, where "
                f"{above} has {width}{_remedy(delimiter, n_names)}"
            )
        starts.append(start)
        kept += lines[start:stop]
    return starts, kept, width


def _remedy(delimiter: str, n_names: int) -> str:
    if n_names == 1:
        return "; the first line must name the columns, and lines above it begin with #"
    if delimiter == ",":
        return "; text with commas stands in quotes, and numbers have decimal points"
    return "; mark what is missing, for example as NA"


def _cells(lines: Sequence[str], width: int, delimiter: str, source: str) -> pd.DataFrame:
    """The fields as numbers where all of a column are, else as text."""
    cells = _parsed(lines, width, delimiter)
    texts = (cells[place].dropna() for place in cells if not pd.api.types.is_numeric_dtype(cells[place]))
    commas = comma_means((str(cell).strip() for column in texts for cell in column), delimiter, source)
    if commas is None:
        return cells
    cells = _parsed(lines, width, delimiter, dtype=str)  # again, as columns may have been read as with points
    return pd.DataFrame({place: with_points(cells[place], commas, source) for place in cells})


def _parsed(lines: Sequence[str], width: int, delimiter: str, dtype: type[str] | None = None) -> pd.DataFrame:
    return pd.read_csv(
        io.StringIO("\n".join(lines)),
        sep=r"\s+" if delimiter == " " else delimiter,
        header=None,
        names=list(range(width)),
        index_col=False,
        dtype=dtype,
        skipinitialspace=True,
        low_memory=False,
    )


def _is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell.strip()) is not None
