"""Tables: what is read is what was written, and what is no table is refused in one line."""

import csv
import gzip
import io
import math
import os
import threading
import warnings

import numpy as np
import pytest
from campaign import cases, run, share_of
from hypothesis import assume, example, given
from hypothesis import strategies as st
from plain_tables import plain_table
from tables_as_text import HOSTILE_NAMES, NAMES, NUMBERS, OTHER, damaged, written

from nsr.data.reading import read_table

pytestmark = pytest.mark.campaign


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A file that each case writes anew."""
    return tmp_path_factory.mktemp("tables") / "data"


def read(path, content):
    """The table in a file of this content; None where it is refused in words of the user's."""
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            return read_table(path)
        except ValueError:
            return None


def as_number(cell):
    """What Python takes a text for: a number, or NaN."""
    try:
        return math.nan if "_" in cell or not cell.isascii() else float(cell)
    except ValueError:
        return math.nan


@cases(0.2)
@given(written(NUMBERS, st.one_of(NAMES, HOSTILE_NAMES)))
def test_numbers_are_read_as_they_were_written(path, table):
    assume(table.header[0].strip() and not table.header[0].lstrip().startswith("#"))
    found = read(path, table.content)
    if found is None:  # as names may be numbers, or begin a comment
        assert not all(name.isalpha() for name in table.header)
        return
    expected = np.array([[float(cell) for cell in row] for row in table.rows])
    assert len(found) == len(expected)
    columns = list(range(len(table.header)))
    if len(found.names) < len(columns):  # a first column without a name that numbers the rows, or empty ones
        assert any(not name.strip() for name in table.header)
        return
    np.testing.assert_array_equal(found.matrix(columns), expected)
    pairs = [(name, own.replace("\r", "\n")) for name, own in zip(found.names, table.header, strict=True)]
    if table.newline == "\r":  # the csv module does not quote line feeds then, so that they cut a name in two
        pairs = [(name, own) for name, own in pairs if "\n" not in own]
    assert all(name.lstrip(" ") == own.lstrip(" ") for name, own in pairs if own.strip())


def cells_of(text, separator):
    """Rows of a table as the `csv` module alone reads them, by the line that they begin in."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = ["" if line.lstrip().startswith("#") else line for line in lines]
    reader = csv.reader((f"{line}\n" for line in kept), delimiter=separator, skipinitialspace=True)
    rows, start = {}, 1
    for row in reader:
        rows[start] = row
        start = reader.line_num + 1
    return rows


@cases(0.2)
@given(written(st.one_of(NUMBERS, OTHER), st.one_of(NAMES, HOSTILE_NAMES)))
def test_each_number_of_a_mixed_table_stands_there(path, table):
    """Whatever else there is, a cell that is a number was one, in this line and column, and no other."""
    found = read(path, table.content)
    if found is None or "." in table.separator or len(found.names) != len(table.header):
        return
    rows = cells_of(table.text, table.separator)
    for place in range(len(found.names)):
        try:
            numbers = found.numbers(place, may_miss=True)
        except ValueError:
            continue
        for line, number in zip(found.lines, numbers, strict=True):
            cell = rows[int(line)][place].strip()
            accepted = {as_number(cell), as_number(cell.replace(",", ".")), as_number(cell.replace(",", ""))}
            accepted |= {as_number(cell.replace(".", "").replace(",", "."))}
            is_missing = cell.lower() in {"", "na", "nan", "null", "none", "n/a", "<na>", "1.#ind"}
            is_truth = cell.lower() in {"true", "false"}
            assert number in accepted or (is_missing and math.isnan(number)) or is_truth, (cell, number)


@cases(0.1)
@given(damaged(written(st.one_of(NUMBERS, OTHER)).map(lambda table: table.content)))
@example(b"\x1f\x8b")
@example(b"PK\x03\x04")
@example(b"PAR1PAR1")
@example(b'a,b\n"' + b"1,2\n" * 50_000)
@example(b"a" * 200_000 + b"\n1\n")
@example(b"," * 5_000 + b"\n" + b"1," * 5_000 + b"1\n")
def test_damaged_tables_are_read_or_refused(path, unsearched, content):
    path.write_bytes(content)
    run("fit", path, "--target", "y")
    run("discover", path, "--target", "a")


@cases(0.07)
@given(written(st.one_of(NUMBERS, OTHER), st.just("a") | NAMES | HOSTILE_NAMES), st.data())
def test_any_column_can_be_asked_for(path, unsearched, table, data):
    path.write_bytes(table.content)
    target = data.draw(st.sampled_from(table.header))
    missing = data.draw(st.sampled_from(["error", "drop", "impute"]))
    assume(not target.startswith("\0"))
    run("fit", path, f"--target={target}", f"--missing={missing}")


@cases(0.01)
@given(written(NUMBERS))
def test_whole_searches_end_in_an_answer(path, few_stages, table):
    """The search itself, with numbers of any size."""
    path.write_bytes(table.content)
    result = path.with_name("result.json")
    result.unlink(missing_ok=True)
    done = run("fit", path, f"--target={table.header[0]}", "--output", result)
    assert result.exists() == (done.code == 0)
    if done.code == 0:
        run("predict", result, path)
        run("show", result)


@cases(0.02)
@given(st.integers(0, 10**6))
def test_searches_in_plain_tables_end_in_an_answer(path, few_stages, seed):
    """Kinds of rows by text and by 0 and 1, few rows, decades, and columns that hardly vary."""
    plain_table(seed).to_csv(path, index=False)
    assert run("fit", path, "--target=y", "--report").code == 0


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_packed_tables_cut_short_are_refused(path, separator):
    rows = "\n".join(separator.join(map(str, row)) for row in np.arange(300).reshape(100, 3))
    content = gzip.compress(f"a{separator}b{separator}c\n{rows}\n".encode(), mtime=0)
    for end in range(2, len(content), share_of(40, 1)):
        assert read(path, content[:end]) is None


def test_folders_pipes_and_devices(tmp_path, unsearched):
    assert "is a folder" in run("fit", tmp_path, "--target", "y").message
    assert "is empty" in run("fit", "/dev/null", "--target", "y").message
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for content in (b"a,y\n1,2\n2,3\n3,5\n", b"", b"\0\1"):
        writer = threading.Thread(target=pipe.write_bytes, args=(content,))
        writer.start()
        done = run("fit", pipe, "--target", "y")
        writer.join()
        assert (done.code is None) == content.startswith(b"a")


def test_standard_input_that_is_closed_is_refused(monkeypatch, unsearched):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert "standard input is empty" in run("fit", "-", "--target", "y").message
    monkeypatch.setattr("sys.stdin", None)
    assert "standard input" in run("fit", "-", "--target", "y").message
