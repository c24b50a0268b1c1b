"""Enclosures against values at many points, and against mpmath's interval arithmetic."""

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import expressions

from nsr.evaluate.intervals import Boxes, enclosure, hazards
from nsr.evaluate.program import Program
from nsr.expressions.expression import apply, variable
from nsr.expressions.operators import N_BUILTIN, OPERATORS, Operator
from nsr.expressions.parsing import parse

BUILTIN = list(OPERATORS.values())[:N_BUILTIN]
ENDS = st.sampled_from((-3.7, -1.0, -0.25, 0.0, 0.5, 1.0, 2.5, 40.0))


@st.composite
def boxes(draw):
    ends = [sorted((draw(ENDS), draw(ENDS))) for _ in range(3)]
    return Boxes(np.array([[low for low, _ in ends]]), np.array([[high for _, high in ends]]))


def inside(box, n=400):
    """Points of a box, its corners among them."""
    rng = np.random.default_rng(0)
    shares = np.concatenate((rng.uniform(size=(n, 3)), rng.integers(0, 2, (n, 3))))
    return box.low + shares * (box.high - box.low)


@given(expressions(), boxes())
def test_values_lie_between_the_bounds_and_are_missing_only_where_that_is_said(expression, box):
    known = enclosure(expression, box)
    with np.errstate(all="ignore"):
        values = Program([expression]).values(inside(box))[0]
    finite = values[np.isfinite(values)]
    if known.is_total[0]:
        assert len(finite) == len(values)
    if known.is_empty[0]:
        assert len(finite) == 0
        return
    slack = 1e-12 * (1 + np.abs(finite))
    assert np.all(finite >= known.low[0] - slack)
    assert np.all(finite <= known.high[0] + slack)


@given(expressions(), boxes())
def test_parts_that_are_found_safe_make_the_whole_safe(expression, box):
    found = hazards(expression, box)
    with np.errstate(all="ignore"):
        parts = Program([*found, expression]).values(inside(box))
    is_finite = np.isfinite(parts)
    assert np.all(is_finite[-1] | ~is_finite[:-1].all(axis=0))


@pytest.mark.parametrize("name", ["exp", "log", "sin", "cos", "tan", "sqrt", "add", "sub", "mul", "div"])
@pytest.mark.parametrize("ends", [((0.25, 1.5), (2.0, 3.0)), ((0.5, 0.75), (-2.0, -1.0))])
def test_bounds_are_no_wider_than_those_of_mpmath(name, ends):
    n = OPERATORS[name].arity
    expression = apply(name, *(variable(i) for i in range(n)))
    known = enclosure(expression, Boxes(*(np.array([[end[k] for end in ends]]) for k in (0, 1))))
    own = [mpmath.iv.mpf(list(end)) for end in ends[:n]]
    symbols = {"add": "__add__", "sub": "__sub__", "mul": "__mul__", "div": "__truediv__"}
    reference = getattr(own[0], symbols[name])(own[1]) if n == 2 else getattr(mpmath.iv, name)(own[0])
    low, high = (float(mpmath.mpf(end)) for end in (reference.a, reference.b))
    np.testing.assert_allclose([known.low[0], known.high[0]], [low, high], rtol=1e-14)


@pytest.mark.parametrize("operator", BUILTIN, ids=lambda operator: operator.name)
def test_bounds_of_one_operator_are_met(operator):
    """The values of a function of one argument come close to both bounds."""
    if operator.arity != 1:
        return
    low, high = np.array([[0.3], [-0.9], [-0.2]]), np.array([[0.8], [-0.1], [0.7]])
    known = enclosure(apply(operator.name, variable(0)), Boxes(low, high))
    for k in range(3):
        if known.is_total[k]:
            values = operator.numpy(np.linspace(low[k, 0], high[k, 0], 10_001))
            np.testing.assert_allclose(
                [values.min(), values.max()], [known.low[k], known.high[k]], rtol=1e-3, atol=1e-3
            )


def test_waves_reach_their_crests_between_the_ends():
    box = Boxes(np.array([[1.0], [4.0], [0.1], [-1e17]]), np.array([[2.0], [5.0], [0.2], [1e17]]))
    known = enclosure(parse("sin(x_0)"), box)
    np.testing.assert_allclose(known.high, [1, np.sin(4.0), np.sin(0.2), 1], rtol=1e-14)
    np.testing.assert_allclose(known.low, [np.sin(1.0), -1, np.sin(0.1), -1], rtol=1e-14)


def test_where_nothing_has_a_value_that_is_said():
    box = Boxes(np.array([[-3.0, 0.0]]), np.array([[-1.0, 0.0]]))
    for text in ("log(x_0)", "sqrt(x_0) + 1", "x_0**0.5", "1/x_1", "exp(asin(x_0 - 1))"):
        known = enclosure(parse(text), box)
        assert known.is_empty[0]
        assert not known.is_total[0]


def test_a_part_without_a_value_is_not_forgotten():
    """The arc tangent has bounds whatever its argument is."""
    known = enclosure(parse("atan(1/x_0)"), Boxes(np.array([[-1.0]]), np.array([[1.0]])))
    assert not known.is_total[0]
    assert np.isfinite([known.low[0], known.high[0]]).all()


def test_of_a_ratio_only_the_denominator_is_a_hazard():
    box = Boxes(np.full((1, 4), 1.0), np.full((1, 4), 5.0))
    assert hazards(parse("x_0*x_1/(x_2 - x_3) + x_0"), box) == [apply("inv", parse("x_2 - x_3"))]
    assert hazards(parse("x_0*x_1/(x_2 + x_3)"), box) == []


def test_nothing_is_known_of_an_operator_without_an_interval_form(registered):
    registered(Operator("floored", 1, torch.floor, lambda a: a))
    known = enclosure(parse("floored(x_0) + 1"), Boxes(np.array([[0.0]]), np.array([[1.0]])))
    assert not known.is_total[0]
    assert (known.low[0], known.high[0]) == (-np.inf, np.inf)
