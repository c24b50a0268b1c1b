import numpy as np
import pandas as pd
import pytest

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure
from untrained import UNTRAINED

import nsr
from nsr.expressions.parsing import parse
from nsr.plots import (
    plot_discovery,
    plot_importance,
    plot_information,
    plot_saliency,
    plot_shapley,
    plot_terms,
    plot_tokens,
)
from nsr.understanding.sensitivities import sensitivities
from nsr.understanding.subject import Subject
from nsr.understanding.terms import term_shares
from nsr.understanding.variables import Importance


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(0)
    X = rng.random((30, 2))
    names = ("mass", "$odd$")
    subject = Subject(parse("3*mass + 1", ["mass", "odd"]), names, X, 3 * X[:, 0] + 1)
    table = pd.DataFrame(
        {"variable": names, "permutation": [2.0, 0.0], "permutation_error": [0.1, 0.0], "shapley": [1.0, 0.0],
         "sobol_first": [1.0, 0.0], "sobol_total": [1.0, 0.0]}
    )  # fmt: skip
    values = np.column_stack((3 * X[:, 0] - 1.5, np.zeros(30)))
    return Importance(table, values, np.arange(30), sensitivities(subject), term_shares(subject), names, X)


def test_bars_have_the_lengths_of_the_table(found, ax):
    assert plot_importance(found, ax) is ax
    lengths = [bar.get_width() for bar in ax.patches]
    assert lengths == [0.0, 1.0, 0.0, 1.0, 0.0, 2.0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["$odd$", "mass"]


def test_points_are_at_shapley_values(found, ax):
    plot_shapley(found, ax)
    np.testing.assert_allclose(ax.collections[1].get_offsets()[:, 0], found.shapley[:, 0])


def test_terms_by_name(found, ax):
    plot_terms(found, ax)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["3*mass"]


def test_information_with_what_noise_reaches(ax):
    table = nsr.information(np.random.default_rng(0).random((40, 2)), np.arange(40.0))
    plot_information(table, ax)
    assert len(ax.patches) == 3
    np.testing.assert_allclose(ax.lines[0].get_xdata(), table["noise"][::-1])


def test_heatmaps_of_numbers_and_tokens(rng):
    X = rng.uniform(1, 2, (5, 2))
    found = nsr.saliency(X, X[:, 0], "x_0", checkpoint=UNTRAINED)
    for axes, values in (
        (plot_saliency(found, Figure().subplots()), found.cells),
        (plot_tokens(found, ax=Figure().subplots()), found.by_column.T),
        (plot_tokens(found, "row", Figure().subplots()), found.by_row.T),
    ):
        np.testing.assert_array_equal(axes.images[0].get_array(), values)
    with pytest.raises(ValueError, match="'column' or 'row'"):
        plot_tokens(found, "rows")


def test_statements_with_their_errors(ax):
    x = np.linspace(1, 2, 60)
    found = nsr.discover(x[:, None], x**2)
    plot_discovery(found, ax)
    assert [label.get_text() for label in ax.get_yticklabels()][::-1] == [one.text for one in found]
