import numpy as np
import pytest
import torch

from nsr.evaluate.domains import Safety, is_safe, safeties
from nsr.expressions.operators import Operator
from nsr.expressions.parsing import parse

_RNG = np.random.default_rng(0)
# Columns 0 to 3 within 1 ... 5; 4 is 0 or 1; 5 counts years; 6 and 7 are never 1 together, and never both 0.
_SIDE = _RNG.integers(0, 2, 300)
X = np.column_stack(
    (
        np.concatenate((_RNG.uniform(1, 5, (298, 4)), np.full((1, 4), 1.0), np.full((1, 4), 5.0))),
        _RNG.integers(0, 2, 300), 1700 + np.arange(300), _SIDE, 1 - _SIDE,
    )
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "x_0*x_1/(x_2 - x_3)",
        "x_0/(x_1*log(x_2/x_3))",
        "x_0*(x_1 - x_2)/cos(x_3)",
        "1/(x_0 - 3)**2",
        "tan(x_0)",
        "1/x_4",
        "1/(x_5 - 1750.5)",
        "0.001/(x_0 - 2.345678) + 1000",
        "1/(x_0 - 3 + 0.3*sin(x_1)*cos(x_2)*exp(-x_3))",
        "(x_0 - 2)**(-1.5)*0 + 1/(x_0*x_1 - x_2*x_3)",
    ],
)
def test_poles_are_found(text):
    assert is_safe(parse(text), X).is_wrong


@pytest.mark.parametrize("text", ["log(x_0 - 3)", "sqrt(x_0 + x_1 - x_2)", "asin(x_0/4.9)", "(x_0 - 2)**0.5"])
def test_missing_values_are_found(text):
    assert is_safe(parse(text), X) is Safety.UNDEFINED


@pytest.mark.parametrize(
    "text", ["atan(1/(x_0 - 3))", "x_1 + 0.1*tanh(x_1/(x_0 - x_2))", "exp(-1/(x_5 - 1750.5))"]
)
def test_jumps_are_found(text):
    assert is_safe(parse(text), X).is_wrong


def test_a_narrow_part_without_values_is_found():
    """The root has no value in a thousandth of one variable's range."""
    assert is_safe(parse("sqrt((x_0 - 3.1)**2 - 0.000004)"), X) is Safety.UNDEFINED


@pytest.mark.parametrize(
    "text",
    [
        "x_0**3 + x_1*x_2",
        "1/(x_0**2 - x_0 + 1)",  # one variable twice: bounds over the whole box would not do
        "exp(x_0)/(exp(x_0) + 1)",
        "sqrt(1 - x_0**2/26)",
        "sqrt(x_0 - 1)",  # at the edge
        "tan(x_0/4)",
        "1/(x_0 + x_1 - x_2 - x_3 + 8.1)",
        "1/(1 - 1/(x_0 + 1))",
        "asin(sin(x_0))",
        "x_0**(1/3)/log(x_1 + 1)",
        "1/(x_4 - 0.5)",  # only 0 and 1 are meant
        "1/(x_6 + x_7)",  # one of them is 1
    ],
)
def test_what_has_a_value_everywhere_is_proved_to(text):
    assert is_safe(parse(text), X) is Safety.SAFE


@pytest.mark.parametrize(
    "text",
    [
        "(x_0**2 - 4)/(x_0 - 2)",
        "sin(x_0 - 2)/(x_0 - 2)",
        "sqrt(x_0**2 - 2*x_0*x_1 + x_1**2)",
        "exp(-1/(x_0 - 3)**2)",
    ],
)
def test_what_only_looks_like_a_pole_is_not_called_one(text):
    assert not is_safe(parse(text), X).is_wrong


def test_numbers_of_which_more_than_two_occur_are_a_range():
    levels = np.tile([4.0, 6.0, 8.0], 20)[:, None]
    assert is_safe(parse("1/(x_0 - 5)"), levels) is Safety.POLE
    assert is_safe(parse("1/(x_0 - 5)"), levels[levels[:, 0] != 6]) is Safety.SAFE


def test_fronts_are_judged_at_once_as_one_by_one():
    front = [parse(text) for text in ("x_0", "1/(x_0 - 2)", "log(x_1 - 2)", "2.5", "sqrt(x_4)")]
    found = list(safeties(front, X))
    assert found == [is_safe(expression, X) for expression in front]
    assert found == ["safe", "pole", "undefined", "safe", "safe"]


def test_operators_without_an_interval_form_are_judged_by_their_values(registered):
    registered(Operator("rooted", 1, torch.sqrt, lambda a: a))
    assert is_safe(parse("rooted(x_0)"), X) is Safety.UNDECIDED
    assert is_safe(parse("rooted(x_4)"), X) is Safety.UNDECIDED
    assert is_safe(parse("rooted(x_0 - 3)"), X) is Safety.UNDEFINED
