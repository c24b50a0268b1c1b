"""Tapes: which constants are free, which are linear, and agreement with `Expression`."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsr.evaluate.tape import CONSTANT, FIXED_POWER, UNUSED, VARIABLE, compile_tape
from nsr.expressions.expression import Expression
from nsr.expressions.operators import N_BUILTIN, OPERATORS

BUILTIN = tuple(OPERATORS)[:N_BUILTIN]

leaf = st.one_of(
    st.sampled_from(["x_0", "x_3", "C"]),
    st.sampled_from([1.0, 2.0, -0.5, 1 / 3, 0.7, 11.0, -10.0]),
    st.floats(-1e6, 1e6),
).map(lambda token: (token,))


def _grow(children):
    unary = st.tuples(st.sampled_from([n for n in BUILTIN if OPERATORS[n].arity == 1]), children)
    binary = st.tuples(st.sampled_from([n for n in BUILTIN if OPERATORS[n].arity == 2]), children, children)
    return st.one_of(unary, binary).map(lambda parts: (parts[0], *(t for p in parts[1:] for t in p)))


expressions = st.recursive(leaf, _grow, max_leaves=12).map(Expression)


@given(st.lists(expressions, max_size=5))
def test_free_constants_are_those_of_the_expressions(batch):
    tape = compile_tape(batch)
    assert tape.n_constants.tolist() == [len(e.constants) for e in batch]
    for expression, row in zip(batch, tape.constants, strict=True):
        assert row[: len(expression.constants)].tolist() == list(expression.constants)
        assert not row[len(expression.constants) :].any()


@given(expressions)
def test_children_come_before_parents_and_each_has_one(expression):
    tape = compile_tape([expression])
    used = []
    for node in range(len(tape.op)):
        if tape.op[node] >= 0 or tape.op[node] == FIXED_POWER:
            used += sorted({int(tape.left[node]), int(tape.right[node])})
            assert used[-1] < node
    hidden = np.flatnonzero(tape.op == UNUSED).tolist()
    assert sorted(used + hidden) == list(range(len(tape.op) - 1))


@pytest.mark.parametrize(
    ("tokens", "linear"),
    [
        (("mul", "C", "x_0"), [1]),
        (("add", "mul", "C", "sin", "mul", "C", "x_0", "C"), [1, 0, 1]),
        (("neg", "sub", "C", "div", "C", "add", "x_0", "C"), [1, 1, 0]),
        (("mul", "C", "add", "mul", "C", "x_0", "C"), [0, 1, 1]),
        (("mul", "add", "mul", "C", "x_0", "C", "C"), [1, 1, 0]),
        (("exp", "mul", "C", "x_0"), [0]),
        (("square", "C"), [0]),
        (("inv", "C"), [0]),
        (("mul", "x_0", "mul", "x_1", "C"), [1]),
    ],
)
def test_linear_constants_are_found(tokens, linear):
    assert compile_tape([Expression(tokens)]).linear[0].tolist() == [bool(v) for v in linear]


@given(expressions)
def test_values_are_affine_in_the_constants_called_linear(expression):
    tape = compile_tape([expression])
    nodes = np.flatnonzero((tape.op == CONSTANT) & tape.affine)
    assert sorted(tape.arg[nodes].tolist()) == np.flatnonzero(tape.linear[0]).tolist()
    # Every node on the way up from a linear constant is marked too.
    for node in np.flatnonzero(tape.affine).tolist():
        if node == len(tape.op) - 1:
            continue
        parents = [
            p for p in range(len(tape.op))
            if (tape.op[p] >= 0 or tape.op[p] == FIXED_POWER) and node in (tape.left[p], tape.right[p])
        ]  # fmt: skip
        assert all(tape.affine[p] for p in parents)
        assert len(parents) == 1


def test_variables_keep_their_index():
    tape = compile_tape([Expression(("add", "x_0", "x_1234"))])
    assert sorted(tape.arg[tape.op == VARIABLE].tolist()) == [0, 1234]
