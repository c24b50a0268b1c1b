"""All small forms, and no function twice."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsr.evaluate.program import Program
from nsr.expressions.canonical import form_key
from nsr.expressions.expression import PLACEHOLDER, Expression, apply, variable
from nsr.search.enumeration.forms import forms_of_size, has_scale_or_offset

FUNCTIONS = ("inv", "exp", "log", "sqrt", "square", "sin", "tanh")
UNKNOWN = Expression((PLACEHOLDER,))


def key(form: Expression) -> object:
    """The same for forms that are the same but for their constants."""
    values = iter((1.37, 2.83))
    return form_key(Expression(tuple(next(values) if t == PLACEHOLDER else t for t in form.tokens)))


@cache
def known() -> set[object]:
    return {key(one) for size in range(1, 6) for one in forms_of_size(2, size, FUNCTIONS)}


def drawn(n_variables: int, size: int) -> st.SearchStrategy[Expression]:
    """Any expression of that many symbols, functions of functions among them."""
    leaves = st.sampled_from([*(variable(i) for i in range(n_variables)), UNKNOWN])
    if size == 1:
        return leaves
    inner = drawn(n_variables, size - 1)
    options = [st.builds(apply, st.sampled_from(FUNCTIONS), inner)]
    for left in range(1, size - 1):
        names = st.sampled_from(("add", "sub", "mul", "div"))
        options.append(st.builds(apply, names, drawn(n_variables, left), drawn(n_variables, size - 1 - left)))
    return st.one_of(options)


def is_plain_enough(form: Expression) -> bool:
    """Whether there are at most two constants and no transcendental function of another one."""
    deep = {"exp", "log", "sin", "tanh"}

    def nested(node: Expression, is_inside: bool) -> bool:
        own = node.tokens[0] in deep
        return (own and is_inside) or any(nested(child, is_inside or own) for child in node.children)

    return form.tokens.count(PLACEHOLDER) <= 2 and not nested(form, False)


@given(drawn(2, 5).filter(is_plain_enough))
def test_none_is_missing(form):
    if not form.variables:
        return
    assert key(form) in known()


@pytest.mark.parametrize("n_variables", [1, 2])
def test_hardly_a_function_comes_twice(n_variables):
    """But where only the sign of what a root is taken of would tell them apart."""
    forms = [
        form
        for size in range(1, 5)
        for form in forms_of_size(n_variables, size, FUNCTIONS)
        if PLACEHOLDER not in form.tokens
    ]
    X = np.random.default_rng(0).uniform(0.5, 2.0, (64, n_variables))
    values = Program(forms).values(X)
    finite = values[np.all(np.isfinite(values), axis=1)]
    rounded = {tuple(np.round(row, 9)) for row in finite}
    assert len(rounded) > 0.9 * len(finite) > 50


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("add x_0 C", True),
        ("mul C x_0", True),
        ("neg x_0", True),
        ("add x_0 log x_0", False),
        ("log x_0", False),
    ],
)
def test_scale_and_offset_are_seen(text, expected):
    tokens = tuple(text.split())
    assert has_scale_or_offset(Expression(tokens)) is expected


def test_a_function_laws_seldom_have_counts_twice():
    names = ("exp", "cosh")
    by_size = {form: size for size in (1, 2, 3) for form in forms_of_size(1, size, names)}
    assert by_size[apply("exp", variable(0))] == 2
    assert by_size[apply("cosh", variable(0))] == 3
