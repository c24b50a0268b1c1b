from itertools import islice

import numpy as np

from eval.generated import draw
from generators.holdout import Holdout
from nsr.evaluate.program import Program
from nsr.problems.problem import sample
from nsr.problems.suites import load

PROBLEMS = [*load("generated"), *load("hard")]


def test_no_benchmark_is_among_them():
    holdout = Holdout.default()
    assert not any(holdout.contains(problem.expression) for problem in PROBLEMS)
    assert len({problem.expression.skeleton() for problem in PROBLEMS}) == len(PROBLEMS)


def test_every_variable_matters():
    for problem in PROBLEMS:
        X, y = sample(problem, 200, seed=1)
        for i in range(X.shape[1]):
            shuffled = X.copy()
            shuffled[:, i] = X[::-1, i]
            changed = Program([problem.expression]).values(shuffled)[0]
            assert np.nanmax(np.abs(changed - y)) > 1e-4 * np.std(y)


def test_hard_problems_have_several_variables():
    assert {len(problem.variable_names) for problem in load("hard")} == set(range(2, 9))


def test_the_same_seed_draws_the_same_problems():
    names = [[problem.expression for problem in islice(draw(seed=5), 3)] for _ in range(2)]
    assert names[0] == names[1]
