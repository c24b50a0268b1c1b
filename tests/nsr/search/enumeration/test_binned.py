"""Means of rows in bins stand for the rows."""

import numpy as np
import pytest

from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.search.enumeration.binned import binned
from nsr.search.state import State
from nsr.task import Task


@pytest.fixture
def state():
    rng = np.random.default_rng(1)
    z = rng.uniform(1, 4, 5_000)
    y = 3 * z - 1 + rng.normal(0, 0.3, len(z))
    weights = rng.uniform(0.5, 2.0, len(z))
    return State.root(Task(z[:, None], y, SQUARED_ERROR, weights))


def test_least_squares_of_a_line_are_those_of_all_rows(state):
    task, _ = binned(state, 100)
    line = np.polyfit(task.X[:, 0], task.y, 1, w=np.sqrt(task.weights))
    expected = np.polyfit(state.X[:, 0], state.y, 1, w=np.sqrt(state.weights))
    np.testing.assert_allclose(line, expected, rtol=2e-3)


def test_losses_differ_as_those_of_all_rows_do(state):
    task, within = binned(state, 100)
    lines = np.array([[3.0, -1.0], [2.9, -0.9], [3.2, -1.3]])
    of_bins = task.mean_loss(np.polyval(lines.T[:, :, None], task.X[:, 0]))
    of_rows = state.mean_loss(np.polyval(lines.T[:, :, None], state.X[:, 0]))
    np.testing.assert_allclose(of_bins[1:] - of_bins[0], of_rows[1:] - of_rows[0], rtol=0.05)
    np.testing.assert_allclose(of_bins + within, of_rows, rtol=0.02)


def test_noise_is_averaged(state):
    task, _ = binned(state, 100)
    off = task.y - (3 * task.X[:, 0] - 1)
    assert np.std(off) == pytest.approx(0.3 / np.sqrt(50), rel=0.35)
