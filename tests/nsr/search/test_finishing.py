import numpy as np
import pytest

from nsr.clock import Clock
from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify
from nsr.refinement.candidates import fitted, named, ranked, scored
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort
from nsr.search.finishing import finished
from nsr.search.settings import FinishingSettings
from nsr.task import Task


def test_parts_that_are_level_on_all_rows_are_numbers():
    rng = np.random.default_rng(1)
    X = rng.uniform((1, 1, 3), (5, 2, 10), (2_000, 3))
    y = X[:, 0] / np.sqrt(2 - (X[:, 1] / X[:, 2]) ** 2)
    task = Task(X, y + 0.001 * y.std() * rng.standard_normal(2_000), SQUARED_ERROR)
    pool = scored(
        [parse("x_0/sqrt(1/tanh(x_2**2) + atan(exp(x_2**2))*2/pi - (x_1/x_2)**2)"), parse("0.7*x_0")], task
    )
    found = finished(pool, task, Clock(), FinishingSettings())
    assert ranked(found)[0].expression == simplify(parse("x_0/sqrt(2 - (x_1/x_2)**2)"))


def test_a_curve_whose_exponent_is_one_has_the_name_no_more():
    """Hill's with an exponent of one is Michaelis and Menten's, which is told by its own name."""
    rng = np.random.default_rng(1)
    x = np.geomspace(0.1, 60, 24)
    task = Task(x[:, None], 12 * x / (3.5 + x) + 0.2 * rng.standard_normal(24), SQUARED_ERROR)
    (hill,) = fitted([parse("3.4/(1/x_0**1.03 + 0.29)")], task, Effort(), Clock())
    found = finished([named(hill, "Hill", task)], task, Clock(), FinishingSettings())
    told = {("pow" in candidate.expression.tokens, candidate.name) for candidate in found}
    assert told == {(True, "Hill"), (False, "")}


def test_constants_are_round_where_other_words_would_be_longer(rng):
    """With a round exponent a power of a ratio is also a ratio of powers, which takes more symbols."""
    X = rng.uniform((1, 1, 1.3), (5, 1.5, 2.5), (4000, 3))
    y = Program([parse("x_0*((x_1/x_2)**14 - (x_1/x_2)**7)")]).values(X)[0]
    task = Task(X, y + 0.1 * np.sqrt(np.mean(y**2)) * rng.standard_normal(len(y)), SQUARED_ERROR)
    found = [parse("x_0*((x_1/x_2)**14.1 - (x_1/x_2)**7.1)")]
    pool = fitted(found, task, Effort(restarts=1, points=None, iterations=30), Clock())
    best = ranked(finished(pool, task, Clock(), FinishingSettings()))[0]
    assert Program([best.expression]).values(X)[0] == pytest.approx(y, rel=1e-12, abs=1e-12)
