"""With units, what a search without regard to them finds counts if it has them in the end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from untrained import save_untrained

from nsr.clock import Clock
from nsr.expressions.parsing import parse
from nsr.expressions.space import SearchSpace
from nsr.expressions.units import Units
from nsr.network.checkpoint import from_pretrained
from nsr.refinement.candidates import Candidate, scored
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.search.engine import Search
from nsr.search.settings import SearchSettings
from nsr.search.solve import Solver
from nsr.task import Task

UNITS = Units.parse(["m", "m/s", "m/s", "s"], "m")


def transformed_position(n_rows: int = 500) -> Task:
    """Lorentz's transformation of positions."""
    X = np.random.default_rng(0).uniform([5, 1, 3, 1], [10, 2, 20, 2], (n_rows, 4))
    x, u, c, t = X.T
    return Task(X, (x - u * t) / np.sqrt(1 - (u / c) ** 2), SQUARED_ERROR, space=SearchSpace(units=UNITS))


@pytest.fixture(scope="module")
def solver(tmp_path_factory: pytest.TempPathFactory) -> Solver:
    network = from_pretrained(save_untrained(tmp_path_factory.mktemp("checkpoint") / "untrained"))
    return Solver(network, 1, (), SearchSettings())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Which searches were run, those with units as True; only those without find anything."""
    searches: list[bool] = []

    def run(self: Search, clock: Clock) -> Iterator[list[Candidate]]:
        task = self.candidates.task
        searches.append(task.space.units is not None)
        if task.space.units is None:
            law = parse("1.2*(0.7*x_0-0.7*x_1*x_3)/sqrt(0.7056-0.7056*x_1**2/(x_2**2-0.00000000001))")
            yield self.candidates.add(scored([law], task))
        while not clock.is_over:
            if self.candidates.best is not None and task.is_exact(self.candidates.best.loss):
                self.ended = "answered"
                return
            clock.spend(0.5)
            yield []

    monkeypatch.setattr(Search, "run", run)
    return searches


def test_what_crosses_units_on_its_way_counts_once_it_has_them(asked: list[bool], solver: Solver) -> None:
    task = transformed_position()
    front, _ = solver.solve(task, [], Clock.of(60))
    best = front.candidates[front.best]
    assert asked == [True, False]
    assert UNITS.allow(best.expression)
    assert task.is_exact(best.loss)


def test_without_units_there_is_one_search(asked: list[bool], solver: Solver) -> None:
    task = transformed_position()
    free = Task(task.X, task.y, SQUARED_ERROR)
    solver.solve(free, [], Clock.of(60))
    assert asked == [False]
