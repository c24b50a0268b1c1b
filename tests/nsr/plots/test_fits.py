import numpy as np
import pandas as pd
import pytest

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure
from untrained import UNTRAINED

from nsr import SymbolicRegressor
from nsr.plots import draw, plot_fit, plot_front, plot_residuals, plot_slice, plot_surface
from nsr.plots.fits import row_figure


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        {"mass": rng.uniform(1, 2, 60), "speed": rng.uniform(1, 5, 60), "colour": rng.random(60)}
    )


@pytest.fixture(scope="module")
def y(table):
    return 0.5 * table["mass"] * table["speed"] ** 2


@pytest.fixture(scope="module")
def model(table, y):
    return SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=("families", "reduction")).fit(
        table, y
    )


@pytest.fixture
def ax():
    return Figure().subplots()


def test_the_front_is_drawn_with_its_equations(model, ax):
    assert plot_front(model, ax) is ax
    (points,) = [line for line in ax.lines if line.get_label() == "front"]
    np.testing.assert_array_equal(points.get_xdata(), model.equations_["complexity"])
    assert np.all(points.get_ydata() > 0)
    assert len(ax.texts) == len(model.equations_)


def test_observed_over_predicted_and_what_is_left(model, table, y, ax):
    points = plot_fit(model, table, y, ax=ax).lines[0]
    np.testing.assert_allclose(points.get_xdata(), model.predict(table))
    np.testing.assert_array_equal(points.get_ydata(), y)
    ax = Figure().subplots()
    points = plot_residuals(model, table, y + 1, ax=ax).lines[0]
    np.testing.assert_allclose(points.get_ydata(), 1, rtol=1e-6)


def test_a_slice_holds_the_other_columns_at_their_median(model, table, ax):
    line = plot_slice(model, table, "speed", ax=ax).lines[0]
    assert (line.get_xdata().min(), line.get_xdata().max()) == (table["speed"].min(), table["speed"].max())
    np.testing.assert_allclose(line.get_ydata(), 0.5 * table["mass"].median() * line.get_xdata() ** 2)
    assert ax.get_xlabel() == "speed"
    assert len(ax.collections) == 1  # the band
    with pytest.raises(ValueError, match="did you mean 'speed'"):
        plot_slice(model, table, "sped", ax=ax)


def test_a_surface_has_both_columns(model, table, ax):
    plot_surface(model, table, ("mass", 1), ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("mass", "speed")
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), table["mass"])


def test_one_column_gives_a_curve_over_the_observations(ax):
    x = np.linspace(1, 3, 40)[:, None]
    one = SymbolicRegressor(checkpoint=UNTRAINED, n_candidates=16, stages=("families",)).fit(
        x, 3 * x[:, 0] ** 2
    )
    curve, points = plot_fit(one, x, 3 * x[:, 0] ** 2, ax=ax).lines
    np.testing.assert_allclose(curve.get_ydata(), 3 * curve.get_xdata() ** 2)
    np.testing.assert_array_equal(points.get_xdata(), x[:, 0])
    assert len(ax.get_legend().texts) == 2


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_everything_in_a_file(model, table, y, tmp_path, ending):
    path = tmp_path / f"all.{ending}"
    draw(model, table, y, "$energy^", path)
    head = path.read_bytes()[:200]
    assert {"png": b"PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending] in head


def test_one_equation_has_slices_along_what_it_varies_most_with(model, table, y):
    figure = row_figure(model, table, y, "$energy^", model.best_index_)
    assert [ax.get_xlabel() for ax in figure.axes[2:4]] == ["speed", "mass"]
    assert [ax.get_ylabel() for ax in figure.axes[2:4]] == ["$energy^"] * 2


def test_without_axes_a_pyplot_figure_is_made(model):
    import matplotlib.pyplot as plt

    ax = plot_front(model)
    assert ax.figure.number in plt.get_fignums()
    plt.close(ax.figure)
