import numpy as np
import pandas as pd
import pytest

from nsr.data.category import Category, label_of


def test_groups_are_read_and_taken_out_of_the_table():
    frame = pd.DataFrame({"x": [1.0, 2, 3, 4], "no": [2, 10, 2, 10], "z": [0.0, 1, 1, 2]})
    category = Category.of(frame, "no")
    assert category.groups == ("2", "10")
    rest, codes = category.split(frame)
    assert list(rest.columns) == ["x", "z"]
    assert codes.tolist() == [0, 1, 0, 1]
    table, codes = category.split(frame.to_numpy())
    np.testing.assert_array_equal(table, frame[["x", "z"]])
    assert codes.tolist() == [0, 1, 0, 1]
    assert Category.of(frame.to_numpy().tolist(), 1).groups == Category.of(frame.to_numpy(), "x_1").groups


def test_labels_are_in_the_order_in_which_people_count():
    frame = pd.DataFrame({"x": range(6), "s": ["s10", "s2", "s1"] * 2})
    assert Category.of(frame, "s").groups == ("s1", "s2", "s10")


@pytest.mark.parametrize(
    ("value", "label"), [(3, "3"), (3.0, "3"), (2.5, "2.5"), (" a ", "a"), (None, ""), (float("nan"), "")]
)
def test_labels(value, label):
    assert label_of(value) == label


@pytest.mark.parametrize(
    ("groups", "column", "message"),
    [
        (["a", "a", "b", "b"], "grop", "did you mean 'group'"),
        (["a", "a", "b", "b"], 7, "numbered 0 to 1"),
        (["a", "a", "a", "a"], "group", "leave out category"),
        (["a", "a", "a", "b"], "group", "group 'b' of column 'group' has a single row"),
        (["a", "b", "c", "d"], "group", "with several rows in each"),
        (["a", None, "b", "b"], "group", "empty in row 1"),
    ],
)
def test_columns_that_tell_no_groups_are_refused(groups, column, message):
    frame = pd.DataFrame({"x": range(4), "group": groups})
    with pytest.raises(ValueError, match=message):
        Category.of(frame, column)


def test_a_group_that_was_not_in_the_fit_is_refused():
    category = Category("group", 1, ("a", "b"))
    with pytest.raises(ValueError, match=r"group 'c' of column 'group' was not in the fit.*a, b"):
        category.split(pd.DataFrame({"x": [1.0, 2], "group": ["a", "c"]}))
    with pytest.raises(ValueError, match="no group 'c'"):
        category.code("c")
    with pytest.raises(ValueError, match="no row left"):
        category.checked(np.array([0, 0]))
