"""Units: every law of physics in our tables passes, nonsense does not, and groups are Buckingham's."""

import numpy as np
import pytest
from tasks import root

from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression
from nsr.expressions.parsing import parse
from nsr.expressions.units import Units
from nsr.problems.suites import load
from nsr.search.structure.reduction import groupings

FEYNMAN = load("feynman")
MOTION = Units.parse(("kg", "m/s", "m", "s"), "J")


@pytest.mark.parametrize("problem", FEYNMAN, ids=lambda problem: problem.name)
def test_the_laws_of_physics_are_consistent(problem):
    assert Units.parse(problem.units, problem.target_unit).allow(problem.expression)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("0.5*x_0*x_1**2", True),
        ("x_0*x_1**2 + 3*x_0*(x_2/x_3)**2", True),
        ("x_0*x_1**2*exp(x_1*x_3/x_2)", True),
        ("sqrt(x_0**2*x_1**4)", True),
        ("x_0*x_1**2*(x_1*x_3/x_2)**(x_1*x_3/x_2)", True),
        ("x_0*x_1", False),
        ("x_0*x_1**2 + x_0*x_1", False),
        ("x_0*x_1**2*exp(x_3)", False),
        ("x_0*x_1**2*(x_1*x_3/x_2)**x_3", False),
        ("7", False),
    ],
)
def test_only_equations_with_the_targets_unit_are_allowed(text, allowed):
    assert MOTION.allow(parse(text)) == allowed


def test_free_constants_may_have_any_unit():
    free = Units.parse(("kg", "m/s", "m", "s"), "J", "free")
    assert free.allow(parse("2*x_0*x_1"))
    assert free.allow(parse("x_0*x_1**2 + 3"))
    assert free.allow(parse("x_0*x_1**2*sin(2*x_3)"))
    assert free.allow(Expression(("mul", "C", "x_0")))
    assert not free.allow(parse("x_0*x_1**2*sin(x_3)"))
    assert not free.allow(parse("2*(x_0 + x_1)"))


def test_prefixes_and_spelling_do_not_matter():
    for spelling in ("kg*m^2/s^2", "kg m**2 s**-2", "kJ", "N*m"):
        assert Units.parse((spelling,), "J").allow(parse("2*x_0"))


def test_columns_can_be_chosen():
    assert MOTION.of(np.array([0, 1])).allow(parse("x_0*x_1**2"))
    assert not MOTION.of(np.array([1, 0])).allow(parse("x_0*x_1**2"))


@pytest.mark.parametrize(
    ("units", "target", "message"),
    [
        (("kg", "furlongs per"), "J", "'furlongs per' is not a unit"),
        (("kg", "__import__('os')"), "J", "is not a unit"),
        (("kg", "m"), "J", "no product of powers"),
        (("1",), "m", "constant_units='free'"),
    ],
)
def test_units_that_cannot_be_used_are_refused(units, target, message):
    with pytest.raises(ValueError, match=message):
        Units.parse(units, target)


def test_constants_are_one_of_two_kinds():
    with pytest.raises(ValueError, match="dimensionless, free"):
        Units.parse(("m",), "m", "metric")


@pytest.mark.parametrize("name", ["I.12.11", "II.6.15b", "I.44.4", "test_2"])
def test_groups_are_dimensionless_and_as_few_as_buckinghams_theorem_says(name):
    problem = next(problem for problem in FEYNMAN if problem.name == name)
    units = Units.parse(problem.units, problem.target_unit)
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 2, (20, len(problem.units)))
    states = groupings(root(X, rng.uniform(1, 2, 20)), units.symmetries)
    assert states
    rank = np.linalg.matrix_rank(units.variables)
    for state in states:
        assert state.X.shape[1] == len(problem.units) - rank
        for variable in state.variables:
            none = Units(units.variables, np.zeros_like(units.target))
            assert none.allow(variable)
        assert state.factor is None or units.allow(state.factor)


def test_symmetries_are_those_of_the_law():
    """Scaling metres, seconds and kilograms scales the energy as its unit says."""
    law, rng = parse("0.5*x_0*x_1**2 + x_0*(x_2/x_3)**2"), np.random.default_rng(0)
    X = rng.uniform(1, 2, (10, 4))
    assert len(MOTION.symmetries) == 3
    for *weights, shift in MOTION.symmetries:
        scaled = X * 2.0 ** np.array(weights)
        before, after = (Program([law]).values(table)[0] for table in (X, scaled))
        np.testing.assert_allclose(after, before * 2.0**shift)


def test_without_any_unit_there_is_no_symmetry():
    units = Units.parse(("1", ""), "1")
    assert units.symmetries.shape == (0, 3)
    assert units.allow(parse("x_0 + sin(x_1)"))
