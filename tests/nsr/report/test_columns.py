import numpy as np
import pytest


def law(X):
    return 2 * X[:, 0] * X[:, 1]


@pytest.fixture
def table(rng):
    return rng.uniform(1, 3, (200, 4))


def test_idle_columns_are_named_and_needed_ones_ordered(reported, table, rng):
    y = 5 * table[:, 0] + table[:, 1] + 0.1 * rng.standard_normal(200)
    found = reported(table, y, "5*x_0 + x_1").columns
    assert found.idle == ("x_2", "x_3")
    assert found.gains["x_0"] > 10 * found.gains["x_1"] > 0
    assert (found.gainless, found.alike, found.dependent) == ((), (), ())


def test_a_column_that_the_equation_lacks_is_not_idle(reported, table, rng):
    y = law(table) + np.sin(3 * table[:, 2]) + 0.1 * rng.standard_normal(200)
    report = reported(table, y, "2*x_0*x_1")
    assert report.columns.idle == ("x_3",)
    assert "x_2" in report["structure"].text


def test_a_column_of_the_equation_that_brings_nothing_is_told(reported, table, rng):
    y = law(table) + 0.3 * rng.standard_normal(200)
    report = reported(table, y, "2*x_0*x_1 + 0.0001*x_2")
    assert report.columns.gainless == ("x_2",)
    assert report["gainless"].is_warning


@pytest.mark.parametrize("seed", range(5))
def test_a_column_is_gained_from_where_few_rows_have_most_of_the_weight(reported, seed):
    """Weights of 100 to 0.25, as errors in proportion to x ask for: one row has most of every sum."""
    rng = np.random.default_rng(seed)
    x = np.linspace(1, 20, 40)
    y = 4 + 2.5 * x + 0.1 * x * rng.standard_normal(40)
    report = reported(x[:, None], y, "2.5*x_0 + 4", weights=1 / (0.1 * x) ** 2)
    assert report.columns.gainless == ()


@pytest.mark.parametrize("twin", [lambda x: 3 * x - 1, lambda x: x**2], ids=["linear", "curved"])
def test_columns_that_say_the_same_are_told(reported, table, rng, twin):
    table[:, 2] = twin(table[:, 0])
    report = reported(table, law(table) + 0.3 * rng.standard_normal(200), "2*x_0*x_1")
    assert report.columns.alike == (("x_0", "x_2"),)
    assert report["alike"].is_warning


def test_columns_are_told_apart_where_the_noise_allows_it(reported, table, rng):
    """Two columns correlated by 0.98: under much noise either explains the target, under little one does."""
    table[:, 2] = table[:, 0] + 0.1 * rng.standard_normal(200)
    noise = rng.standard_normal(200)
    assert reported(table, law(table) + 4 * noise, "2*x_0*x_1").columns.alike == (("x_0", "x_2"),)
    assert reported(table, law(table) + 0.1 * noise, "2*x_0*x_1").columns.alike == ()


def test_columns_that_are_sums_of_others_are_told(reported, table, rng):
    table[:, 3] = table[:, 0] - 2 * table[:, 2]
    report = reported(table, law(table) + 0.3 * rng.standard_normal(200), "2*x_0*x_1")
    assert report.columns.dependent == ("x_0", "x_2", "x_3")
    assert report["dependent"].is_warning


def test_values_of_text_are_not_said_to_depend_on_each_other(reported, table, rng):
    plates, crews = rng.integers(4, size=200), rng.integers(3, size=200)
    table = np.hstack((table, np.eye(4)[plates], np.eye(3)[crews]))
    report = reported(table, law(table) + 0.3 * rng.standard_normal(200), "2*x_0*x_1")
    assert report.columns.dependent == ()
    table[:, 2] = table[:, 4] + 2 * table[:, 7]  # which is no value of theirs
    report = reported(table, law(table) + 0.3 * rng.standard_normal(200), "2*x_0*x_1")
    assert "x_2" in report.columns.dependent
