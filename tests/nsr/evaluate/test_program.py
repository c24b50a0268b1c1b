"""Values and Jacobians against SymPy, finite differences and, backend against backend, each other."""

import math
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nsr.evaluate.program import Program, split_rows
from nsr.expressions.expression import Expression, variable
from nsr.expressions.operators import N_ELEMENTARY, OPERATORS, Operator
from nsr.expressions.parsing import parse

# The others have jumps or derivatives that SymPy does not print: `test_operators` looks at them.
BUILTIN = tuple(OPERATORS)[:N_ELEMENTARY]
SYMBOLS = sympy.symbols("x_0:3", real=True)
# Inside these bounds every operator is smooth in its argument.
POINTS = np.random.default_rng(0).uniform(0.1, 0.9, (300, 3))

leaves = st.one_of(
    st.sampled_from(["x_0", "x_1", "x_2"]), st.floats(0.2, 3.0).map(lambda v: round(v, 3) + 0.0001)
).map(lambda token: Expression((token,)))


def _grow(children):
    unary = st.tuples(st.sampled_from([n for n in BUILTIN if OPERATORS[n].arity == 1]), children)
    binary = st.tuples(st.sampled_from(["add", "sub", "mul", "div"]), children, children)
    power = st.tuples(st.just("pow"), children, st.sampled_from([-2.0, -0.5, 0.5, 1.5, 3.0, 7.0, 0.7]))
    return st.one_of(unary, binary, power).map(
        lambda parts: Expression((parts[0], *(t for p in parts[1:] for t in getattr(p, "tokens", (p,)))))
    )


expressions = st.recursive(leaves, _grow, max_leaves=8)


def to_sympy(expression):
    token = expression.tokens[0]
    if token in OPERATORS:
        return OPERATORS[token].sympy(*map(to_sympy, expression.children))
    if isinstance(token, str):
        return SYMBOLS[int(token[2:])]
    return sympy.Rational(token) if 2 * token == round(2 * token) else sympy.Float(token, 17)


def assert_close(got, expected, rtol, size=1.0):
    """Close where both are finite and the reference is no larger than 1e8."""
    usable = np.isfinite(got) & np.isfinite(expected) & (np.abs(expected) < 1e8)
    np.testing.assert_allclose(got[usable], expected[usable], rtol=rtol, atol=rtol * size)


@pytest.mark.parametrize("backend", ["compiled", "torch"])
@pytest.mark.parametrize("name", BUILTIN)
def test_each_operator_agrees_with_sympy(name, backend):
    expression = Expression((name, *["x_0", "x_1"][: OPERATORS[name].arity]))
    reference = sympy.lambdify(SYMBOLS, to_sympy(expression), "math")
    expected = [reference(*row) for row in POINTS]
    got = Program([expression], backend=backend).values(POINTS)[0]
    np.testing.assert_allclose(got, expected, rtol=1e-14)


@pytest.mark.parametrize("backend", ["compiled", "torch"])
@pytest.mark.parametrize("name", BUILTIN)
def test_each_operators_derivative_agrees_with_sympy(name, backend):
    # f(c x_0) or f(c x_0, d x_1): derivatives by c and d through every argument.
    symbols = sympy.symbols("c d", positive=True)
    tokens = (("mul", 0.9, "x_0"), ("mul", 0.8, "x_1"))[: OPERATORS[name].arity]
    expression = Expression((name, *(t for part in tokens for t in part)))
    arguments = [c * x for c, x in zip(symbols, SYMBOLS, strict=False)][: OPERATORS[name].arity]
    formula = OPERATORS[name].sympy(*arguments)
    _, got = Program([expression], backend=backend).jacobian(POINTS)
    for k in range(OPERATORS[name].arity):
        derivative = sympy.lambdify((*symbols, *SYMBOLS), formula.diff(symbols[k]), ["numpy"])
        expected = derivative(0.9, 0.8, *POINTS.T) * np.ones(len(POINTS))
        np.testing.assert_allclose(got[0, k], expected, rtol=1e-12)


@pytest.mark.parametrize("exponent", [-10.0, -3.0, -1.5, -0.5, 0.5, 1.0, 1.5, 2.5, 5.0, 10.0, 1 / 3, -2 / 3])
def test_fixed_powers_agree_with_the_standard_library(exponent):
    expression = Expression(("pow", "mul", 1.1, "x_0", exponent))
    got, derivative = Program([expression]).jacobian(POINTS)
    base = 1.1 * POINTS[:, 0]
    np.testing.assert_allclose(got[0], [math.pow(b, exponent) for b in base], rtol=4e-15)
    assert derivative.shape == (1, 1, len(POINTS))
    slope = [exponent * math.pow(b, exponent - 1) for b in base] * POINTS[:, 0]
    np.testing.assert_allclose(derivative[0, 0], slope, rtol=4e-15)


@settings(max_examples=60)
@given(st.lists(expressions, min_size=1, max_size=6))
def test_the_backends_agree_on_random_expressions(batch):
    compiled, tensors = Program(batch, backend="compiled"), Program(batch, backend="torch")
    for table, rtol in ((POINTS, 1e-9), (POINTS.astype(np.float32), 2e-2)):
        values, jacobian = compiled.jacobian(table)
        other_values, other_jacobian = tensors.jacobian(table)
        assert values.dtype == other_values.dtype == jacobian.dtype == table.dtype
        if table.dtype == np.float64:
            assert_close(values, other_values, rtol)
            assert_close(jacobian, other_jacobian, rtol)
        np.testing.assert_array_equal(compiled.values(table), values)


@settings(max_examples=60)
@given(expressions)
def test_values_agree_with_sympy_on_random_expressions(expression):
    got = Program([expression]).values(POINTS[:20])[0]
    formula = to_sympy(expression)
    for row, value in zip(POINTS[:20], got, strict=True):
        if not 1e-6 < abs(value) < 1e6:
            continue
        exact = formula.evalf(30, subs=dict(zip(SYMBOLS, row, strict=True)))
        assert exact.is_real
        assert float(exact) == pytest.approx(value, rel=1e-7)


@settings(max_examples=60)
@given(expressions)
def test_jacobians_agree_with_finite_differences(expression):
    program = Program([expression])
    values, jacobian = program.jacobian(POINTS)
    for k in range(int(program.n_constants[0])):
        step = 1e-5
        above, below = program.constants.copy(), program.constants.copy()
        above[0, k] += step
        below[0, k] -= step
        high, low = program.values(POINTS, above)[0], program.values(POINTS, below)[0]
        near_high = program.values(POINTS, (above + program.constants) / 2)[0]
        near_low = program.values(POINTS, (below + program.constants) / 2)[0]
        # Where halving the step changes the quotient, the function is too curved to judge by it.
        with np.errstate(all="ignore"):
            half = (near_high - near_low) / step
            quotient = (high - low) / (2 * step)
            judged = np.isfinite(quotient) & (np.abs(values[0]) < 1e4) & (np.abs(half - quotient) < 1e-5)
        np.testing.assert_allclose(jacobian[0, k][judged], half[judged], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("backend", ["compiled", "torch"])
def test_rows_choose_their_expression_constants_and_table(backend):
    batch = [Expression(("mul", "C", "x_0")), Expression(("add", "mul", "C", "x_0", "C"))]
    rng = np.random.default_rng(1)
    tables, constants = rng.normal(size=(3, 50, 1)), rng.normal(size=(3, 2))
    program = Program(batch, backend=backend)
    assert program.n_constants.tolist() == [1, 2]
    np.testing.assert_array_equal(program.constants, [[1, 0], [1, 1]])
    got = program.values(tables, constants, np.array([1, 0, 1]))
    lines = [
        constants[0, 0] * tables[0, :, 0] + constants[0, 1],
        constants[1, 0] * tables[1, :, 0],
        constants[2, 0] * tables[2, :, 0] + constants[2, 1],
    ]
    np.testing.assert_allclose(got, lines, rtol=1e-14)
    _, jacobian = program.jacobian(tables[0], constants, np.array([1, 0, 1]))
    np.testing.assert_array_equal(jacobian[1, 1], 0)
    np.testing.assert_array_equal(jacobian[2], [tables[0, :, 0], np.ones(50)])


@pytest.mark.parametrize("backend", ["compiled", "torch"])
def test_outside_the_domain_there_is_nan_or_infinity_and_no_warning(backend):
    X = np.array([[-2.0], [0.0], [1e300]])
    tokens = [
        ("log", "x_0"),
        ("sqrt", "x_0"),
        ("inv", "x_0"),
        ("exp", "x_0"),
        ("asin", "x_0"),
        ("square", "x_0"),
    ]
    values = Program([Expression(t) for t in tokens], backend=backend).values(X)
    assert np.isnan(values[0, 0])
    assert np.isneginf(values[0, 1])
    assert np.isnan(values[1, 0])
    assert np.isposinf(values[2, 1])
    assert np.isposinf(values[3, 2])
    assert np.isnan(values[4, 2])
    assert np.isposinf(values[5, 2])
    powers = [Expression(("pow", "x_0", exponent)) for exponent in (0.7, 1 / 3, 1.5, -1.0)]
    assert np.isnan(Program(powers, backend=backend).values(X)[:3, 0]).all()


def test_a_structural_exponent_is_no_constant_and_another_one_is():
    program = Program([Expression(("pow", "C", 2.0)), Expression(("pow", "x_0", 2.3)), Expression((2.0,))])
    assert program.n_constants.tolist() == [1, 1, 1]
    _, jacobian = program.jacobian(POINTS)
    np.testing.assert_allclose(jacobian[:, 0], [
        np.full(300, 2.0), POINTS[:, 0] ** 2.3 * np.log(POINTS[:, 0]), np.ones(300),
    ], rtol=1e-14)  # fmt: skip


def test_constants_are_numbered_in_reading_order_and_put_back():
    expression = Expression(("add", "mul", 2.5, "x_0", "pow", "add", "x_1", 3.5, 2.0))
    program = Program([expression])
    np.testing.assert_array_equal(program.constants, [expression.constants])
    assert program.expressions_with(np.array([[7.0, 8.0]])) == [expression.with_constants((7.0, 8.0))]


def test_threads_change_nothing():
    batch = [Expression(("sin", "mul", float(k), "x_0")) for k in range(40)]
    np.testing.assert_array_equal(Program(batch).values(POINTS), Program(batch, n_threads=3).values(POINTS))
    covered = []
    split_rows(10, 3, lambda a, b: covered.extend(range(a, b)))
    assert sorted(covered) == list(range(10))


def test_no_expressions_and_high_variables_are_fine():
    assert Program([]).values(POINTS).shape == (0, 300)
    table = np.arange(400.0).reshape(2, 200)
    np.testing.assert_array_equal(Program([variable(150)]).values(table), [[150, 350]])


def test_the_torch_backend_takes_and_returns_tensors():
    program = Program([Expression(("mul", 2.0, "x_0"))], backend="torch")
    values, jacobian = program.jacobian(torch.tensor([[1.5]]))
    assert values.dtype == torch.float32
    assert values.tolist() == [[3.0]]
    assert jacobian.tolist() == [[[1.5]]]
    with pytest.raises(TypeError, match="backend='torch'"):
        Program([variable(0)]).values(torch.ones(2, 1))


def test_a_registered_operator_is_evaluated_through_tensors(registered):
    registered(Operator("softplus_", 1, torch.nn.functional.softplus, lambda a: sympy.log(1 + sympy.exp(a))))
    program = Program([Expression(("softplus_", "mul", 2.0, "x_0")), variable(1)])
    assert program.backend == "torch"
    values, jacobian = program.jacobian(POINTS)
    np.testing.assert_allclose(values[0], np.log1p(np.exp(2 * POINTS[:, 0])), rtol=1e-14)
    np.testing.assert_allclose(jacobian[0, 0], POINTS[:, 0] / (1 + np.exp(-2 * POINTS[:, 0])), rtol=1e-14)
    with pytest.raises(ValueError, match="backend='torch'"):
        Program(program.expressions, backend="compiled")


def test_threads_that_ask_for_different_rows_get_their_own():
    program = Program([Expression(("mul", float(k), "x_0")) for k in range(1, 9)], backend="torch")
    barrier = threading.Barrier(8)

    def work(k):
        barrier.wait()
        index = np.array([k])
        return [program.values(POINTS[:4], index=index)[0] for _ in range(100)]

    with ThreadPoolExecutor(8) as pool:
        for k, found in enumerate(pool.map(work, range(8))):
            np.testing.assert_allclose(found, np.tile((k + 1) * POINTS[:4, 0], (100, 1)), rtol=1e-15)


@pytest.mark.parametrize("backend", ["compiled", "torch"])
@given(used=st.lists(st.integers(0, 9), min_size=1, max_size=4), n_columns=st.integers(0, 6))
def test_a_variable_without_a_column_is_named_and_nothing_is_read_past_the_table(backend, used, n_columns):
    program = Program([variable(i) for i in used], backend=backend)
    table = np.random.default_rng(0).normal(size=(5, n_columns))
    for evaluate in (program.values, program.jacobian):
        if max(used) < n_columns:
            evaluate(table)
        else:
            with pytest.raises(
                ValueError, match=rf"^x_{max(used)} is missing: there are {n_columns} variables"
            ):
                evaluate(table)
    # Rows that do not use it do not need it.
    index = np.flatnonzero(np.array(used) < n_columns)
    if len(index):
        np.testing.assert_array_equal(program.values(table, index=index), table[:, np.array(used)[index]].T)


@pytest.mark.parametrize("backend", ["compiled", "torch"])
@pytest.mark.parametrize(
    ("X", "constants", "index", "message"),
    [
        (np.ones(3), None, None, "X has the shape"),
        (np.ones((3, 5, 2)), None, None, "X has the shape"),
        (np.ones((5, 2)), np.ones((2, 1)), None, "constants must have 2 rows of at least 2"),
        (np.ones((5, 2)), np.ones((1, 2)), None, "constants must have 2 rows"),
        (np.ones((5, 2)), np.ones(2), None, "constants must have 2 rows"),
        (np.ones((5, 2)), None, np.array([0, 2]), "index must be"),
        (np.ones((5, 2)), None, np.array([-1]), "index must be"),
        (np.ones((5, 2)), None, np.array([[0]]), "index must be"),
    ],
)
def test_shapes_that_do_not_go_together_are_refused(backend, X, constants, index, message):
    program = Program([Expression(("mul", 2.0, "add", "x_0", 3.0)), variable(1)], backend=backend)
    for evaluate in (program.values, program.jacobian):
        with pytest.raises(ValueError, match=message):
            evaluate(X, constants, index)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_gpu_agrees_with_the_compiled_interpreter():
    batch = [
        Expression(("mul", 1.5, name, "mul", 0.9, "x_0")) for name in BUILTIN if OPERATORS[name].arity == 1
    ]
    values, jacobian = Program(batch).jacobian(POINTS)
    other_values, other_jacobian = Program(batch, device="cuda").jacobian(POINTS)
    np.testing.assert_allclose(other_values, values, rtol=1e-12)
    np.testing.assert_allclose(other_jacobian, jacobian, rtol=1e-11)


def test_powers_of_zero_do_not_depend_on_their_exponent():
    """The derivative of x^c by c is x^c log(x), whose limit at zero is zero; as PyTorch has it."""
    expression = parse("2.1*x_0**1.4567")
    table = np.array([[0.0], [0.5], [2.0]])
    jacobians = [
        Program([expression], backend=backend).jacobian(table)[1] for backend in ("compiled", "torch")
    ]
    assert_close(*jacobians, 1e-12)
    assert jacobians[0][0, 1, 0] == 0
