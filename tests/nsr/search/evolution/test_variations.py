from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.expressions import ExpressionConfig, ExpressionSampler
from generators.holdout import Holdout
from nsr.clock import Clock
from nsr.evaluate.program import values_of
from nsr.expressions.canonical import form_key
from nsr.expressions.operator_set import OperatorSet
from nsr.expressions.parsing import parse
from nsr.expressions.space import SearchSpace
from nsr.refinement.candidates import Candidates, fitted
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort
from nsr.search.evolution.variations import Varied, variations
from nsr.search.settings import SearchSettings
from nsr.task import Task

EVERYTHING = SearchSpace()


def keys(expression, n_variables=2, space=EVERYTHING):
    return {form_key(one) for one in variations(parse(expression), n_variables, space, 60)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x_0/(1.2 - 0.54*x_1**2)", "x_0/sqrt(1.2 - 0.54*x_1**2)"),
        ("x_0/(0.54*x_1**2 - 1.2)", "x_0/sqrt(1.2 - 0.54*x_1**2)"),
        ("1.3*x_0*exp(-0.2*x_1)", "1.3*x_0*(exp(-0.2*x_1) + 0.1)"),
        ("1.3*x_0*exp(-0.2*x_1)", "1.3*x_0*exp(-0.2*x_0*x_1)"),
        ("1.3*tanh(0.7*x_0)", "1.3*sin(0.7*x_0)"),
        ("1.3*x_0 + 0.4*x_1", "1.3*x_0"),
        ("1.3*sin(0.7*x_0)", "1.3*x_0"),
    ],
)
def test_what_is_one_change_away_is_among_them(old, new):
    assert form_key(parse(new)) in keys(old)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_variations_are_other_forms_within_their_limits(seed):
    expression = ExpressionSampler(ExpressionConfig(max_variables=3), Holdout.default(), seed).sample()
    found = variations(expression, 3, EVERYTHING, 40)
    skeletons = {one.skeleton() for one in found}
    assert len(skeletons) == len(found)
    assert expression.skeleton() not in skeletons
    assert all(len(one.tokens) <= 40 for one in found)
    assert all(set(one.variables) <= {0, 1, 2} for one in found)


def test_only_functions_that_may_be_used_are_tried():
    space = SearchSpace(operators=OperatorSet.of(["add", "mul", "div", "exp"]))
    new = {str(token) for one in variations(parse("x_0*exp(x_1)"), 2, space, 60) for token in one.tokens}
    assert "exp" in new
    assert not {"sin", "tanh", "log", "cos"} & new


def test_a_form_is_found_whose_constants_all_have_to_move():
    """The Lorentz factor: what stands for it within a percent is no better with any one constant changed."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.uniform(1, 5, 2_000), rng.uniform(0.0, 0.8, 2_000)])
    y = values_of(parse("x_0/sqrt(1 - x_1**2)"), X)
    task = Task(X, y + 0.01 * np.std(y) * rng.normal(size=len(y)), SQUARED_ERROR)
    candidates = Candidates(task)
    candidates.add(fitted([parse("x_0/(1.01 - 0.7*x_1**2)")], task, Effort(restarts=1), Clock()))
    context = SimpleNamespace(task=task, candidates=candidates, settings=SearchSettings())
    batches = Varied(context, Clock()).batches()
    for _, batch in zip(range(3), batches, strict=False):
        candidates.add(batch)
    assert form_key(candidates.best.expression) == form_key(parse("x_0/sqrt(1.1 - 1.2*x_1**2)"))
