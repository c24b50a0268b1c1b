"""Limits in the names of users' columns."""

import pytest

from nsr.data.limits import read_limits
from nsr.data.limits_in_text import limits_in_text
from nsr.data.names import Names
from nsr.expressions.parsing import parse

NAMES = Names.of(["mass [kg]", "speed", "time"])


def test_columns_go_by_the_users_names_and_keep_them_when_others_are_left_out():
    limits = read_limits(
        NAMES, required=["speed"], forbidden="mass [kg]", complexity={"speed": 2, "^": 5, "constant": 0.5}
    )
    assert limits.forbidden == {0}
    space = limits.over([1, 2], NAMES)
    assert space.required == {0}
    assert space.complexity(parse("3*x_0**x_1")) == 0.5 + 1 + 2 + 5 + 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"required": ["sped"]}, "required: there is no column 'sped'; did you mean 'speed'"),
        ({"required": ["speed"], "forbidden": ["speed"]}, "both required and forbidden"),
        ({"forbidden": ["mass [kg]", "speed", "time"]}, "all columns are forbidden"),
        ({"complexity": {"spead": 2}}, "complexity: 'spead' is not known; did you mean 'speed'"),
        ({"complexity": {"sin": -1}}, "complexity of 'sin' must be a number of at least 0"),
        ({"max_complexity": 0}, "max_complexity must be a number of at least 1, not 0"),
        ({"max_depth": 2.5}, "max_depth must be a whole number of at least 1"),
        ({"max_constants": True}, "max_constants must be a whole number"),
        ({"exponents": [2, "a"]}, "exponents must be finite numbers"),
        ({"nesting": {"exp": 0}}, "nesting of 'exp' is a mapping"),
        ({"nesting": {"exp": {"sinh ": -1}}}, "nesting of 'sinh ' in 'exp' must be a whole number"),
        ({"max_argument": 5}, "max_argument is a mapping such as"),
        ({"max_argument": {"/": 5}}, "'/' has no arguments of its own"),
        ({"max_argument": {"exp": 0}}, "max_argument of 'exp' must be a number of at least 1"),
        ({"constant_bounds": (3, 3)}, "the first one must be less"),
        ({"constant_bounds": 3}, "must be two numbers"),
    ],
)
def test_what_makes_no_sense_is_told_in_a_line(wrong, message):
    with pytest.raises(ValueError, match=message):
        read_limits(NAMES, **wrong)


def test_a_required_column_that_is_left_out_is_told():
    with pytest.raises(ValueError, match="required=\\['time'\\]: what is constant"):
        read_limits(NAMES, required=["time"]).over([0, 1], NAMES)


def test_text_of_a_command_line():
    read = limits_in_text(
        operators="arithmetic, exp",
        max_depth=3,
        complexity="sin=3,mass [kg]=2",
        nesting="exp(exp)=0, exp(sin)=1",
        max_argument="exp=5,sin=3",
        exponents="-2,0.5",
        constant_bounds="-10,10",
        required=None,
    )
    assert read == {
        "operators": ["arithmetic", "exp"],
        "max_depth": 3,
        "complexity": {"sin": 3, "mass [kg]": 2},
        "nesting": {"exp": {"exp": 0, "sin": 1}},
        "max_argument": {"exp": 5, "sin": 3},
        "exponents": (-2, 0.5),
        "constant_bounds": (-10, 10),
    }


@pytest.mark.parametrize("text", [{"nesting": "exp=0"}, {"complexity": "sin"}, {"exponents": "2;3"}])
def test_text_that_cannot_be_read(text):
    with pytest.raises(ValueError, match="as in"):
        limits_in_text(**text)
