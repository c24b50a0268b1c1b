import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

from nsr.expressions.parsing import parse
from nsr.plots import plot_calls, plot_errors
from nsr.understanding.emulators.box import Box
from nsr.understanding.emulators.emulator import Emulator
from nsr.understanding.emulators.target import Target


@pytest.fixture
def emulator(rng):
    box = Box.of({"a": (1.0, 2.0), "b": (0.1, 10.0, "log")})
    X = box.points(rng.random((40, 2)))
    y = 2 * X[:, 0] * X[:, 1]
    return Emulator(box, Target(1, False, 1.0), parse("2*a*b", ["a", "b"]), None, X, y, np.arange(40) / 1e3)


def test_shares_of_errors_and_the_bound(emulator):
    ax = plot_errors(emulator, emulator.X, 1.01 * emulator.y, Figure().subplots())
    held_out, fresh, bound = ax.lines
    assert held_out.get_ydata()[-1] == fresh.get_ydata()[-1] == 1
    np.testing.assert_allclose(fresh.get_xdata(), 1 - 1 / 1.01)
    assert bound.get_xdata()[0] == emulator.bound
    with pytest.raises(ValueError, match="both X and y"):
        plot_errors(emulator, emulator.X)


def test_calls_over_decades(emulator):
    ax = plot_calls(emulator, ax=Figure().subplots())
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), emulator.X)
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_ylabel()) == ("linear", "log", "b")
