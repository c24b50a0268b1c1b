"""The operator table against mpmath, SymPy and pint, and the compiled interpreter against the table."""

import copy
import math
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import mpmath
import numpy as np
import pint
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from nsr.evaluate.interpreter import sweep_address, values_kernel
from nsr.evaluate.program import Program
from nsr.evaluate.tape import compile_tape
from nsr.expressions.dimensions import Quantity, UnitError
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.operators import N_BUILTIN, OPERATORS, Operator, OperatorTable
from nsr.expressions.parsing import parse

BUILTIN = list(OPERATORS.values())[:N_BUILTIN]
UNARY = [operator for operator in BUILTIN if operator.arity == 1]
PIECEWISE = [operator for operator in BUILTIN if operator.group == "piecewise" and operator.name != "abs"]
SMOOTH = [operator for operator in BUILTIN if operator not in PIECEWISE]
# Inside (0.1, 0.9) every operator is smooth in its arguments, but for comparisons of one with another.
POINTS = np.random.default_rng(0).uniform(0.1, 0.9, (3, 40))
# On both sides of 0 and of whole numbers, and none of them.
WIDE = np.random.default_rng(1).uniform(-4, 4, (3, 200))


def named(operators):
    return pytest.mark.parametrize("operator", operators, ids=lambda operator: operator.name)


def exact(operator):
    """The operator computed by mpmath with 30 digits, and its partial derivatives, from the SymPy form."""
    symbols = sympy.symbols("a b c", positive=True)[: operator.arity]
    form = operator.sympy(*symbols)
    return [sympy.lambdify(symbols, f, "mpmath") for f in (form, *(form.diff(symbol) for symbol in symbols))]


@named(SMOOTH)
def test_values_and_derivatives_are_those_of_the_sympy_form(operator):
    arguments = POINTS[: operator.arity]
    with mpmath.workdps(30):
        for function, reference in zip((operator.numpy, *operator.derivatives), exact(operator), strict=True):
            truth = [float(reference(*map(mpmath.mpf, row))) for row in arguments.T]
            np.testing.assert_allclose(function(*arguments), truth, rtol=1e-13)


@named(PIECEWISE)
def test_piecewise_values_are_those_of_the_sympy_form(operator):
    symbols = sympy.symbols("a b c", real=True)[: operator.arity]
    form = operator.sympy(*symbols)
    for row in WIDE[: operator.arity].T.tolist():
        expected = float(form.subs(dict(zip(symbols, row, strict=True))))
        assert operator.numpy(*map(np.float64, row)) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@named(PIECEWISE)
def test_piecewise_derivatives_are_slopes_between_the_jumps(operator):
    arguments, h = WIDE[: operator.arity], 1e-7
    for place, derivative in enumerate(operator.derivatives):
        moved = [[row + (s * h if i == place else 0) for i, row in enumerate(arguments)] for s in (1, -1)]
        slope = (operator.numpy(*moved[0]) - operator.numpy(*moved[1])) / (2 * h)
        np.testing.assert_allclose(derivative(*arguments) + np.zeros(200), slope, atol=1e-6)


@named([operator for operator in BUILTIN if operator.group in ("piecewise", "special")])
@pytest.mark.parametrize("backend", ["compiled", "torch"])
def test_both_backends_compute_them_everywhere(operator, backend):
    scale = 8.0 if operator.group == "special" else 1.0  # both forms of Bessel functions
    leaves = [apply("mul", constant(scale), variable(i)) for i in range(operator.arity)]
    program = Program([apply(operator.name, *leaves)], backend=backend)
    values, jacobian = program.jacobian(WIDE.T)
    inner = scale * WIDE[: operator.arity]
    np.testing.assert_allclose(values[0], operator.numpy(*inner), rtol=1e-12, atol=1e-14)
    for k, derivative in enumerate(operator.derivatives):
        expected = derivative(*inner) * WIDE[k]
        np.testing.assert_allclose(jacobian[0, k], expected, rtol=1e-11, atol=1e-13)


@named([operator for operator in BUILTIN if operator.group in ("piecewise", "special")])
def test_their_intervals_hold_their_values(operator):
    rng = np.random.default_rng(2)
    low = rng.uniform(-4, 4, (operator.arity, 300))
    high = low + rng.uniform(0, 2, low.shape) * rng.integers(0, 2, low.shape)
    bounds = operator.interval(*zip(low, high, strict=True))
    for share in np.linspace(0, 1, 7):
        values = operator.numpy(*(low + share * (high - low)))
        assert np.all(((bounds[0] <= values) & (values <= bounds[1])) | np.isnan(values))


@named(BUILTIN)
def test_the_compiled_interpreter_computes_what_the_table_says(operator):
    """Straight from the kernel, so that no other backend can step in for an operator that it lacks."""
    leaves = [apply("mul", constant(1.5), variable(i)) for i in range(operator.arity)]
    inner = [0.7 * row for row in POINTS[: operator.arity]]
    expression = apply(operator.name, *leaves).with_constants([0.7] * operator.arity)
    tape = compile_tape([expression])
    X = np.ascontiguousarray(POINTS[None])
    values, jacobian = np.full((1, 40), 99.0), np.zeros((1, tape.constants.shape[1], 40))
    values_kernel(
        sweep_address(X.dtype),
        tape.nodes,
        tape.active,
        tape.offsets,
        X,
        tape.constants,
        np.zeros(1, np.int64),
        0,
        1,
        values,
        jacobian,
    )
    np.testing.assert_allclose(values[0], operator.numpy(*inner), rtol=1e-14)
    for k, derivative in enumerate(operator.derivatives):
        np.testing.assert_allclose(jacobian[0, k], derivative(*inner) * POINTS[k], rtol=1e-12)


@named(BUILTIN)
def test_derivatives_are_given_for_every_argument(operator):
    assert len(operator.derivatives) == len(operator.inverses) == operator.arity


@named([operator for operator in BUILTIN if operator.scalar is not None])
def test_constants_are_folded_to_what_is_computed(operator):
    for row in POINTS[: operator.arity].T:
        assert operator.scalar(*row) == pytest.approx(operator.numpy(*row), rel=1e-15)


@named(UNARY)
def test_parity_is_that_of_the_sympy_form(operator):
    x = sympy.Symbol("x", real=True)
    plus, minus = operator.sympy(x), operator.sympy(-x)
    is_odd, is_even = (sympy.simplify(minus + s * plus) == 0 for s in (1, -1))
    assert operator.parity == ("odd" if is_odd else "even" if is_even else None)


@named(UNARY)
def test_values_are_finite_inside_the_domain_and_nan_outside(operator):
    low, high = operator.domain
    inside = np.random.default_rng(0).uniform(max(low, -9), min(high, 9), 200)
    with np.errstate(invalid="ignore"):
        assert np.isfinite(operator.numpy(inside)).all()
        for edge, step in ((low, -1e-9), (high, 1e-9)):
            if np.isfinite(edge):
                assert np.isnan(operator.numpy(np.array(edge + step)))
        values = operator.numpy(inside)
    assert not operator.is_nonnegative or values.min() >= 0


@named([operator for operator in UNARY if operator.inverse is not None])
def test_an_operator_of_its_inverse_leaves_what_it_was(operator):
    values = operator.numpy(POINTS[0])
    inverse = OPERATORS[operator.inverse]
    np.testing.assert_allclose(inverse.numpy(values), POINTS[0], rtol=1e-12)


@named(BUILTIN)
def test_inverses_find_the_argument_near_the_present_one(operator):
    arguments = POINTS[: operator.arity] + (0 if operator.domain[1] == 1 else 1.0)
    wanted = operator.numpy(*arguments)
    for side, inverse in enumerate(operator.inverses):
        now = [row + (1e-6 if place == side else 0) for place, row in enumerate(arguments)]
        with np.errstate(all="ignore"):
            found = inverse(wanted, *now)
        if operator in PIECEWISE:  # many arguments have one value
            now[side] = found
            known = np.isfinite(found)
            np.testing.assert_allclose(operator.numpy(*now)[known], wanted[known], rtol=1e-9, atol=1e-12)
        else:
            np.testing.assert_allclose(found, arguments[side], rtol=1e-9)


@named([operator for operator in BUILTIN if operator.weights or operator.exponents])
def test_weights_and_exponents_describe_the_operator(operator):
    symbols = sympy.symbols("a b", positive=True)[: operator.arity]
    described = sum(sympy.nsimplify(w) * s for w, s in zip(operator.weights, symbols, strict=False))
    if operator.exponents:
        factors = zip(operator.exponents, symbols, strict=True)
        described = sympy.prod(s ** sympy.nsimplify(e) for e, s in factors)
    assert sympy.simplify(described - operator.sympy(*symbols)) == 0


@pytest.fixture(scope="module")
def registry():
    return pint.UnitRegistry()


# What pint has no opinion on are special functions, remainders, and whether a condition may have a unit.
@named([o for o in BUILTIN if o.group != "special" and o.name not in ("mod", "where")])
@pytest.mark.parametrize("units", [("m", "m", "m"), ("m", "s", "m"), ("m", "1", "s"), ("1", "1", "1")])
def test_units_are_those_of_pint(operator, units, registry):
    arguments = [registry.Quantity(0.5, unit) for unit in units[: operator.arity]]
    dimensions = {"m": np.array([1.0, 0.0]), "s": np.array([0.0, 1.0]), "1": np.zeros(2)}
    ours = [Quantity(dimensions[unit]) for unit in units[: operator.arity]]
    if operator.name == "pow":
        arguments[1], ours[1] = 2.5, Quantity(dimensions["1"], 2.5)
    try:
        expected = operator.numpy(*arguments)
    except pint.DimensionalityError:
        with pytest.raises(UnitError):
            operator.dimension(ours)
        return
    # pint gives angles the unit rad, which has no dimension.
    found = getattr(expected, "dimensionality", {})
    exact_dimension = [found.get("[length]", 0), found.get("[time]", 0)]
    np.testing.assert_allclose(operator.dimension(ours) + np.zeros(2), exact_dimension)


def test_the_table_needs_neither_torch_nor_sympy_to_be_read():
    code = (
        "import sys; from nsr.expressions import parsing, printing, simplify;"
        "printing.to_infix(simplify.simplify(parsing.parse('sin(x_0) + 1 + 1')));"
        "sys.exit(any(name in sys.modules for name in ('torch', 'sympy', 'pint')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def halved(name):
    return Operator(name, 1, lambda a: a / 2, lambda a: a / 2)


@pytest.mark.parametrize("name", ["sin", "ln", "C", "x_3", "E5"])
def test_a_name_that_means_something_is_refused(name, registered):
    with pytest.raises(ValueError, match=r"exists already|another meaning"):
        registered(halved(name))


def test_descriptions_that_cannot_be_are_refused(registered):
    with pytest.raises(ValueError, match="give as many inverses"):
        Operator("twice", 1, abs, abs, inverses=(abs, abs))
    with pytest.raises(ValueError, match="parity"):
        Operator("twice", 2, abs, abs, parity="odd")
    with pytest.raises(ValueError, match="symbol"):
        registered(Operator("twice", 2, abs, abs, symbol="%"))
    with pytest.raises(ValueError, match="systems"):
        registered(Operator("twice", 1, abs, abs, varied=True))


def test_operators_are_copied_and_pickled_by_name():
    assert copy.deepcopy(OPERATORS["sin"]) is OPERATORS["sin"]
    assert pickle.loads(pickle.dumps(OPERATORS["cosh"])) is OPERATORS["cosh"]
    program = pickle.loads(pickle.dumps(Program([Expression(("sin", "x_0"))])))
    np.testing.assert_allclose(program.values(POINTS.T)[0], np.sin(POINTS[0]))


def test_what_was_read_stays_while_others_register():
    table = OperatorTable(BUILTIN)
    before = iter(table)
    next(before)
    table.register(halved("later"))
    assert list(before) == [operator.name for operator in BUILTIN][1:]
    assert list(table)[-1] == "later"


def test_one_of_many_threads_gets_a_name(registered):
    barrier = threading.Barrier(16)

    def attempt(_):
        barrier.wait()
        try:
            registered(halved("wanted_by_all"))
        except ValueError:
            return 0
        return 1

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(16))) == 1


def test_threads_register_parse_and_evaluate_at_once(registered):
    """Each thread's own operator, and variables that no other has met, have the right values."""
    barrier = threading.Barrier(12)

    def work(k):
        barrier.wait()
        found = []
        for repeat in range(5):
            name, column = f"divided_{k}_{repeat}", 500 + 12 * repeat + k
            registered(Operator(name, 1, lambda a: a / (k + 1), lambda a: a / (k + 1)))
            expressions = [parse(f"{name}(x_0) + 1"), variable(column), parse("sin(x_0)")]
            found.append((column, Program(expressions).values(np.arange(600.0)[None] + 1)[:, 0]))
        return found

    with ThreadPoolExecutor(12) as pool:
        for k, found in enumerate(pool.map(work, range(12))):
            for column, values in found:
                np.testing.assert_allclose(values, [1 / (k + 1) + 1, column + 1, math.sin(1)], rtol=1e-15)


@given(st.sampled_from(BUILTIN))
def test_every_alias_reads_as_its_operator(operator):
    arguments = ", ".join(f"x_{i}" for i in range(operator.arity))
    for word in (operator.name, *operator.aliases):
        assert parse(f"{word}({arguments})").tokens[0] == operator.name
