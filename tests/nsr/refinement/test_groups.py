import numpy as np
import pytest

from nsr.evaluate.program import Program
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.refinement.groups import ByGroup, Layout, by_group, names_of_constants, with_groups
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.task import Task

LAYOUT = Layout(2, 3)
FORM = parse("2.5*exp(1.5*x_0) + 0.3*x_1**2")
VALUES = np.array([[2.5, 1.5, 0.3], [4.0, 2.0, 0.3], [1.0, -1.0, 0.3]])


@pytest.mark.parametrize("differing", [(), (0,), (1,), (0, 1), (0, 1, 2)])
def test_each_row_has_the_values_of_its_own_group_s_equation(rng, differing):
    found = with_groups(FORM, VALUES, differing, LAYOUT)
    X, codes = rng.uniform(0.5, 1, (30, 2)), rng.integers(0, 3, 30)
    whole = Program([found.expression]).values(np.hstack((X, LAYOUT.columns(codes))))[0]
    for group in range(3):
        own = Program([found.of_group(group)]).values(X)[0]
        np.testing.assert_allclose(whole[codes == group], own[codes == group])


@pytest.mark.parametrize("differing", [(), (0,), (0, 2), (0, 1, 2)])
def test_an_equation_is_read_as_it_was_made(differing):
    made = with_groups(FORM, VALUES, differing, LAYOUT)
    read = ByGroup.of(made.expression, LAYOUT)
    assert read.form == made.form
    assert read.differs == made.differs == tuple(place in differing for place in range(3))
    np.testing.assert_array_equal(read.table, VALUES[:, list(differing)])
    assert read.skeleton == FORM.skeleton()


def test_constants_that_differ_go_by_names_that_no_column_has():
    found = with_groups(FORM, VALUES, (0, 1), LAYOUT)
    names = names_of_constants(found, ["c0", "z"])
    assert names == ("c0_", "c1", "c2")
    assert to_infix(found.form, ["c0", "z", *names]) == "c0_*exp(c1*c0) + 0.3*z**2"
    assert found.shared_places == [6]


def test_each_constant_that_differs_costs_bits_and_one_more_of_complexity(rng):
    X, codes = rng.uniform(0.5, 1, (30, 2)), np.arange(30) % 3
    task = Task(np.hstack((X, LAYOUT.columns(codes))), rng.standard_normal(30), SQUARED_ERROR)
    choices = [by_group(with_groups(FORM, VALUES, own, LAYOUT), 0.5, task, "") for own in ((), (0,), (0, 1))]
    assert choices[0].bits < choices[1].bits < choices[2].bits
    assert [choice.complexity - choices[0].complexity for choice in choices] == [0, 1, 2]
    few = task.of_rows(slice(5))
    assert np.isinf(by_group(with_groups(FORM, VALUES, (0, 1), LAYOUT), 0.5, few, "").bits)
