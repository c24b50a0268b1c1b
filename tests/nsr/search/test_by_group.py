"""Laws with constants by group, from forms that a search has found."""

import numpy as np
import pytest

from nsr.clock import Clock
from nsr.evaluate.domains import is_safe
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.shape import Box, Shape, Tending
from nsr.expressions.space import SearchSpace
from nsr.refinement.candidates import scored
from nsr.refinement.groups import Layout, of_each_group
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.search import by_group
from nsr.search.settings import SearchSettings
from nsr.search.solve import Solver
from nsr.task import Task


def test_an_equation_with_a_needless_pole_between_the_rows_is_not_chosen(rng, monkeypatch):
    """A few rows of one group are off as beside a pole, which takes them in, in the other group as well."""
    x = np.concatenate([np.sort(rng.uniform(0.5, 5, 25)) for _ in range(2)])
    codes = np.repeat([0, 1], 25)
    y = np.where(codes, 5.0, 2.0) * x + 0.2 * rng.standard_normal(50)
    pole = float(x[40]) - 0.02
    y[38:43] += 0.08 / (x[38:43] - pole)
    task = Task(x[:, None], y, SQUARED_ERROR)
    wild = parse(f"3.1*x_0 + 0.07/(x_0 - {pole!r})")
    found = scored([parse("3.1*x_0"), wild], task, "families")
    monkeypatch.setattr(by_group, "_explored", lambda *_: (task, found, "exhausted"))
    solver = Solver(None, 1, (), SearchSettings(), rule="score")
    front, _ = by_group.solve_by_group(solver, task, codes, 2, [], Clock())
    layout = Layout(1, 2)
    own = [of_each_group(row.expression, layout) for row in front.candidates]
    assert not any(is_safe(one, task.X).is_wrong for one in own[front.best])
    assert front.candidates[front.best].loss < 0.6
    tried = [of_each_group(one.expression, layout) for one in solver.found if one.loss < 0.1]
    assert any(is_safe(one, task.X).is_wrong for each in tried for one in each)


def test_the_equation_of_each_group_has_the_limit_that_is_stated(rng, monkeypatch):
    x, codes = rng.uniform(0.1, 9, 90), np.repeat([0, 1, 2], 30)
    y = 50 - 40 * np.exp(-np.array([0.4, 0.7, 1.1])[codes] * x) + 0.5 * rng.standard_normal(90)
    shape = Shape((Tending(0, np.inf, 50.0),), Box(np.array([0.1]), np.array([9.0])))
    task = Task(x[:, None], y, SQUARED_ERROR, space=SearchSpace(shape=shape))
    found = scored([parse("48.9 - 39.1*exp(-0.7*x_0)"), parse("48.9 - 12.3/x_0")], task, "curves")
    monkeypatch.setattr(by_group, "_explored", lambda *_: (task, found, "exhausted"))
    solver = Solver(None, 1, (), SearchSettings())
    front, _ = by_group.solve_by_group(solver, task, codes, 3, [], Clock())
    for row in front.candidates:
        for own in of_each_group(row.expression, Layout(1, 3)):
            assert Program([own]).values(np.array([[1e9]]))[0, 0] == pytest.approx(50, rel=1e-7)
    assert front.candidates[front.best].loss < 0.3
