from itertools import islice

import numpy as np
import pytest

from eval.generated import draw
from generators.holdout import Holdout
from nsr.evaluate.program import Program
from nsr.problems.problem import Problem, sample
from nsr.problems.suites import load, registered

PROBLEMS = [*load("generated"), *load("hard")]


def test_no_benchmark_is_among_them():
    holdout = Holdout.default()
    assert not any(holdout.contains(problem.expression) for problem in PROBLEMS)
    assert len({problem.expression.skeleton() for problem in PROBLEMS}) == len(PROBLEMS)


def test_every_variable_matters():
    for problem in [*PROBLEMS, *load("hard2")]:
        X, y = sample(problem, 200, seed=1)
        for i in range(X.shape[1]):
            shuffled = X.copy()
            shuffled[:, i] = X[::-1, i]
            changed = Program([problem.expression]).values(shuffled)[0]
            assert np.nanmax(np.abs(changed - y)) > 1e-4 * np.std(y)


@pytest.mark.parametrize("suite", ["hard", "hard2"])
def test_hard_problems_have_several_variables(suite):
    assert {len(problem.variable_names) for problem in load(suite)} == set(range(2, 9))


def test_what_nothing_was_chosen_on_is_new():
    others = [suite for suite in registered(Problem) if suite.name != "hard2"]
    known = Holdout(problem.expression for suite in others for problem in suite.read())
    new = load("hard2")
    assert not any(known.contains(problem.expression) for problem in new)
    assert len({problem.expression.skeleton() for problem in new}) == len(new)
    assert all(Holdout.default().contains(problem.expression) for problem in new)


def test_the_same_seed_draws_the_same_problems():
    names = [[problem.expression for problem in islice(draw(seed=5), 3)] for _ in range(2)]
    assert names[0] == names[1]
