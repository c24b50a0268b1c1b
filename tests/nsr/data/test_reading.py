import bz2
import gzip
import io
import lzma
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsr.data.notes import DataWarning
from nsr.data.reading import read_table
from nsr.data.table import select_columns

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64)


@pytest.fixture
def read(tmp_path):
    """Reads a table from the content of a file."""

    def run(content, name="data"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(path)

    return run


@given(
    rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5),
    separator=st.sampled_from(",;\t| "),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]),
    packed=st.sampled_from([bytes, gzip.compress, bz2.compress, lzma.compress]),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    header=st.sampled_from([["Flow rate [m3/h]", "größe, außen"], ["y ", "y"], ["a", "a"], ["#", 'b"c']]),
)
def test_what_pandas_writes_is_read_as_it_was(
    tmp_path_factory, rows, separator, encoding, packed, newline, header
):
    table = pd.DataFrame(rows, columns=["first", *header][-2:])
    text = table.to_csv(index=False, sep=separator, lineterminator=newline, quoting=2)
    path = tmp_path_factory.mktemp("read") / "data"
    path.write_bytes(packed(text.encode(encoding)))
    found = read_table(path)
    assert found.names == tuple(header)
    np.testing.assert_array_equal(found.matrix([0, 1]), table.to_numpy())
    np.testing.assert_array_equal(found.lines, np.arange(len(rows)) + 2)


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=6),
    separator=st.sampled_from(";\t|"),
)
def test_decimal_commas(tmp_path_factory, values, separator):
    table = pd.DataFrame({"a": [0.5, *values], "b": 1.5})
    path = tmp_path_factory.mktemp("read") / "data.csv"
    table.to_csv(path, index=False, sep=separator, decimal=",")
    np.testing.assert_array_equal(read_table(path).matrix([0, 1]), table.to_numpy())


@pytest.mark.parametrize("write", [pd.DataFrame.to_excel, pd.DataFrame.to_parquet])
def test_workbooks_and_parquet(tmp_path, rng, write):
    pytest.importorskip("openpyxl" if write is pd.DataFrame.to_excel else "pyarrow")
    table = pd.DataFrame({"m²": rng.normal(size=5), "y [V]": np.arange(5), "name": list("abcde")})
    path = tmp_path / "data.bin"
    with path.open("wb") as file:
        write(table, file, index=False)
    found = read_table(path)
    assert found.names == ("m²", "y [V]", "name")
    # Workbooks keep sixteen digits.
    np.testing.assert_allclose(found.matrix([0, 1]), table[["m²", "y [V]"]].to_numpy(), rtol=1e-15)
    assert [found.without_numbers(place) for place in range(3)] == ["", "", "holds text"]


@pytest.mark.parametrize(("module", "magic"), [("openpyxl", b"PK\x03\x04"), ("pyarrow", b"PAR1")])
def test_what_needs_an_extra_says_so(read, monkeypatch, module, magic):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match=r"pip install 'nsr\[tables\]'"):
        read(magic)


def test_workbooks_with_other_sheets_are_told(tmp_path):
    pytest.importorskip("openpyxl")
    path = tmp_path / "data.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"a": [1, 2], "b": [3, 4]}).to_excel(book, sheet_name="first", index=False, startrow=3)
        pd.DataFrame({"c": [1]}).to_excel(book, sheet_name="second")
    with pytest.warns(DataWarning, match="2 sheets: the first, 'first'"):
        found = read_table(path)
    assert found.names == ("a", "b")
    assert found.lines.tolist() == [5, 6]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Tea, in the kitchen\n\nt;T [°C];note\n0;92,1;hot\n3;83,5;\n", "line 1 of"),
        ("Tea;;\n12 November;;\nt;T [°C];note\n0;92,1;\n3;83,5;\n", "lines 1 to 2 of"),
        ("Tea\tin the kitchen\nt;T [°C];note\n0;92,1;\n3;83,5;\n", "line 1 of"),
    ],
)
def test_titles_above_the_header_are_passed_over_and_told(read, text, said):
    with pytest.warns(DataWarning, match=said):
        table = read(text)
    assert table.names == ("t", "T [°C]", "note")
    assert table.matrix([0, 1]).tolist() == [[0, 92.1], [3, 83.5]]
    assert table.lines.tolist() == [text.count("\n") - 1, text.count("\n")]


def test_titles_of_workbooks_are_passed_over(tmp_path):
    pytest.importorskip("openpyxl")
    rows = [["Tea, in the kitchen", None], [None, None], ["t", "T"], ["[min]", "[°C]"], [0, 92.1], [3, 83.5]]
    path = tmp_path / "tea.xlsx"
    pd.DataFrame(rows).to_excel(path, index=False, header=False)
    with pytest.warns(DataWarning, match="line 1 of"):
        table = read_table(path)
    assert (table.names, table.units) == (("t", "T"), ("[min]", "[°C]"))
    assert table.lines.tolist() == [5, 6]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a\n1\n2\n", ("a",)),
        ("a b\nx\ny\n", ("a b",)),
        ("a,\n1,2\n3,4\n", ("a", "column 2")),
        ("a,\nNA,?\n3,4\n", ("a", "column 2")),
    ],
)
@pytest.mark.filterwarnings("ignore::nsr.data.notes.DataWarning")
def test_a_header_of_one_name_is_no_title(read, text, names):
    assert read(text).names == names


@pytest.mark.parametrize("number", ["1.5", '"1,5"'])
def test_digits_of_other_scripts_are_text_beside_any_numbers(read, number):
    assert (
        read(f"a,b\n{number},\u0661\u0662\n{number},\u0663\n").without_numbers(1)
        == "holds text ('\u0661\u0662')"
    )


def test_standard_input(monkeypatch):
    class Input:
        buffer = io.BytesIO(b"a,b\n1,2\n")

    monkeypatch.setattr(sys, "stdin", Input)
    assert read_table(Path("-")).names == ("a", "b")


@pytest.mark.parametrize(
    "text",
    [
        '"a" "b"\n"1" 1 2\n"3" 3 4\n',
        '"a","b"\n"earth",1,2\n"mars",3,4\n',
        ",a,b\n0,1,2\n1,3,4\n",
    ],
)
def test_names_of_rows_shift_nothing_and_are_told(read, text):
    """As R's write.table and pandas' to_csv write them."""
    with pytest.warns(DataWarning, match="left out"):
        table = read(text)
    assert table.names == ("a", "b")
    assert table.matrix([0, 1]).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("text", ["a,b\n1,2,\n3,4,\n", "a,b,\n1,2,\n3,4,\n", "a,b\n1,2\n,\n3,4\n,\n"])
def test_separators_at_the_end_and_empty_rows_are_nothing(read, text):
    table = read(text)
    assert table.names == ("a", "b")
    assert table.matrix([0, 1]).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "text",
    [
        "# by hand\n# t x\n0 1\n1 2\n",
        "#t,x\n0,1\n1,2\n",
        "t,x\n# later\n0,1\n\n1,2\n",
        "sep=;\nt;x\n0;1\n1;2\n",
    ],
)
def test_comments(read, text):
    table = read(text)
    assert table.names == ("t", "x")
    assert table.matrix([0, 1]).tolist() == [[0, 1], [1, 2]]


def test_numpys_header_is_read(tmp_path, rng):
    values = rng.normal(size=(4, 2))
    path = tmp_path / "data.txt"
    np.savetxt(path, values, header="t x")
    table = read_table(path)
    assert table.names == ("t", "x")
    np.testing.assert_allclose(table.matrix([0, 1]), values, rtol=1e-15)


def test_lines_are_those_of_the_file(read):
    text = '# about\n\na,"b\n(two lines)"\n\n1,2\n# why\n"3\n",4\n\n5,oops\n'
    table = read(text)
    assert table.lines.tolist() == [6, 8, 11]
    with pytest.raises(ValueError, match="holds 'oops' in line 11"):
        table.numbers(1)


def test_a_row_of_units_is_kept_apart(read):
    table = read("name,t,x\n,[s],m/s\nu,0,1\nv,1,2\n")
    assert table.units == ("", "[s]", "m/s")
    assert table.units_line == 2
    assert table.matrix([1, 2]).tolist() == [[0, 1], [1, 2]]
    assert read("t,x\nNA,1\n0,1\n").units is None


def test_pandas_numbered_header_is_told(read):
    with pytest.warns(DataWarning, match="read as names of the columns: 0, 1"):
        assert read(pd.DataFrame([[1.5, 2.5]]).to_csv(index=False)).names == ("0", "1")


def test_columns_without_a_name_are_named_by_their_place(read):
    with pytest.warns(DataWarning, match="'column 2'"):
        assert read("a,,b\n1,7,2\n3,7,4\n").names == ("a", "column 2", "b")


def test_western_european_is_told(read):
    with pytest.warns(DataWarning, match="Western European"):
        assert read("größe,b\n1,2\n".encode("latin-1")).names == ("größe", "b")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("# only\n", "is empty"),
        ("a,b\n", "no rows"),
        ("a,b\n1,2\n3,4,5\n6,7\n", "line 3 of .* has 3 fields, separated by commas, .* line 1 has 2"),
        ("a,b\n1,2\n3\n", "line 3 of .* has 1 field, separated by commas"),
        ("a,b\n1,5,2,5\n3,5,4,5\n", "has 4 fields"),
        ("a\n1,5\n2,5\n", "has 2 fields"),
        ("Report of Monday\n1,2\n3,4\n", "line 2 .* lines above it begin with #"),
        ("a,b\n0.5,1,2\n0.5,3,4\n", "first does not name the row"),
        ("1.5,2\n3,4\n", "line 1 of .* holds numbers, such as 1.5"),
        ("5,7\n3,4\n", "line 1 of .* holds numbers"),
        ('a,b\n"1,234",2\n"5,678",3\n', "may be 1.234 or 1234"),
        ('a,b\n"1,5",2.5\n"3,5",3\n', "decimal commas and others with points, as in '2.5'"),
        ('a,b\n"1,5",2\n"1,234,567",3\n', "decimal signs, as in '1,5', and between thousands"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not text"),
        (b"\xd0\xcf\x11\xe0", "old Excel"),
        (gzip.compress(b"a,b\n" * 50, mtime=0)[:-9], "is damaged"),
        (b"\xff\xfea", "is damaged"),
    ],
)
def test_what_is_no_table_is_refused_with_what_was_seen(read, content, message):
    with pytest.raises(ValueError, match=message):
        read(content)


def test_columns_are_found_by_their_exact_names_first(read):
    table = read("y ,y,b , c\n1,2,3,4\n")
    assert [table.place(name) for name in ("y ", "y", "b", "c", " c ")] == [0, 1, 2, 3, 3]
    with pytest.raises(ValueError, match="no column 'B2'; did you mean"):
        table.place("B2")


def test_repeated_names_are_told_apart_by_their_order(read):
    table = read("y,a,y\n1,2,3\n")
    assert table.places(["y", "y", "a"]) == [0, 2, 1]
    with pytest.raises(ValueError, match="has 2 columns 'y'"):
        table.place("y")
    with pytest.raises(ValueError, match="'a' is asked for 2 times"):
        table.places(["a", "a"])


def test_whole_numbers_beyond_floats_are_infinite(read):
    with pytest.raises(ValueError, match=r"holds '10000.*' in line 3"):
        read(f"a,b\n1,2\n{10**400},3\n").numbers(0)


def test_columns_without_numbers_are_left_out_and_told(read):
    table = read("a,b,c,d,y\n1,u,,3.1 mm,2\n2,v,,3.3 mm,3\n")
    with pytest.warns(DataWarning) as told:
        assert select_columns(table, "y") == ([0], 4)
    assert [str(warning.message) for warning in told] == [
        "columns are left out: 'b' holds text, 'c' is empty, 'd' holds text ('3.1 mm')",
    ]
