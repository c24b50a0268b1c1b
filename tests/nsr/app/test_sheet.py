"""What the page says of columns."""

import numpy as np
import pytest

from nsr.app.sheet import column_lines, information_about, likely_target, likely_time
from nsr.data.reading import table_in


def table(text):
    return table_in(text.encode(), "drop.csv")


@pytest.fixture
def mixed():
    return table(
        "run,t (s),sex,x,bad,gone\n"
        + "".join(f"r{i},{i},{'mf'[i % 2]},{i * i},{i or 'no'},\n" for i in range(6))
    )


def test_columns_are_told_by_what_they_hold(mixed):
    lines = {line.name: line for line in column_lines(mixed)}
    assert {name: (line.is_numeric, line.explains) for name, line in lines.items()} == {
        "run": (False, False), "t (s)": (True, True), "sex": (False, True), "x": (True, True),
        "bad": (False, False), "gone": (False, False),
    }  # fmt: skip
    assert (lines["x"].least, lines["x"].median, lines["x"].most) == ("0", "6.5", "25")
    assert lines["gone"].holds == "is empty"
    assert lines["bad"].holds == "numbers, but 'no' in line 2"
    assert [name for name, line in lines.items() if line.has_numbers] == ["t (s)", "x", "bad"]


def test_targets_and_times_are_guessed_among_numbers(mixed):
    lines = column_lines(mixed)
    assert (likely_target(lines), likely_time(lines)) == ("x", "t (s)")
    nothing = column_lines(table("a,b\nx,y\nu,v\n"))
    assert likely_target(nothing) is None
    assert likely_time(nothing) is None


def test_empty_cells_are_counted_and_units_kept():
    (first, second) = column_lines(table("t,x\ns,m\n1,2\n2,\n3,4\n"))
    assert (first.unit, second.unit) == ("s", "m")
    assert second.holds == "numbers, 1 empty"


def test_information_is_that_of_columns_that_matter(rng):
    x, other = rng.normal(size=(2, 300))
    rows = "".join(f"{a},{b},{a**3},red\n" for a, b in zip(x, other, strict=True))
    told = information_about(table(f"x,other,y,word\n{rows}"), "y")
    assert set(told) == {"x", "other"}
    assert told["other"] < 0.1 < 1 < told["x"]


def test_information_needs_rows_and_numbers():
    with pytest.raises(ValueError, match="20 are needed"):
        information_about(table("x,y\n1,2\n2,3\n"), "y")
    words = "".join(f"{i},{'ab'[i % 2]}\n" for i in range(30))
    with pytest.raises(ValueError, match="holds 'a'"):
        information_about(table(f"x,y\n{words}"), "y")
    assert information_about(table("y\n" + "\n".join(map(str, np.arange(30))) + "\n"), "y") == {}
