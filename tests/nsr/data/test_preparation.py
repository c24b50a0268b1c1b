import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nsr.data.notes import DataWarning
from nsr.data.preparation import prepare


def sorted_rows(table):
    return table[np.lexsort(table.T)]


@given(st.integers(0, 2**32 - 1))
def test_rows_are_all_there_in_a_random_order_that_the_seed_decides(seed):
    X = np.random.default_rng(3).normal(size=(50, 3))
    y = X.sum(axis=1)
    data, again = prepare(X, y, 10, seed), prepare(X, y, 10, seed)
    assert not np.array_equal(data.X, X)
    np.testing.assert_array_equal(data.X, again.X)
    np.testing.assert_array_equal(sorted_rows(data.X), sorted_rows(X))
    np.testing.assert_array_equal(data.y, data.X.sum(axis=1))
    np.testing.assert_array_equal(data.columns, [0, 1, 2])


def test_the_first_rows_of_a_sorted_table_are_like_all_of_them():
    levels = np.repeat([1.0, 2.0, 3.0, 4.0], 2000)
    data = prepare(levels[:, None], levels**2, 10, 0)
    _, counts = np.unique(data.X[:200], return_counts=True)
    assert len(counts) == 4
    assert stats.chisquare(counts).pvalue > 1e-3


def test_steps_say_what_they_did(rng):
    X = np.column_stack((np.ones(20), rng.normal(size=(20, 1))))
    steps = dict(prepare(X, X[:, 1], 10, 0, ["offset [m]", "x"]).steps)
    assert steps.keys() == {"drop constant columns", "shuffle rows"}
    assert "offset [m]" in steps["drop constant columns"]
    assert [name for name, _ in prepare(X[:, 1:], X[:, 1], 10, 0).steps] == ["shuffle rows"]


def test_repeated_and_constant_columns_are_left_out(rng):
    X = rng.normal(size=(20, 2))
    table = np.column_stack((np.ones(20), X[:, 0], X[:, 1], X[:, 0]))
    with pytest.warns(DataWarning, match="column 3 repeats column 1"):
        data = prepare(table, X[:, 0], 10, 0)
    np.testing.assert_array_equal(data.columns, [1, 2])
    with pytest.warns(DataWarning, match=r"column t \(s\) repeats column a"):
        prepare(X[:, [0, 0]], X[:, 0], 10, 0, ["a", "t (s)"])


def test_of_too_many_variables_the_relevant_ones_are_kept(rng):
    X = rng.normal(size=(400, 15))
    y = 3 * X[:, 4] + X[:, 11] ** 2
    with pytest.warns(DataWarning, match="15 columns: 3 of them are used"):
        data = prepare(X, y, 3, 0)
    assert {4, 11} <= set(data.columns)


def test_factors_that_change_sign_are_seen_among_many_columns(rng):
    """Alone each of them changes nothing on average, and explains nothing."""
    X = rng.normal(size=(400, 120))
    y = X[:, 17] * X[:, 80] + 3 * X[:, 5] + 0.1 * rng.standard_normal(400)
    with pytest.warns(DataWarning, match=r"x_17 \(.*products"):
        data = prepare(X, y, 10, 0, [f"x_{i}" for i in range(120)])
    assert {5, 17, 80} <= set(data.columns)


def test_a_factor_that_another_hides_is_seen_in_what_that_one_leaves(rng):
    X = rng.normal(size=(120, 30))
    X[:, 4], X[:, 11] = rng.uniform(20, 120, 120), rng.uniform(10, 80, 120)
    y = X[:, 4] ** 2 * np.sin(2 * np.deg2rad(X[:, 11])) / 9.81
    with pytest.warns(DataWarning, match=r"x_11 \(.*residuals"):
        data = prepare(X, y, 10, 0, [f"x_{i}" for i in range(30)])
    assert {4, 11} <= set(data.columns)
    assert np.argmax(data.relevance.strengths[:, -1]) == 11


def test_rows_are_not_left_out_for_gaps_in_columns_that_are_not_used(rng):
    X = rng.normal(size=(300, 40))
    y = 3 * X[:, 5] + X[:, 9]
    idle = np.setdiff1d(np.arange(40), [5, 9])
    X[np.arange(300), rng.choice(idle, 300)] = np.nan
    X[7, 5], y[11] = np.nan, np.nan
    with pytest.warns(DataWarning) as told:
        data = prepare(X, y, 3, 0)
    assert {5, 9} <= set(data.columns)
    assert not np.isnan(data.X).any()
    assert not np.isnan(data.y).any()
    assert not {7, 11} & set(data.rows)
    assert len(data.rows) > 240  # of the few idle columns that are kept the gaps count, too
    choice, rows = (str(one.message) for one in told)
    assert "40 columns:" in choice
    assert "rows are left out" in rows


def test_of_too_many_rows_a_sample_is_used(rng):
    X = rng.normal(size=(30_000, 1))
    with pytest.warns(DataWarning, match="30000 rows: the search looks at 10000"):
        data = prepare(X, X[:, 0] * 2, 10, 0)
    assert len(data.y) == 10_000
    np.testing.assert_array_equal(data.y, data.X[:, 0] * 2)


def test_two_rows_are_too_few():
    with pytest.raises(ValueError, match="at least 3"):
        prepare(np.ones((2, 1)), np.ones(2), 10, 0)


def test_constant_columns_alone_leave_one_and_say_so():
    with pytest.warns(DataWarning, match="no column varies"):
        data = prepare(np.ones((5, 2)), np.arange(5.0), 10, 0)
    assert data.columns.tolist() == [0]


@pytest.mark.parametrize(
    ("size", "remedy"),
    [(1e200, r"divide it by 1e\+200"), (1e-310, "multiply"), (1e-150, r"multiply it by 1e\+150")],
)
def test_targets_whose_squares_are_out_of_range_are_refused(size, remedy):
    with pytest.raises(ValueError, match=remedy):
        prepare(np.arange(5.0)[:, None], size * np.linspace(-1, 1, 5), 10, 0)


@pytest.mark.parametrize(
    ("size", "remedy"), [(1e308, r"'b' is as large.* divide it by 1e\+300"), (5e-324, "small")]
)
def test_columns_whose_squares_are_out_of_range_are_refused(size, remedy):
    X = np.column_stack((np.arange(5.0), size * np.array([1, -1, 0, 1, np.nan])))
    with pytest.raises(ValueError, match=remedy):
        prepare(X, np.arange(5.0), 10, 0, ["a", "b"])
