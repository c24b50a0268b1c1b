"""Training and test data by the rules of SRBench 2021's ground-truth track (arXiv:2107.14351).

Noise is added to the training target only, scaled by its root mean square; the test target is clean.
SRBench draws up to 10,000 training rows from three quarters of 100,000 stored ones and tests on the
other quarter; here both are drawn anew from the problem's ranges, which is the same distribution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from nsr.problems.folder import TableProblem, read_problem
from nsr.problems.problem import Problem, sample

TRAINING_ROWS = 10_000
TEST_ROWS = 25_000
NOISE_LEVELS = (0.0, 0.001, 0.01, 0.1)
# The ten seeds of SRBench's trials.
SEEDS = (23654, 15795, 860, 5390, 16850, 29910, 4426, 21962, 14423, 28020)

_TEST_STREAM, _NOISE_STREAM = 1, 2


@dataclass(frozen=True)
class Split:
    """Data of one fit.

    Attributes:
        X_train: Shape (n_train, n_variables).
        y_train: Shape (n_train,), with noise.
        X_test: Shape (n_test, n_variables).
        y_test: Shape (n_test,), as clean as the problem is.
    """

    X_train: NDArray[np.float64]
    y_train: NDArray[np.float64]
    X_test: NDArray[np.float64]
    y_test: NDArray[np.float64]


def split(problem: Problem | TableProblem, noise: float, seed: int, rows: int = TRAINING_ROWS) -> Split:
    """Draws the data of one fit.

    Args:
        problem: An equation with ranges, or a table, of which a random quarter is for testing.
        noise: Standard deviation of the training target's noise over its root mean square.
        seed: Seed of everything that is drawn.
        rows: Training rows at most.

    Raises:
        ValueError: If the problem has no usable data.
    """
    if isinstance(problem, TableProblem):
        X, y = read_problem(problem)
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=seed)
        X_train, y_train = X_train[:rows], y_train[:rows]
    else:
        X_train, y_train = sample(problem, rows, seed)
        X_test, y_test = sample(problem, TEST_ROWS, _stream(seed, _TEST_STREAM))
    if noise:
        scale = noise * np.sqrt(np.mean(y_train**2))
        y_train = y_train + np.random.default_rng(_stream(seed, _NOISE_STREAM)).normal(0, scale, len(y_train))
    return Split(X_train, y_train, X_test, y_test)


def _stream(seed: int, purpose: int) -> int:
    return int(np.random.SeedSequence((seed, purpose)).generate_state(1)[0])
