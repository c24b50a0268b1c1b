"""Laws with constants by group, from forms that a search has found."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from nsr.clock import Clock
from nsr.evaluate.domains import is_safe
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.shape import Box, Shape, Tending
from nsr.expressions.space import SearchSpace
from nsr.refinement.candidates import scored
from nsr.refinement.groups import ByGroup, Layout, of_each_group
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.losses import ABSOLUTE_ERROR, HUBER
from nsr.refinement.uncertainty import uncertainty
from nsr.search.by_group import noise as noise_by_group
from nsr.search.by_group import solve
from nsr.search.noise_settings import NoiseSettings
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
    monkeypatch.setattr(solve, "_explored", lambda *_: (task, found, "exhausted"))
    solver = Solver(None, 1, (), SearchSettings(), rule="score")
    front, _ = solve.solve_by_group(solver, task, codes, 2, [], Clock())
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
    monkeypatch.setattr(solve, "_explored", lambda *_: (task, found, "exhausted"))
    solver = Solver(None, 1, (), SearchSettings())
    front, _ = solve.solve_by_group(solver, task, codes, 3, [], Clock())
    for row in front.candidates:
        for own in of_each_group(row.expression, Layout(1, 3)):
            assert Program([own]).values(np.array([[1e9]]))[0, 0] == pytest.approx(50, rel=1e-7)
    assert front.candidates[front.best].loss < 0.3


def solved_from(found, task, codes, n_groups, monkeypatch, given=None):
    """The front and its task where a search has found these forms, and what it has told of the noise."""
    monkeypatch.setattr(solve, "_explored", lambda *_: (task, found, "exhausted"))
    solver = Solver(None, 1, (), SearchSettings(), is_loss_open=True)
    return solve.solve_by_group(solver, given or task, codes, n_groups, [], Clock())


@pytest.mark.parametrize(("is_ratio", "loss"), [(True, "gamma"), (False, "squared_error")])
def test_the_law_that_small_groups_share_tells_of_its_noise(is_ratio, loss, rng, monkeypatch):
    codes = np.tile(np.arange(6), 9)
    x = rng.uniform(0.5, 5, len(codes))
    clean = np.array([2.0, 5.0, 1.0, 3.3, 0.7, 8.0])[codes] * x**1.7
    noise = 0.05 * rng.standard_normal(len(x))
    task = Task(x[:, None], clean * (1 + noise) if is_ratio else clean + 3 * noise, SQUARED_ERROR)
    assert np.min(task.y) > 0
    found = scored([parse("2.9*x_0**1.6"), parse("3.1*x_0"), parse("0.8*exp(0.9*x_0)")], task, "families")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        front, whole = solved_from(found, task, codes, 6, monkeypatch)
    assert whole.loss.name == loss
    assert sum("in proportion" in str(one.message) for one in told) == is_ratio
    chosen = ByGroup.of(front.candidates[front.best].expression, Layout(1, 6))
    assert str(chosen.skeleton) == str(parse("2*x_0**1.6").skeleton())
    values = Program([front.candidates[front.best].expression]).values(whole.X)[0]
    np.testing.assert_allclose(values[clean > 5], clean[clean > 5], rtol=0.1)


@pytest.mark.parametrize("loss", [HUBER, ABSOLUTE_ERROR])
def test_gross_errors_leave_constants_by_group_as_sure_as_the_other_rows_do(loss, rng, monkeypatch):
    codes = np.repeat([0, 1, 2, 3], 50)
    x, noise = rng.uniform(0.2, 5, 200), 0.05 * rng.standard_normal(200)
    clean = np.array([3.1, 6.3, 9.7, 1.2])[codes] * np.exp(-0.73 * x)
    y = clean + np.where(rng.random(200) < 0.05, rng.uniform(-40, 40, 200), noise)
    task = Task(x[:, None], y, loss.with_scale_of(y - np.median(y)))  # as all rows together say
    found = scored([parse("4.1*exp(-0.7*x_0)"), parse("2.3/(x_0 + 0.4)")], task, "curves")
    seen = noise_by_group.seen_by_group(task, codes, NoiseSettings())
    front, whole = solved_from(found, seen, codes, 4, monkeypatch, given=task)
    assert whole.weights is None
    chosen = front.candidates[front.best].expression
    assert str(ByGroup.of(chosen, Layout(1, 4)).skeleton) == str(parse("4.1*exp(-0.7*x_0)").skeleton())
    sure = uncertainty(chosen, whole)
    own = np.hstack((np.exp(-0.73 * x)[:, None] * np.eye(4)[codes], (-x * clean)[:, None]))
    of_others = 0.05 * np.sqrt(np.diag(np.linalg.inv(own.T @ own)))  # least squares' without gross errors
    assert np.all((0.7 * of_others < sure.errors) & (sure.errors < 1.6 * of_others))


def test_over_decades_the_law_that_is_best_with_relative_errors_tells_of_them(rng, monkeypatch):
    """Where errors of the largest values are all that squares see, the wrong law explains these best."""
    codes = np.tile(np.arange(5), 14)
    x = np.exp(rng.uniform(np.log(0.1), np.log(100), 70))
    clean = np.array([0.4, 1.0, 3.9, 2.2, 0.8])[codes] * x**1.7
    task = Task(x[:, None], clean * (1 + 0.07 * rng.standard_normal(70)), SQUARED_ERROR)
    texts = ("2.3*(x_0*(1.1 - 0.003*x_0) + cos(x_0**2))**2", "2.9*x_0*(1.7 + 0.1*x_0)", "2.9*x_0**1.6")
    found = scored([parse(text) for text in texts], task, "families")
    with pytest.warns(UserWarning, match="in proportion"):
        front, whole = solved_from(found, task, codes, 5, monkeypatch)
    assert whole.loss.name == "gamma"
    chosen = ByGroup.of(front.candidates[front.best].expression, Layout(1, 5))
    assert chosen.form.constants == pytest.approx([1.7], abs=0.02)


def test_a_law_by_group_has_its_textbook_name(rng, monkeypatch):
    x, codes = rng.uniform(0.2, 6, 90), np.repeat([0, 1, 2], 30)
    y = np.array([2.0, 3.5, 5.0])[codes] * x / (x + 1.3) + 0.02 * rng.standard_normal(90)
    task = Task(x[:, None], y, SQUARED_ERROR)
    texts = ("0.7*x_0", "3.4*x_0/(x_0 + 1.2)", "2.9*tanh(x_0)")
    line, curve, other = scored([parse(text) for text in texts], task, "families")
    found = [line, curve, replace(curve, name="Monod"), replace(other, name="light curve")]
    front, _ = solved_from(found, task, codes, 3, monkeypatch)
    chosen = front.candidates[front.best]
    assert chosen.name == "Monod"
    assert np.ptp(ByGroup.of(chosen.expression, Layout(1, 3)).table, axis=0).min() > 0.5
    others = [row for row in front.candidates if row is not chosen]
    assert others
    assert not any(row.name == "Monod" for row in others)
