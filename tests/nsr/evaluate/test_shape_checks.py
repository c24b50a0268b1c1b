"""Shapes of equations against derivatives and limits that are known."""

import numpy as np
import pytest

from nsr.evaluate.program import Program
from nsr.evaluate.shape_checks import allowed, holds, surely_allowed
from nsr.evaluate.shape_proofs import is_proved
from nsr.expressions.parsing import parse
from nsr.expressions.shape import Bounded, Box, Exchangeable, Mirrored, Shape, Sloped, Tending
from nsr.expressions.space import SearchSpace

BOX = Box(np.array([0.1, 1.0]), np.array([5.0, 3.0]))
SIDES = Box(np.array([-2.0, -2.0]), np.array([2.0, 2.0]))
KNOWN = [
    ("x_0*x_1", Sloped(0, 1, 1), BOX),
    ("x_0/(x_0 + x_1)", Sloped(0, 1, 1), BOX),
    ("x_0/(x_0 + x_1)", Sloped(0, 2, -1), BOX),
    ("x_0/(x_0 + x_1)", Bounded(0.0, 1.0), BOX),
    ("x_0**2 - 2*x_0 + 1.1", Bounded(0.0), BOX),
    ("exp(x_0)/x_0", Sloped(0, 2, 1), BOX),
    ("sqrt(x_0)*log(x_1 + 1)", Sloped(1, 1, 1), BOX),
    ("x_1*cos(x_0) + x_0**2", Mirrored(0, 1), SIDES),
    ("x_1*sin(x_0)", Mirrored(0, -1), SIDES),
    ("x_0*x_1 + 2*(x_0 + x_1)", Exchangeable(0, 1), SIDES),
    ("3.7", Sloped(0, 1, 1), BOX),
]
WRONG = [
    ("x_0**2", Sloped(0, 1, 1), SIDES),
    ("-x_0*x_1", Sloped(0, 1, 1), BOX),
    ("x_0**3", Sloped(0, 2, 1), SIDES),
    ("sin(x_0)", Bounded(0.0), BOX),
    ("log(x_0)", Bounded(-10.0), SIDES),  # which has no value in a part of the box
    ("x_1*sin(x_0)", Mirrored(0, 1), SIDES),
    ("x_0*x_1 + x_0 + 2*x_1", Exchangeable(0, 1), SIDES),
    ("1/(x_0 + 1) + 0.3", Tending(0, np.inf, 0.0), BOX),
    ("x_0*x_1", Tending(0, np.inf, 0.0), BOX),
    ("1071 - x_1*exp(-x_0)", Tending(0, np.inf, 1078.0), BOX),
    ("2.0001 + x_0**-0.5", Tending(0, np.inf, 2.0), BOX),
    ("log(x_0)/27", Tending(0, np.inf, 1.08), BOX),  # which passes by
]
TENDING = [
    ("x_1*exp(-x_0)", Tending(0, np.inf, 0.0)),
    ("x_1/(x_0 + 1) + 2", Tending(0, np.inf, 2.0)),
    ("exp(x_0)*x_1", Tending(0, -np.inf, 0.0)),
    ("sin(x_0)/x_0", Tending(0, 0.0, 1.0)),
    ("3 + x_1/(1 + x_0**0.3)", Tending(0, np.inf, 3.0)),
    ("3 - x_1*x_0**-0.2 + x_0**-0.7", Tending(0, np.inf, 3.0)),
    ("x_0**4/(x_1 + x_0**4)", Tending(0, np.inf, 1.0)),
    ("7.0", Tending(0, np.inf, 7.0)),
    ("x_1*sqrt(x_0)", Tending(0, 0.0, 0.0)),
]


@pytest.mark.parametrize(("text", "constraint", "box"), KNOWN)
def test_what_holds_is_seen_and_proved(text, constraint, box):
    shape = Shape((constraint,), box)
    assert holds([parse(text)], shape).tolist() == [True]
    assert is_proved(parse(text), shape)


@pytest.mark.parametrize(("text", "constraint", "box"), WRONG)
def test_what_does_not_hold_is_seen_and_never_proved(text, constraint, box):
    shape = Shape((constraint,), box)
    assert holds([parse(text)], shape).tolist() == [False]
    assert not is_proved(parse(text), shape)


@pytest.mark.parametrize(("text", "constraint"), TENDING)
def test_limits_are_seen_and_not_proved(text, constraint):
    shape = Shape((constraint,), BOX)
    assert holds([parse(text)], shape).tolist() == [True]
    assert not is_proved(parse(text), shape)


def test_what_is_bred_need_only_come_near_to_a_limit():
    shape = Shape((Tending(0, np.inf, 3.0),), BOX)
    near, far, nowhere = parse("2.8 - 1.5*exp(-x_0)"), parse("12 + 1.0*exp(-x_0)"), parse("x_0")
    assert holds([near, far, nowhere], shape).tolist() == [False, False, False]
    assert holds([near, far, nowhere], shape.nearly).tolist() == [True, True, False]


def test_each_group_has_the_shape_where_it_is_asked_for():
    shape = Shape((Bounded(0.0),), BOX, n_groups=2)
    both, one = parse("(2*x_2 + 3*x_3)*x_0"), parse("(2*x_2 - 3*x_3)*x_0")
    assert holds([both, one], shape).tolist() == [True, False]


def test_a_failure_between_the_points_is_not_proved():
    """A dip as narrow as this is missed by any grid."""
    dip = parse("x_0 - 0.5*exp(-1000000*(x_0 - 2.345678)**2)")
    shape = Shape((Sloped(0, 1, 1),), BOX)
    assert holds([dip], shape)[0]
    assert not is_proved(dip, shape)


def test_shapes_of_scaled_variables_are_those_of_the_scaled_function(rng):
    """f(x) keeps to a shape if and only if f(s u) / t, of u = x / s, keeps to the scaled one."""
    scales, level = np.array([10.0, 10.0]), 4.0
    scaled = {0: parse("10*x_0"), 1: parse("10*x_1")}
    for text, constraint, box in [*KNOWN, *WRONG]:
        own = Shape((constraint,), box).scaled(scales, level)
        expression = parse(f"({text})/4").substitute(scaled)
        assert holds([expression], own)[0] == holds([parse(text)], Shape((constraint,), box))[0]


def test_a_space_allows_what_has_its_operators_and_its_shape():
    space = SearchSpace(max_complexity=4, shape=Shape((Bounded(0.0),), BOX))
    texts = ["x_0*x_1", "-x_0", "x_0*x_1*x_0*x_1*x_0"]
    assert allowed([parse(text) for text in texts], space).tolist() == [True, False, False]
    assert allowed([], space).tolist() == []


def test_margins_of_slopes_are_differences_along_one_variable():
    one = Sloped(1, 1, 1)
    shape = Shape((one,), BOX)
    values = Program([parse("x_0 + 3*x_1")]).values(shape.points)
    (margins,) = shape.margins(np.asarray(values))
    np.testing.assert_allclose(margins, 3 * 2.0 / 12, rtol=1e-9)


@pytest.mark.parametrize(
    ("text", "constraint"),
    [
        ("1e-9/(x_0 - 2.2345678) + 5", Bounded(0.0)),  # a pole between the points
        ("1 - exp(-1e4*(x_0 - 0.234567)**2)", Bounded(0.05)),  # and a hole
        ("x_0 - 0.01*sin(60*x_0)**9", Sloped(0, 1, 1)),
    ],
)
def test_what_a_glance_does_not_see_is_looked_at_before_it_is_reported(text, constraint):
    box = Box(np.array([0.0]), np.array([3.0]))
    space = SearchSpace(shape=Shape((constraint,), box))
    assert not surely_allowed([parse(text)], space)[0]
    assert surely_allowed([parse("x_0 + 1")], space)[0]
