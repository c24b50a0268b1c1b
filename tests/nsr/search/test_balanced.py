"""Targets of which few rows decide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nsr import SymbolicRegressor
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.search.balanced import is_of_few_rows, with_balanced_rows
from nsr.task import Task


def scattering(n_rows: int, seed: int) -> Task:
    """Rutherford's differential cross section, whose small angles have nearly all of the squares."""
    rng = np.random.default_rng(seed)
    charges, energy = rng.uniform(1, 9, (2, n_rows)), 10 ** rng.uniform(-1, 1, n_rows)
    angle = rng.uniform(0.001, 2 * np.pi - 0.001, n_rows)
    y = (charges[0] * charges[1] / energy) ** 2 / np.sin(angle / 2) ** 4
    return Task(np.column_stack((*charges, energy, angle)), y, SQUARED_ERROR)


def test_few_rows_decide_on_a_pole_over_decades() -> None:
    assert is_of_few_rows(scattering(1000, 0))


@pytest.mark.parametrize("size", [1e-3, 0.1])
def test_noise_of_one_size_lets_all_rows_decide(size: float) -> None:
    task = scattering(1000, 0)
    noise = np.random.default_rng(1).normal(0, size * np.sqrt(np.mean(task.y**2)), task.n_rows)
    assert not is_of_few_rows(replace(task, y=task.y + noise))


def test_decades_alone_are_not_few_rows() -> None:
    """Of a power small values are many, yet large ones are not few."""
    x = np.random.default_rng(0).uniform(-1, 1, 1000)
    assert not is_of_few_rows(Task(x[:, None], x**5, SQUARED_ERROR))


def test_weights_of_the_user_are_left_alone() -> None:
    task = scattering(1000, 0)
    assert not is_of_few_rows(replace(task, weights=np.ones(task.n_rows)))


def test_balanced_rows_share_the_squares() -> None:
    task = with_balanced_rows(scattering(1000, 0))
    assert task.weights is not None
    squares = np.sort(task.weights * task.y**2)
    assert np.sum(squares[-10:]) < 0.02 * np.sum(squares)
    assert np.mean(task.weights) == pytest.approx(1)


@pytest.mark.integration
def test_a_pole_over_decades_is_found() -> None:
    seen, new = scattering(2000, 1), scattering(2000, 2)
    model = SymbolicRegressor(time_limit=60, random_state=1, n_jobs=1).fit(seen.X, seen.y)
    assert np.allclose(model.predict(new.X), new.y, rtol=1e-6)
