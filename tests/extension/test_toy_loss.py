"""A loss from outside the package: one class, which refinement, search and selection take from the task."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy import optimize, stats
from untrained import save_untrained

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.network.checkpoint import from_pretrained
from nsr.refinement.candidates import fitted
from nsr.refinement.refine import Effort
from nsr.search.settings import SearchSettings
from nsr.search.solve import Solver
from nsr.task import Task


@dataclass(frozen=True)
class PseudoHuber:
    """sqrt(1 + (r/d)^2) - 1: a square near zero, a line far from it; minus the log-likelihood of scale d."""

    width: float
    name: str = "pseudo_huber"
    is_quadratic: bool = False
    rounding: float = 1e-18

    def elementwise(self, predicted, y):
        return np.sqrt(1 + np.square((predicted - y) / self.width)) - 1

    def curvature(self, predicted, y):
        return 1 / np.sqrt(1 + np.square((predicted - y) / self.width))

    def level(self, y, weights, scale):
        weights, scale = (np.ones_like(y) if given is None else given for given in (weights, scale))

        def total(level):
            return float(weights @ self.elementwise(level * scale, y * scale))

        return float(optimize.minimize_scalar(total, bounds=(y.min(), y.max()), method="bounded").x)

    def possible(self, predicted, y):
        return predicted

    def with_scale_of(self, residuals):
        return self

    def believed(self, residuals):
        return residuals

    def bits(self, loss, null_loss, n_rows):
        return n_rows * (loss - null_loss) / np.log(2)

    def reach(self, level):
        return stats.norm.ppf((1 + level) / 2)


@pytest.fixture
def outliers(rng):
    """A saturation curve with a tenth of its rows far off; and the curve itself."""
    X = rng.uniform(0, 10, (200, 1))
    clean = 3 * X[:, 0] / (1.5 + X[:, 0])
    off = np.where(np.arange(200) % 10 == 0, 60.0, 0.0)
    return Task(X, clean + 0.02 * rng.standard_normal(200) + off, PseudoHuber(0.05)), clean


def test_constants_are_those_of_scipy(outliers):
    task, _ = outliers
    start = parse("2.1*x_0/(1.1 + x_0)")
    (found,) = fitted([start], task, Effort(restarts=4), Clock())
    x = task.X[:, 0]

    def total(c):
        return float(np.mean(task.loss.elementwise(c[0] * x / (c[1] + x), task.y)))

    best = optimize.minimize(total, found.expression.constants, method="Nelder-Mead", options={"xatol": 1e-9})
    assert found.loss == pytest.approx(best.fun, rel=1e-4)
    np.testing.assert_allclose(found.expression.constants, [3, 1.5], rtol=0.02)


def test_the_search_finds_the_law_that_most_rows_follow(outliers, tmp_path):
    task, clean = outliers
    task, clean = replace(task, y=1e6 * task.y, loss=PseudoHuber(0.05e6)), 1e6 * clean  # in other units
    network = from_pretrained(save_untrained(tmp_path / "untrained"))
    solver = Solver(network, 16, ("families", "reduction"), SearchSettings())
    solution, _ = solver.solve(task, [parse("2.1e6*x_0/(1.1 + x_0)")], Clock.of(60))
    best = solution.candidates[solution.best]
    values = Program([best.expression]).values(task.X)[0]
    assert np.mean((values - clean) ** 2) < 1e-2 * np.var(clean)
