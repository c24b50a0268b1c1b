import numpy as np
import pytest

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.refinement.candidates import fitted
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort
from nsr.search.evolution.backsolving import Backsolver
from nsr.search.evolution.parts import Parts
from nsr.search.evolution_settings import PartsSettings
from nsr.task import Task

SMALL = PartsSettings(n_first=200, most=300)


def table(n_rows: int = 200) -> np.ndarray:
    return np.random.default_rng(0).uniform(0.5, 2, (n_rows, 2))


def values(text: str, X: np.ndarray) -> np.ndarray:
    return np.asarray(Program([parse(text)]).values(X)[0])


@pytest.mark.parametrize(
    ("law", "equation"),
    [
        ("x_0*exp(x_1) + 3*x_0/x_1", "x_0*exp(x_1)"),  # a term at the root
        ("sin(x_0*x_1)*exp(x_1)", "exp(x_1)"),  # a factor
        ("log(x_0 + 2*sin(x_1) + 4)", "log(x_0 + 3)"),  # a term within a function
        ("sqrt(x_0 + x_1**3)", "sqrt(x_0 + x_1)"),  # something else in place of a part
    ],
)
def test_the_part_that_is_missing_is_found_where_it_is_missing(law, equation):
    X = table()
    task = Task(X, values(law, X), SQUARED_ERROR)
    children = Backsolver(task, Parts(X, 0, SMALL), len(X), SMALL).children(parse(equation))
    best = fitted(children, task, Effort(1, None, 20), Clock())[0]
    assert best.loss < 1e-18 * task.null_loss


def test_the_first_child_is_that_of_least_squares_over_all_parts(rng):
    """At the root of a constant a gap wants the target itself, and every row counts the same."""
    X = table()
    y = values("2*x_0*x_1", X) + rng.normal(0, 0.3, len(X))
    parts = Parts(X, 0, SMALL)
    (child, *_) = Backsolver(Task(X, y, SQUARED_ERROR), parts, len(X), SMALL).children(parse("1"))
    loss = np.mean((Program([child]).values(X)[0] - y) ** 2)
    columns = Program(parts.expressions).values(X)
    best = min(
        float(np.linalg.lstsq(np.column_stack((column, np.ones(len(X)))), y, rcond=None)[1][0]) / len(X)
        for column in columns
    )
    assert loss <= 1.1 * best


def test_parts_differ_in_more_than_scale_and_offset():
    parts = Parts(table(), 0, SMALL)
    n = len(parts)
    parts.add([parse("x_0 + 3"), parse("5*x_0 - 1"), parse("x_0")])
    assert len(parts) == n
    parts.add([parse("x_0**1.7 + x_1")])
    assert len(parts) == n + 1


def test_parts_have_values_on_all_rows_and_are_forgotten_in_time():
    X = np.column_stack((np.linspace(-1, 1, 50), np.linspace(1, 2, 50)))
    parts = Parts(X, 0, PartsSettings(n_first=50, most=60))
    parts.add([parse("log(x_0)"), parse("2*3"), parse("1/(x_0 - x_0)")])
    for _ in range(5):
        parts.grow()
    assert len(parts) == 60
    standard, means, deviations = parts.table
    expected = Program(parts.expressions).values(X)
    again = standard * deviations[:, None] + means[:, None]
    assert np.all(np.abs(again - expected) <= 1e-9 * np.abs(expected).max(axis=1, keepdims=True))
