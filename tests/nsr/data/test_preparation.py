import numpy as np
import pytest

from nsr.data.preparation import DataWarning, prepare


def test_ordinary_data_pass_unchanged(rng):
    X, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    data = prepare(X, y, 10, 0)
    np.testing.assert_array_equal(data.X, X)
    np.testing.assert_array_equal(data.columns, [0, 1, 2])


def test_repeated_and_constant_columns_are_left_out(rng):
    X = rng.normal(size=(20, 2))
    table = np.column_stack((np.ones(20), X[:, 0], X[:, 1], X[:, 0]))
    with pytest.warns(DataWarning, match="column 3 repeats column 1"):
        data = prepare(table, X[:, 0], 10, 0)
    np.testing.assert_array_equal(data.columns, [1, 2])


def test_of_too_many_variables_the_relevant_ones_are_kept(rng):
    X = rng.normal(size=(400, 15))
    y = 3 * X[:, 4] + X[:, 11] ** 2
    with pytest.warns(DataWarning, match="15 variables, the network knows 3"):
        data = prepare(X, y, 3, 0)
    assert {4, 11} <= set(data.columns)


def test_of_too_many_rows_a_sample_is_used(rng):
    X = rng.normal(size=(30_000, 1))
    with pytest.warns(DataWarning, match="30000 rows: a random 10000"):
        data = prepare(X, X[:, 0] * 2, 10, 0)
    assert len(data.y) == 10_000
    np.testing.assert_array_equal(data.y, data.X[:, 0] * 2)


def test_two_rows_are_too_few():
    with pytest.raises(ValueError, match="at least 3"):
        prepare(np.ones((2, 1)), np.ones(2), 10, 0)


def test_constant_columns_alone_leave_one():
    assert prepare(np.ones((5, 2)), np.arange(5.0), 10, 0).columns.tolist() == [0]
