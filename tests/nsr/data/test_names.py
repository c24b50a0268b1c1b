import keyword

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsr.data.names import Names, identifier, with_text_names
from nsr.expressions.expression import Expression
from nsr.expressions.parsing import parse
from nsr.expressions.printing import to_infix
from nsr.expressions.sympy_form import from_sympy, to_sympy

# What headers look like when nobody thought of equations.
AWKWARD = st.sampled_from(
    [
        "m²",
        "m2",
        "H₂O",
        "flow [/min]",
        "Flow rate [m3/h]",
        "y",
        "y ",
        " y",
        "",
        "lambda",
        "e",
        "pi",
        "sin",
        "x_0",
    ]
)


@given(st.lists(AWKWARD | st.text(max_size=100), min_size=1, max_size=8))
def test_identifiers_are_different_words_that_equations_are_read_back_from(columns):
    names = Names.of(columns)
    assert names.columns == tuple(columns)
    assert len(set(names.identifiers)) == len(columns)
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in names.identifiers)
    variables = [f"x_{i}" for i in range(len(columns))]
    total = Expression((*["add"] * (len(columns) - 1), *variables))
    assert parse(to_infix(total, names.identifiers), names.identifiers).variables == total.variables
    assert from_sympy(to_sympy(total, names.identifiers), names.identifiers).variables == total.variables


@given(st.lists(AWKWARD | st.text(max_size=100), min_size=1, max_size=8))
def test_identifiers_do_not_change_again(columns):
    identifiers = Names.of(columns).identifiers
    assert Names.of(identifiers).identifiers == identifiers


@given(st.lists(AWKWARD | st.text(max_size=20), min_size=1, max_size=8, unique=True))
def test_every_column_is_found_by_both_its_names(columns):
    names = Names.of(columns)
    assert [names.place(column) for column in columns] == list(range(len(columns)))
    unshadowed = [name for name in names.identifiers if name not in columns]
    assert [names.identifiers[names.place(name)] for name in unshadowed] == unshadowed


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("mass", "mass"), ("m²", "m2"), ("H₂O", "H2O"), ("flow [/min]", "flow_min"), ("2nd", "x_2nd"),
        ("e", "e_"), ("sin", "sin_"), ("if", "if_"), ("🙂", "x"), (7, "x_7"), (("a", "b"), "a_b"),
    ],
)  # fmt: skip
def test_identifiers_are_near_to_the_name(column, expected):
    assert Names.of([column]).identifiers == (expected,)


def test_columns_that_are_words_keep_their_names_wherever_they_stand():
    assert Names.of(["m²", "x_1", "m2", "x_0"]).identifiers == ("m2_2", "x_1", "m2", "x_0")


def test_what_changed_is_listed():
    assert Names.of(["a", "b c", "b_c"]).changed == [("b c", "b_c_2")]


def test_unknown_and_repeated_names_are_refused():
    names = Names.of(["height", "y", "y", "a b", "a b"])
    with pytest.raises(ValueError, match="did you mean 'height'"):
        names.place("hieght")
    with pytest.raises(ValueError, match="2 columns have the name 'a b'"):
        names.place("a b")
    assert [names.place(name) for name in ("y", "y_2", "a_b", "a_b_2")] == [1, 2, 3, 4]


def test_very_long_names_leave_room_for_an_equation():
    assert len(identifier("length of the pipe in the cellar " * 100)) <= 64


def test_arrays_have_numbered_names_and_mixed_frames_names_of_text():
    assert Names.of_table(np.ones((2, 3))).columns == ("x_0", "x_1", "x_2")
    mixed = pd.DataFrame(np.ones((2, 2)), columns=["a", 1])
    assert list(with_text_names(mixed).columns) == ["a", "x_1"]
    assert list(with_text_names(mixed[["a", "a"]]).columns) == ["a", "a_2"]
    assert list(with_text_names(mixed[["a"]]).columns) == ["a"]


def test_another_order_of_columns_is_refused():
    names = Names.of([0, 1])
    names.check_order(pd.DataFrame(np.ones((2, 2))))
    names.check_order(np.ones((2, 2)))
    with pytest.raises(ValueError, match="another order"):
        names.check_order(pd.DataFrame(np.ones((2, 2)), columns=[1, 0]))
